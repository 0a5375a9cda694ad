import b4a from 'b4a'
import type Hypercore from 'hypercore'
import { describe, expect, test } from 'vitest'
import { KeyValue } from '../../src/kv/index.ts'
import { publish } from '../../src/publish/index.ts'
import { op } from '../support/peers.ts'
import { connect, contents, expectFollowed, Hyperbee1, harness, storedOf, textsOf, until } from './harness.ts'

const h = harness()

describe('a reader with the hyperbee package', () => {
  test('sees the merged view by one key, and each change', async () => {
    const db = await h.open()
    await db.append(op({ put: { a: 1, b: 2 } }))
    const published = h.publish(db)
    await published.ready()
    const reader = await h.reader(published.key as Uint8Array)
    reader.follow(db.store)
    await expectFollowed(reader, published, db)
    expect(await textsOf(reader.bee)).toEqual({ a: '1', b: '2' })
    await db.append(op({ put: { a: 3, c: 4 }, del: ['b'] }))
    await expectFollowed(reader, published, db)
    expect(b4a.toString((await reader.bee.get(b4a.from('a')))?.value as Uint8Array)).toBe('3')
    expect(await reader.bee.get(b4a.from('b'))).toBe(null)
    const history = []
    for await (const { type, key } of reader.bee.createHistoryStream())
      history.push([type, b4a.toString(key)])
    expect(history).toEqual([
      ['put', 'a'],
      ['put', 'b'],
      ['put', 'a'],
      ['del', 'b'],
      ['put', 'c']
    ])
  })

  test('watches ranges and entries, and looks back', async () => {
    const db = await h.open()
    await db.append(op({ put: { a: 1, b: 1 } }))
    const published = await h.published(db)
    const reader = await h.reader(published.key as Uint8Array)
    reader.follow(db)
    await expectFollowed(reader, published, db)
    const { version } = reader.bee
    const entry = await reader.bee.getAndWatch(b4a.from('a'))
    const watcher = reader.bee.watch({ gte: b4a.from('b') })
    await watcher.ready()
    const seen = (async () => {
      for await (const [current, previous] of watcher)
        return [await textsOf(current), await textsOf(previous)]
      return null
    })()
    await db.append(op({ put: { a: 2 } }))
    await until(() => b4a.toString(entry.node?.value ?? b4a.alloc(0)) === '2')
    await db.append(op({ put: { b: 2 } }))
    expect(await seen).toEqual([
      { a: '2', b: '2' },
      { a: '2', b: '1' }
    ])
    expect(await textsOf(reader.bee.checkout(version))).toEqual({ a: '1', b: '1' })
    await entry.close()
    await watcher.close()
  })

  test('may have a stream of that core alone', async () => {
    const db = await h.open()
    await db.append(op({ put: { a: 1 } }))
    const published = await h.published(db)
    const reader = await h.reader(published.key as Uint8Array)
    const cut = connect(reader.core, published.core as Hypercore)
    h.onclose(cut)
    await expectFollowed(reader, published, db)
    await db.append(op({ put: { b: 1 } }))
    await expectFollowed(reader, published, db)
  })

  test('cannot write into it', async () => {
    const db = await h.open()
    const published = await h.published(db)
    expect((published.core as Hypercore).writable).toBe(false)
    const reader = await h.reader(published.key as Uint8Array)
    expect(reader.core.writable).toBe(false)
    await expect(reader.bee.put(b4a.from('a'), b4a.from('b'))).rejects.toThrow()
  })

  test('recognises an empty view as a Hyperbee', async () => {
    const db = await h.open()
    const published = await h.published(db)
    const reader = await h.reader(published.key as Uint8Array)
    reader.follow(db)
    await until(() => reader.core.length === 1)
    expect(await Hyperbee1.isHyperbee(reader.core)).toBe(true)
    expect(await textsOf(reader.bee)).toEqual({})
    expect(await reader.bee.getHeader()).toMatchObject({ protocol: 'hyperbee' })
  })

  test('reads the empty key and empty values as they are', async () => {
    const db = await h.open()
    await db.append(op({ put: { '': 'nothing', a: '', b: 'x' } }))
    const published = await h.published(db)
    const reader = await h.reader(published.key as Uint8Array)
    reader.follow(db)
    await expectFollowed(reader, published, db)
    expect(await textsOf(reader.bee)).toEqual({ '': 'nothing', a: '', b: 'x' })
    await db.append(op({ del: ['', 'a'] }))
    await expectFollowed(reader, published, db)
    expect(await textsOf(reader.bee)).toEqual({ b: 'x' })
  })

  test('reads a key-value database by its encodings', async () => {
    const { store } = await h.store()
    const kv = new KeyValue(store)
    h.onclose(() => kv.close())
    const published = h.publish(kv)
    await kv.put('list', [1, 2])
    await published.updated()
    const bee = new Hyperbee1<string, unknown>((published.core as Hypercore).session(), {
      keyEncoding: 'utf-8',
      valueEncoding: 'json'
    })
    expect((await bee.get('list'))?.value).toEqual([1, 2])
    await bee.close()
  })
})

