import b4a from 'b4a'
import { describe, expect, test } from 'vitest'
import type { WriterInfo } from '../../src/index.ts'
import type { KeyValue } from '../../src/kv/index.ts'
import { Clock } from '../core/harness.ts'
import { agreed, connect, entries, harness, until } from './harness.ts'

const h = harness()

function roles(kv: KeyValue<string, never>): Record<string, string> {
  const role = ({ isRemoved, isIndexer }: WriterInfo) =>
    isRemoved ? 'removed' : isIndexer ? 'indexer' : 'writer'
  return Object.fromEntries([...kv.writers].map(writer => [b4a.toString(writer.key, 'hex'), role(writer)]))
}

describe('peers', () => {
  test('a newcomer reads, may not write before it is added, and says so', async () => {
    const a = await h.open<string, number>()
    const b = await h.open<string, number>(a.id)
    await expect(b.put('early', 1)).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
    await expect(b.addWriter(b.local.id)).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
    connect(a, b)
    await a.put('a', 1)
    await until(async () => (await b.get('a')) === 1)
    expect([b.writable, b.local.length]).toEqual([false, 0])
    let told = 0
    b.on('writable', () => told++)
    await a.addWriter(b.local.id)
    await until(() => b.writable)
    await b.put('b', 2)
    await until(async () => (await a.get('b')) === 2)
    expect(told).toBe(1)
    expect(await entries(a)).toEqual(await entries(b))
  })

  test('three peers that were apart come to the same, and nothing of different keys is lost', async () => {
    const [a, b, cut] = await h.pair<string, string>()
    const c = await h.open<string, string>(a.key)
    const cutC = connect(b, c)
    await b.addWriter(c.local.id, { isIndexer: false })
    await until(() => c.writable)
    await cut()
    await cutC()
    const peers = { a, b, c }
    await Promise.all(
      Object.entries(peers).map(async ([name, kv]) => {
        for (let i = 0; i < 20; i++) await kv.put(`${name}${i}`, name)
        await kv.batch([
          { type: 'put', key: 'shared', value: name },
          { type: 'put', key: 'shared too', value: name },
          { type: 'del', key: `${name}0` }
        ])
      })
    )
    connect(a, b)
    connect(b, c)
    await until(async () => (await entries(a)).length === 59)
    const all = Object.fromEntries(await agreed(a, b, c))
    expect(Object.keys(all)).toHaveLength(59)
    expect(all['shared too']).toBe(all.shared)
    expect([all.a0, all.b0, all.c0]).toEqual([undefined, undefined, undefined])
    for (const kv of [a, b, c])
      expect(Object.values(roles(kv as never)).sort()).toEqual(['indexer', 'indexer', 'writer'])
  })

  test('of what was written to one key at the same time the later one wins, on every peer', async () => {
    const clock = new Clock()
    const [a, b, cut] = await h.pair<string, string>({ now: clock.now })
    await cut()
    clock.ms += 1000
    await b.put('k', 'earlier')
    await b.put('gone', 'earlier')
    clock.ms += 1000
    await a.put('k', 'later')
    await a.del('gone')
    connect(a, b)
    await until(async () => (await b.get('k')) === 'later')
    expect(await agreed(a, b)).toEqual([['k', 'later']])
  })

  test('they agree after a restart, encrypted too', async () => {
    const options = { encryptionKey: b4a.alloc(32, 3) }
    const stores = [await h.store(), await h.store()] as const
    const a = await h.open<string, number>(null, { store: stores[0], ...options })
    const b = await h.open<string, number>(a.key, { store: stores[1], ...options })
    const cut = connect(a, b)
    await a.addWriter(b.local.id)
    await until(() => b.writable)
    await cut()
    await a.put('a', 1)
    await b.put('b', 2)
    const { key } = a
    await a.close()
    await b.close()
    const a2 = await h.open<string, number>(null, { store: stores[0], ...options })
    const b2 = await h.open<string, number>(key, { store: stores[1], ...options })
    expect(await entries(b2)).toEqual([['b', 2]])
    await b2.put('c', 3)
    connect(a2, b2)
    await until(async () => (await entries(a2)).length === 3)
    expect(await agreed(a2, b2)).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 3]
    ])
  })
})

describe('writers', () => {
  test('one that was removed may no longer write; what it wrote stays, and it can be let in again', async () => {
    const [a, b] = await h.pair<string, string>()
    await b.put('before', 'of b')
    await until(() => a.has('before'))
    let told = 0
    b.on('unwritable', () => told++)
    await a.removeWriter(b.local.id)
    await until(() => !b.writable)
    await expect(b.put('after', 'of b')).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
    await expect(b.removeWriter(a.local.id)).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
    expect([told, await agreed(a, b)]).toEqual([1, [['before', 'of b']]])
    await a.addWriter(b.local.id, { isIndexer: false })
    await until(() => b.writable)
    await b.put('again', 'of b')
    await until(() => a.has('again'))
    expect(Object.values(roles(a as never)).sort()).toEqual(['indexer', 'writer'])
  })

  test('nobody can remove itself: not alone, not beside others', async () => {
    const [a, b] = await h.pair<string, string>()
    for (const kv of [a, b]) {
      const length = kv.local.length
      for (const key of [kv.local.key, kv.local.id]) {
        await expect(kv.removeWriter(key)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      }
      expect(kv.local.length).toBe(length)
    }
  })

  test('two that remove each other at the same time: one of them stays, the same on both', async () => {
    const clock = new Clock()
    const [a, b, cut] = await h.pair<string, string>({ now: clock.now })
    await cut()
    clock.ms += 1000
    await b.removeWriter(a.local.id)
    clock.ms += 1000
    await a.removeWriter(b.local.id)
    await a.put('a', 'lost with its writer')
    connect(a, b)
    await until(() => !a.writable)
    await b.put('b', 'here')
    await until(() => a.has('b'))
    expect(await agreed(a, b)).toEqual([['b', 'here']])
    expect(roles(a as never)).toEqual(roles(b as never))
  })

  test('the last indexer may become an ordinary writer; the database can still be written to, and get indexers', async () => {
    const [a, b] = await h.pair<string, number>()
    await a.addWriter(b.local.id, { isIndexer: false })
    await a.addWriter(a.local.id, { isIndexer: false })
    expect([a.writable, a.isIndexer]).toEqual([true, false])
    await a.put('a', 1)
    await until(() => b.has('a'))
    await b.put('b', 2)
    await until(() => a.has('b'))
    await b.addWriter(b.local.id)
    await until(() => b.isIndexer)
    await a.put('c', 3)
    await until(() => b.has('c'))
    expect(await agreed(a, b)).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 3]
    ])
  })

  test('the first writer can be removed by another one, and the database goes on', async () => {
    const [a, b] = await h.pair<string, number>()
    await b.removeWriter(a.local.id)
    await until(() => !a.writable)
    await b.put('b', 1)
    await until(() => a.has('b'))
    const c = await h.open<string, number>(a.key)
    connect(b, c)
    await b.addWriter(c.local.key)
    await until(() => c.writable)
    await c.put('c', 2)
    await until(() => a.has('c'))
    expect(await agreed(a, b, c)).toEqual([
      ['b', 1],
      ['c', 2]
    ])
  })
})
