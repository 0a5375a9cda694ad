import b4a from 'b4a'
import c from 'compact-encoding'
import { describe, expect, test } from 'vitest'
import { KeyValue, MAX_KEY_BYTES, MAX_OPERATIONS, MAX_VALUE_BYTES } from '../../src/kv/index.ts'
import { entries, harness } from './harness.ts'

const h = harness()
const bytes = b4a.from('a')

describe('wrong input', () => {
  test('keys and values that the encodings cannot hold are refused, and nothing is written', async () => {
    const kv = await h.open<never, never>()
    for (const key of [null, undefined, 5, bytes, {}, ['a'], '\ud800']) {
      for (const call of [
        () => kv.put(key as never, 1 as never),
        () => kv.del(key as never),
        () => kv.get(key as never)
      ]) {
        await expect(call()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      }
      expect(() => kv.batch().put(key as never, 1 as never)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' })
      )
    }
    const loop: unknown[] = []
    loop.push(loop)
    for (const value of [undefined, () => {}, Symbol('s'), bytes, 5n, loop]) {
      await expect(kv.put('a' as never, value as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      expect(() => kv.batch().put('a' as never, value as never)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' })
      )
    }
    expect(kv.local.length).toBe(0)
  })

  test('ranges that are none are refused at once', async () => {
    const kv = await h.open()
    for (const range of [null, 'a', 5, { gt: 5 }, { limit: -2 }, { reverse: 'yes' }, { prefix: {} }]) {
      expect(() => kv.list(range as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    }
    for (const range of [null, 'a', { lt: 5 }, { limit: 1 }, { reverse: true }]) {
      expect(() => kv.watch(range as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    }
  })

  test('lists of operations that are none are refused whole', async () => {
    const kv = await h.open()
    for (const list of [
      5,
      'ab',
      {},
      [null],
      [5],
      [{ type: 'get', key: 'a' }],
      [{ type: 'put', key: 'a', value: 1 }, { key: 'b' }]
    ]) {
      await expect(kv.batch(list as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    expect(kv.local.length).toBe(0)
  })

  test('options that are none, or that KeyValue decides itself, are refused', async () => {
    const { store } = await h.store()
    const refused = (options: unknown) =>
      expect(() => new KeyValue(store, null, options as never)).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTIONS' })
      )
    for (const encoding of ['hex', 5, {}, { encode: () => bytes }]) {
      refused({ keyEncoding: encoding })
      refused({ valueEncoding: encoding })
    }
    for (const name of ['apply', 'open', 'close', 'update']) refused({ [name]: () => {} })
    refused({ raw: true })
    refused({ optimistic: true })
    refused({ durability: 'best' })
    refused('utf-8')
    expect(() => new KeyValue(store, 'no key')).toThrow(expect.objectContaining({ code: 'INVALID_KEY' }))
    expect(() => new KeyValue(null as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  test('keys of writers that are none are refused', async () => {
    const kv = await h.open()
    for (const key of ['', 'abc', bytes, null, 5]) {
      await expect(kv.addWriter(key as never)).rejects.toMatchObject({ code: 'INVALID_KEY' })
      await expect(kv.removeWriter(key as never)).rejects.toMatchObject({ code: 'INVALID_KEY' })
    }
    await expect(kv.addWriter(b4a.alloc(32), { isIndexer: 'no' as never })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT'
    })
    expect(kv.local.length).toBe(0)
  })
})

describe('sizes', () => {
  test('the largest key and the largest value are taken, larger ones refused with nothing written', async () => {
    const kv = await h.open<string, string>(null, { valueEncoding: 'utf-8' })
    const key = 'k'.repeat(MAX_KEY_BYTES)
    const value = 'v'.repeat(MAX_VALUE_BYTES)
    const tooLarge = { code: 'ENTRY_TOO_LARGE' }
    await expect(kv.put(`${key}k`, '')).rejects.toMatchObject(tooLarge)
    await expect(kv.put(`ä${'k'.repeat(MAX_KEY_BYTES - 1)}`, '')).rejects.toMatchObject(tooLarge)
    await expect(kv.put('a', `${value}v`)).rejects.toMatchObject(tooLarge)
    expect(() => kv.batch().put('a', `${value}v`)).toThrow(expect.objectContaining(tooLarge))
    expect(() => kv.batch().del(`${key}k`)).toThrow(expect.objectContaining(tooLarge))
    expect(kv.local.length).toBe(0)
    await kv.put(key, value)
    expect((await kv.get(key))?.length).toBe(MAX_VALUE_BYTES)
    await kv.batch([1, 2, 3].map(i => ({ type: 'put', key: `${key.slice(1)}${i}`, value })))
    expect((await entries(kv)).map(([, value]) => value.length)).toEqual(
      [1, 2, 3, 4].map(() => MAX_VALUE_BYTES)
    )
  })

  test('a batch of more than the core takes is refused whole, and can be closed or made smaller', async () => {
    const kv = await h.open<string, string>(null, { valueEncoding: 'utf-8' })
    const value = 'v'.repeat(MAX_VALUE_BYTES)
    const batch = kv.batch()
    for (let i = 0; i < 33; i++) batch.put(`k${i}`, value)
    await expect(batch.flush()).rejects.toMatchObject({ code: 'ENTRY_TOO_LARGE' })
    expect([batch.closed, batch.length, kv.local.length]).toEqual([false, 33, 0])
    batch.close()
    expect(await entries(kv)).toEqual([])
  })
})

test('the largest batch is taken, and nothing more goes into it', async () => {
  const kv = await h.open<string, number>()
  const batch = kv.batch()
  for (let i = 0; i < MAX_OPERATIONS; i++) batch.put(`k${i}`, i)
  expect(() => batch.put('a', 1)).toThrow(expect.objectContaining({ code: 'ENTRY_TOO_LARGE' }))
  expect(() => batch.del('a')).toThrow(expect.objectContaining({ code: 'ENTRY_TOO_LARGE' }))
  await batch.flush()
  expect(await kv.get(`k${MAX_OPERATIONS - 1}`)).toBe(MAX_OPERATIONS - 1)
  expect([await kv.has('a'), kv.stats.appends]).toEqual([false, 1])
})

test('JSON is nested at most 1000 deep, brackets in strings not counted', async () => {
  const kv = await h.open()
  const nested = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown
  await expect(kv.put('a', nested(1001))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(kv.put('a', { a: nested(1000) })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  const flat = { a: nested(999), b: '['.repeat(2000), 'c"\\"[': `${'{'.repeat(999)}"${'{'.repeat(999)}\\` }
  await kv.put('a', flat)
  expect(await kv.get('a')).toEqual(flat)
})

describe('codecs of one’s own', () => {
  test('what a codec makes and cannot read again is refused before it is written', async () => {
    const kv = await h.open<string, string>(null, {
      valueEncoding: {
        encode: (text: string) => b4a.from(text),
        decode: (bytes: Uint8Array) => JSON.parse(b4a.toString(bytes)) as string
      }
    })
    await expect(kv.put('a', 'no json')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await kv.put('a', '"json"')
    expect(await kv.get('a')).toBe('json')
  })

  test('keys of a codec are kept in the order of its bytes', async () => {
    const kv = await h.open<number, string>(null, { keyEncoding: c.uint32be, valueEncoding: 'utf-8' })
    for (const n of [300, 2, 70000, 1]) await kv.put(n, `${n}`)
    expect((await entries(kv, { gt: 1, lt: 70000 })).map(([key]) => key)).toEqual([2, 300])
    expect(() => kv.list({ prefix: 1 })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  test('binary keys and values', async () => {
    const kv = await h.open<Uint8Array, Uint8Array>(null, { keyEncoding: 'binary', valueEncoding: 'binary' })
    await kv.put(b4a.from([255, 0]), b4a.from([1]))
    await kv.put('text', 'too')
    expect(await entries(kv)).toEqual([
      [b4a.from('text'), b4a.from('too')],
      [b4a.from([255, 0]), b4a.from([1])]
    ])
  })

  test('JSON keys', async () => {
    const kv = await h.open<unknown, number>(null, { keyEncoding: 'json' })
    await kv.put(['a', 1], 1)
    await kv.put({ b: 2 }, 2)
    expect([await kv.get(['a', 1]), await kv.get({ b: 2 }), await kv.get({ b: 3 })]).toEqual([1, 2, null])
  })
})