describe('what is written', () => {
  test('is one block per key that changed, and nothing without a change', async () => {
    const db = await h.open()
    await db.append(op({ put: Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, i])) }))
    const published = await h.published(db)
    const core = published.core as Hypercore
    expect(core.length).toBe(201)
    await db.append(op({ put: { k7: 'new', k8: 8 } }))
    await published.updated()
    expect(core.length).toBe(202)
    await db.append(op({ put: { k7: 'new' } }))
    await db.append(op({ del: ['never there'] }))
    await published.updated()
    expect(core.length).toBe(202)
    await db.append(op({ del: ['k1', 'k2'], put: { k3: 'x' } }))
    await published.updated()
    expect(core.length).toBe(205)
    expect(await storedOf(published)).toEqual(await contents(db))
  })

  test('updates that come while one is written are written together', async () => {
    const db = await h.open()
    const published = await h.published(db)
    let steps = 0
    published.on('update', () => steps++)
    await Promise.all(Array.from({ length: 300 }, (_, i) => db.append(op({ put: { same: i } }))))
    await published.updated()
    expect((published.core as Hypercore).length).toBe(1 + steps)
    expect(await storedOf(published)).toEqual({ same: '299' })
  })

  test('a map chooses values, and what of them; what it maps to the same is not written again', async () => {
    const db = await h.open()
    await db.append(op({ put: { a: 'x1', b: 'secret', c: 'y1' } }))
    const map = ({ value }: { value: Uint8Array }) => {
      const text = b4a.toString(value)
      return text === 'secret' ? null : b4a.from(text.slice(0, 1).toUpperCase())
    }
    const published = await h.published(db, { map })
    expect(await storedOf(published)).toEqual({ a: 'X', c: 'Y' })
    const { length } = published.core as Hypercore
    await db.append(op({ put: { a: 'x2' } }))
    await published.updated()
    expect((published.core as Hypercore).length).toBe(length)
    await db.append(op({ put: { b: 'z', c: 'secret' } }))
    await published.updated()
    expect(await storedOf(published)).toEqual({ a: 'X', b: 'Z' })
    await published.close()
    const other = await h.published(db, { map: ({ value }) => value, mapVersion: 1 })
    expect(await storedOf(other)).toEqual(await contents(db))
    expect(other.core?.length).toBe(length + 2 + 3)
  })
})

describe('options', () => {
  test('wrong ones are refused', async () => {
    const db = await h.open()
    const wrong = [
      {},
      { name: '' },
      { name: 7 },
      { name: 'x'.repeat(201) },
      { name: 'a', encryptionKey: b4a.alloc(31) },
      { name: 'a', map: 'no' },
      { name: 'a', mapVersion: -1 },
      { name: 'a', bee: 1 }
    ]
    for (const options of wrong)
      expect(() => publish(db, options as never)).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTIONS' })
      )
    expect(() => publish(db, null as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
    expect(() => publish({} as never, { name: 'a' })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' })
    )
  })

  test('an encrypted database is not published in the clear unless that is said', async () => {
    const db = await h.open({ encryptionKey: b4a.alloc(32, 1) })
    await db.append(op({ put: { a: 'text of it' } }))
    await expect(h.publish(db).ready()).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
    expect(h.errors.splice(0)).toMatchObject([{ code: 'INVALID_OPTIONS' }])
    const clear = await h.published(db, { name: 'clear', encryptionKey: null })
    expect(await storedOf(clear)).toEqual({ a: 'text of it' })
    const encryptionKey = b4a.alloc(32, 2)
    const secret = await h.published(db, { name: 'secret', encryptionKey })
    const raw = (await (secret.core as Hypercore).get(1, { raw: true })) as Uint8Array
    expect(b4a.toString(raw, 'latin1')).not.toContain('text of it')
    const reader = await h.reader(secret.key as Uint8Array, { encryptionKey })
    reader.follow(db)
    await expectFollowed(reader, secret, db)
    const stranger = await h.reader(secret.key as Uint8Array)
    stranger.follow(db)
    await until(() => stranger.core.length === 2)
    await expect(textsOf(stranger.bee)).rejects.toThrow()
  })

  test('a name keeps its encryption: another one is refused, and nothing is written', async () => {
    const db = await h.open()
    await db.append(op({ put: { a: 1 } }))
    const published = await h.published(db, { encryptionKey: b4a.alloc(32, 2) })
    const { id } = published
    await published.close()
    for (const encryptionKey of [null, b4a.alloc(32, 3)]) {
      const wrong = h.publish(db, { encryptionKey })
      await expect(wrong.ready()).rejects.toMatchObject({ code: 'ENCRYPTION_KEY_MISMATCH' })
      await wrong.close()
    }
    expect(h.errors.splice(0)).toHaveLength(2)
    const again = await h.published(db, { encryptionKey: b4a.alloc(32, 2) })
    expect(again.id).toBe(id)
    expect(await storedOf(again)).toEqual({ a: '1' })
  })

  test('another bee than the database shows may be published, and moved', async () => {
    const db = await h.open()
    await db.append(op({ put: { a: 1 } }))
    let bee = db.bee.snapshot()
    const published = await h.published(db, { bee: () => bee })
    await db.append(op({ put: { b: 1 }, del: ['a'] }))
    await published.updated()
    expect(await storedOf(published)).toEqual({ a: '1' })
    bee = db.bee.snapshot()
    await published.updated()
    expect(await storedOf(published)).toEqual({ b: '1' })
  })

  test('names are cores of their own, in each database and store', async () => {
    const a = await h.open()
    const second = await h.peer(a.store.namespace('other'))
    const keys = [
      (await h.published(a, { name: 'one' })).id,
      (await h.published(a, { name: 'two' })).id,
      (await h.published(second, { name: 'one' })).id
    ]
    expect(new Set(keys).size).toBe(3)
  })
})
