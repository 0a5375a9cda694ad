import b4a from 'b4a'
import { describe, expect, test } from 'vitest'
import { Autobee } from '../../src/index.ts'
import { KeyValue } from '../../src/kv/index.ts'
import { entries, harness } from './harness.ts'

const h = harness()

describe('put, get, del', () => {
  test('what was written is read as soon as the promise resolves, also among many at once', async () => {
    const kv = await h.open()
    await kv.put('a', 1)
    expect(await kv.get('a')).toBe(1)
    await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        await kv.put(`k${i}`, { i })
        expect(await kv.get(`k${i}`)).toEqual({ i })
        await kv.del(`k${i}`)
        expect(await kv.get(`k${i}`)).toBe(null)
      })
    )
    expect(await entries(kv)).toEqual([['a', 1]])
  })

  test('null is a value: get does not tell it from nothing, has and getEntry do', async () => {
    const kv = await h.open()
    await kv.put('null', null)
    expect([await kv.get('null'), await kv.get('nothing')]).toEqual([null, null])
    expect([await kv.has('null'), await kv.has('nothing')]).toEqual([true, false])
    expect(await kv.getEntry('null')).toEqual({ key: 'null', value: null })
    expect(await kv.getEntry('nothing')).toBe(null)
  })

  test('a value is taken as it is at the call', async () => {
    const kv = await h.open()
    const value = { n: 1 }
    const put = kv.put('a', value)
    value.n = 2
    await put
    expect(await kv.get('a')).toEqual({ n: 1 })
  })

  test('deleting what is not there is no error, and the empty string is a key', async () => {
    const kv = await h.open()
    await kv.del('a')
    await kv.put('', 'empty')
    expect(await entries(kv)).toEqual([['', 'empty']])
  })
})

describe('list', () => {
  test('gives ranges in either direction, with a limit, and by prefix', async () => {
    const kv = await h.open()
    for (const key of ['a', 'b', 'b1', 'b2', 'c']) await kv.put(key, key)
    const keys = async (range: object) => (await entries(kv, range)).map(([key]) => key)
    expect(await keys({})).toEqual(['a', 'b', 'b1', 'b2', 'c'])
    expect(await keys({ gt: 'b', lte: 'c' })).toEqual(['b1', 'b2', 'c'])
    expect(await keys({ gte: 'b', lt: 'c', reverse: true, limit: 2 })).toEqual(['b2', 'b1'])
    expect(await keys({ prefix: 'b' })).toEqual(['b', 'b1', 'b2'])
    expect(await keys({ prefix: 'b', gt: 'b', reverse: true })).toEqual(['b2', 'b1'])
    expect(await keys({ gt: 'c', lt: 'a' })).toEqual([])
    expect(await keys({ limit: 0 })).toEqual([])
  })

  test('shows what was there when it was called, whatever is written meanwhile', async () => {
    const kv = await h.open()
    await kv.batch(Array.from({ length: 500 }, (_, i) => ({ type: 'put', key: `k${i}`, value: 'old' })))
    const list = kv.list()
    await kv.batch(Array.from({ length: 500 }, (_, i) => ({ type: 'put', key: `k${i}`, value: 'new' })))
    const seen = []
    for await (const { value } of list) {
      if (seen.length === 10) await kv.put('z', 'new')
      seen.push(value)
    }
    expect(seen).toHaveLength(500)
    expect(new Set(seen)).toEqual(new Set(['old']))
  })

  test('before the database is ready it waits', async () => {
    const store = await h.store()
    const kv = h.make(store)
    const list = entries(kv)
    const watcher = kv.watch()
    await kv.put('a', 1)
    expect(await list).toEqual([])
    expect((await watcher.next()).value).toEqual({ type: 'put', key: 'a', value: 1, previous: null })
    await watcher.close()
  })
})

