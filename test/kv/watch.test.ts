import { describe, expect, test } from 'vitest'
import type { KeyValueChange, KeyValueWatcher } from '../../src/kv/index.ts'
import { Clock } from '../core/harness.ts'
import { tempStore } from '../support/store.ts'
import { connect, entries, harness, until } from './harness.ts'

const h = harness()

/** The next changes, which have to come. */
async function take<K, V>(watcher: KeyValueWatcher<K, V>, count: number): Promise<KeyValueChange<K, V>[]> {
  const changes: KeyValueChange<K, V>[] = []
  while (changes.length < count) {
    const { done, value } = await watcher.next()
    if (done) throw new Error(`it ended after ${changes.length}`)
    changes.push(value)
  }
  return changes
}

describe('watch', () => {
  test('tells what is new and what was before, in its range only', async () => {
    const kv = await h.open<string, number>()
    await kv.put('a', 0)
    const watcher = kv.watch({ lt: 'm' })
    let step = take(watcher, 1)
    await kv.put('a', 1)
    expect(await step).toEqual([{ type: 'put', key: 'a', value: 1, previous: 0 }])
    step = take(watcher, 1)
    await kv.put('a', 1)
    await kv.put('z', 1)
    await kv.del('nothing')
    await kv.put('b', 2)
    expect(await step).toEqual([{ type: 'put', key: 'b', value: 2, previous: null }])
    step = take(watcher, 2)
    await kv.batch([
      { type: 'del', key: 'a' },
      { type: 'put', key: 'b', value: 3 }
    ])
    expect(await step).toEqual([
      { type: 'del', key: 'a', value: null, previous: 1 },
      { type: 'put', key: 'b', value: 3, previous: 2 }
    ])
    await watcher.close()
    expect([watcher.closed, await watcher.next()]).toEqual([true, { done: true, value: undefined }])
  })

  test('a prefix is watched', async () => {
    const kv = await h.open<string, number>()
    const watcher = kv.watch({ prefix: 'user/' })
    await kv.put('group/1', 1)
    await kv.put('user/1', 1)
    await kv.put('user0', 1)
    expect((await take(watcher, 1))[0]?.key).toBe('user/1')
    await kv.del('user/1')
    expect((await take(watcher, 1))[0]).toEqual({ type: 'del', key: 'user/1', value: null, previous: 1 })
    await watcher.close()
  })

  test('who reads slowly gets one difference for many changes, and no more is kept', async () => {
    const kv = await h.open<string, number>()
    await kv.put('gone', 1)
    const watcher = kv.watch()
    for (let i = 0; i < 50; i++) await kv.put('a', i)
    await kv.put('brief', 1)
    await kv.del('brief')
    await kv.del('gone')
    expect(await take(watcher, 2)).toEqual([
      { type: 'put', key: 'a', value: 49, previous: null },
      { type: 'del', key: 'gone', value: null, previous: 1 }
    ])
    await kv.put('b', 1)
    expect((await take(watcher, 1))[0]?.key).toBe('b')
    await watcher.close()
  })

  test('changes made while a step is read come with the next one', async () => {
    const kv = await h.open<string, number>()
    const watcher = kv.watch()
    await kv.batch([1, 2, 3].map(i => ({ type: 'put', key: `k${i}`, value: 1 })))
    expect((await take(watcher, 1))[0]?.key).toBe('k1')
    await kv.batch([1, 2, 3].map(i => ({ type: 'put', key: `k${i}`, value: 2 })))
    const rest = (await take(watcher, 5)).map(change => [change.key, change.value, change.previous])
    expect(rest).toEqual([
      ['k2', 1, null],
      ['k3', 1, null],
      ['k1', 2, 1],
      ['k2', 2, 1],
      ['k3', 2, 1]
    ])
    await watcher.close()
  })

  test('several watch at once; one that is left ends alone', async () => {
    const kv = await h.open<string, number>()
    const all = Array.from({ length: 15 }, () => kv.watch())
    const steps = all.map(watcher => take(watcher, 1))
    await kv.put('a', 1)
    for (const step of steps) expect((await step)[0]?.key).toBe('a')
    const [left, ...others] = all
    await kv.put('b', 1)
    for await (const { key } of left as KeyValueWatcher<string, number>) {
      expect(key).toBe('b')
      break
    }
    expect(left?.closed).toBe(true)
    for (const other of others) expect((await take(other, 1))[0]?.key).toBe('b')
    await Promise.all(others.map(watcher => watcher.close()))
    expect(kv.db.listenerCount('update')).toBe(0)
  })

  test('ends when the database closes, also in the middle of a step', async () => {
    const kv = await h.open<string, number>()
    const waiting = kv.watch()
    const end = waiting.next()
    const reading = kv.watch()
    const unread = kv.watch()
    await kv.batch(Array.from({ length: 2000 }, (_, i) => ({ type: 'put', key: `k${i}`, value: i })))
    expect((await end).done).toBe(false)
    await take(reading, 1)
    await kv.close()
    const left = async (watcher: KeyValueWatcher<string, number>) => {
      let count = 0
      for await (const _ of watcher) count++
      return count
    }
    expect([await left(waiting), await left(reading), await left(unread)]).toEqual([0, 0, 0])
    expect([waiting.closed, reading.closed, unread.closed]).toEqual([true, true, true])
  })

  test('goes on when the database opens anew underneath, in the middle of a step', async () => {
    const kv = await h.open<string, number>()
    const other = await tempStore()
    const keyPair = await other.store.createKeyPair('other')
    await other.close()
    const watcher = kv.watch()
    await kv.batch(Array.from({ length: 2000 }, (_, i) => ({ type: 'put', key: `k${i}`, value: i })))
    const seen = new Map((await take(watcher, 1)).map(({ key, value }) => [key, value]))
    await kv.db.setLocal(keyPair)
    await kv.db.setLocal(kv.key as Uint8Array)
    await kv.put('last', 1)
    while (!seen.has('last')) for (const { key, value } of await take(watcher, 1)) seen.set(key, value)
    while (seen.size < 2001) for (const { key, value } of await take(watcher, 1)) seen.set(key, value)
    expect([...seen].sort()).toEqual((await entries(kv)).sort())
    await watcher.close()
  })
})