describe('as a database', () => {
  test('it has the members of one', async () => {
    const kv = await h.open()
    await kv.put('a', 1)
    expect(kv.key).toHaveLength(32)
    expect(kv.id).toBe(b4a.toString(kv.key!, 'hex'))
    expect(kv.discoveryKey).toHaveLength(32)
    expect(kv.local.length).toBe(1)
    expect([kv.writable, kv.isIndexer, kv.opened, kv.closed]).toEqual([true, true, true, false])
    expect([...kv.writers]).toMatchObject([{ length: 1, isLocal: true, isIndexer: true }])
    expect(kv.stats.appends).toBe(1)
    expect(Autobee.isAutobee(kv.db)).toBe(true)
    expect(await kv.view.get('a')).toEqual({ key: 'a', value: 1 })
    await kv.update()
    await kv.flush()
    let updates = 0
    const count = () => updates++
    kv.on('update', count)
    await kv.put('b', 1)
    kv.off('update', count)
    await kv.put('c', 1)
    expect(updates).toBe(1)
  })

  test('it comes back after a restart, in its store or by its key', async () => {
    const store = await h.store()
    const kv = await h.open(null, { store })
    await kv.put('a', { b: 1 })
    await kv.close()
    const again = await h.open(null, { store })
    expect(await again.get('a')).toEqual({ b: 1 })
    await again.put('c', 2)
    await again.close()
    const named = await h.open(kv.id, { store })
    expect(await entries(named)).toEqual([
      ['a', { b: 1 }],
      ['c', 2]
    ])
  })

  test('options may stand in place of the key', async () => {
    const { store } = await h.store()
    const kv = new KeyValue<string, string>(store, { valueEncoding: 'utf-8' })
    h.onclose(() => kv.close())
    await kv.put('a', 'text')
    expect(await kv.db.bee.get(b4a.from('a')).then(entry => b4a.toString(entry?.value ?? b4a.alloc(0)))).toBe(
      'text'
    )
  })

  test('after close everything fails with CLOSED, and what was to come ends', async () => {
    const kv = await h.open()
    await kv.put('a', 1)
    const list = kv.list()
    const watcher = kv.watch()
    const batch = kv.batch().put('b', 1)
    await kv.close()
    await kv.close()
    const closed = { code: 'CLOSED' }
    await expect(kv.put('a', 1)).rejects.toMatchObject(closed)
    await expect(kv.del('a')).rejects.toMatchObject(closed)
    await expect(kv.get('a')).rejects.toMatchObject(closed)
    await expect(kv.has('a')).rejects.toMatchObject(closed)
    await expect(kv.addWriter(b4a.alloc(32))).rejects.toMatchObject(closed)
    await expect(kv.removeWriter(b4a.alloc(32))).rejects.toMatchObject(closed)
    await expect(batch.flush()).rejects.toMatchObject(closed)
    await expect(kv.batch([{ type: 'del', key: 'a' }])).rejects.toMatchObject(closed)
    await expect(list.next()).rejects.toMatchObject(closed)
    await expect(entries(kv)).rejects.toMatchObject(closed)
    expect(() => kv.watch()).toThrow(expect.objectContaining(closed))
    expect(await watcher.next()).toEqual({ done: true, value: undefined })
  })

  test('in a store that is read-only it is read, and refuses what would write', async () => {
    const store = await h.store()
    const kv = await h.open<string, number>(null, { store })
    await kv.put('a', 1)
    await kv.close()
    await store.store.close()
    const again = await store.reopen()
    const copy = await h.open<string, number>(kv.key, { store: again.session({ writable: false }) })
    expect(await entries(copy)).toEqual([['a', 1]])
    await expect(copy.put('b', 1)).rejects.toMatchObject({ code: 'STORE_READONLY' })
    const watcher = copy.watch()
    await copy.close()
    expect(await watcher.next()).toEqual({ done: true, value: undefined })
  })

  test('an encrypted one is read with its key, and refused without', async () => {
    const encryptionKey = b4a.alloc(32, 7)
    const store = await h.store()
    const kv = await h.open(null, { store, encryptionKey })
    await kv.put('secret', 'value')
    await kv.close()
    await expect(h.open(null, { store })).rejects.toMatchObject({ code: 'ENCRYPTION_KEY_MISMATCH' })
    const again = await h.open<string, string>(null, { store, encryptionKey })
    expect(await again.get('secret')).toBe('value')
  })
})

describe('over a database that is made otherwise', () => {
  test('it is the same', async () => {
    const { store } = await h.store()
    const kv = KeyValue.over<Autobee, string, number>(all => new Autobee(store, null, all))
    h.onclose(() => kv.close())
    await kv.put('a', 1)
    expect(await kv.get('a')).toBe(1)
    expect(await entries(kv)).toEqual([['a', 1]])
    expect(() => KeyValue.over(store as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