describe('watching a merge', () => {
  test('what the other peer wrote is told, one change a key, whatever came in between', async () => {
    const [a, b, cut] = await h.pair<string, string>()
    await a.put('both', 'before')
    await until(async () => (await b.get('both')) === 'before')
    await cut()
    const watcher = a.watch()
    for (let i = 0; i < 20; i++) await b.put(`b${i}`, 'of b')
    await b.del('both')
    connect(a, b)
    const seen = new Map<string, string | null>()
    while (seen.size < 21) for (const { key, value } of await take(watcher, 1)) seen.set(key, value)
    expect(seen.get('both')).toBe(null)
    await watcher.close()
  })

  test('a reorganisation that takes away what was here is told: the writer had been removed before', async () => {
    const clock = new Clock()
    const [a, b, cut] = await h.pair<string, string>({ now: clock.now })
    await a.put('shared', 'old')
    await until(async () => (await b.get('shared')) === 'old')
    await cut()
    clock.ms += 1000
    await a.removeWriter(b.local.id)
    await a.put('shared', 'of a')
    clock.ms += 1000
    await b.batch([
      { type: 'put', key: 'shared', value: 'of b' },
      { type: 'put', key: 'own', value: 'of b' }
    ])
    const watcher = b.watch()
    const reorgs: { undone: number }[] = []
    b.on('reorg', reorg => reorgs.push(reorg))
    connect(a, b)
    expect(await take(watcher, 2)).toEqual([
      { type: 'del', key: 'own', value: null, previous: 'of b' },
      { type: 'put', key: 'shared', value: 'of a', previous: 'of b' }
    ])
    expect(reorgs).toMatchObject([{ undone: 1 }])
    expect(b.writable).toBe(false)
    await expect(b.put('own', 'again')).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
    expect(await entries(b)).toEqual([['shared', 'of a']])
    expect(await entries(a)).toEqual([['shared', 'of a']])
    await watcher.close()
  })
})
