import { expect, test } from 'vitest'
import { type BatchOperation, MAX_VALUE_BYTES } from '../../src/kv/index.ts'
import { connect, entries, harness, until } from './harness.ts'

const h = harness()

function puts(count: number, value: number): BatchOperation<string, number>[] {
  return Array.from({ length: count }, (_, i) => ({ type: 'put', key: `k${i}`, value }))
}

test('nothing of a batch shows before its flush, then all of it does', async () => {
  const kv = await h.open<string, number>()
  await kv.put('gone', 1)
  const batch = kv.batch().put('a', 1).put('a', 2).del('gone').put('b', 3)
  expect(batch.length).toBe(4)
  await kv.put('c', 4)
  expect(await entries(kv)).toEqual([
    ['c', 4],
    ['gone', 1]
  ])
  await batch.flush()
  expect(await entries(kv)).toEqual([
    ['a', 2],
    ['b', 3],
    ['c', 4]
  ])
})

test('a batch is used once', async () => {
  const kv = await h.open<string, number>()
  const flushed = kv.batch().put('a', 1)
  const flushing = flushed.flush()
  const closed = { code: 'CLOSED' }
  expect(() => flushed.put('b', 1)).toThrow(expect.objectContaining(closed))
  await expect(flushed.flush()).rejects.toMatchObject(closed)
  flushed.close()
  await flushing
  const dropped = kv.batch().put('c', 1)
  dropped.close()
  for (const batch of [flushed, dropped]) {
    expect(batch.closed).toBe(true)
    expect(() => batch.put('b', 1)).toThrow(expect.objectContaining(closed))
    expect(() => batch.del('b')).toThrow(expect.objectContaining(closed))
    await expect(batch.flush()).rejects.toMatchObject(closed)
  }
  await kv.batch().flush()
  await kv.batch([])
  expect([await entries(kv), kv.local.length]).toEqual([[['a', 1]], 1])
})

test('10,000 puts are one unit: here and on another peer, all are there or none', async () => {
  const a = await h.open<string, number>()
  const b = await h.open<string, number>(a.key)
  const partial: number[] = []
  for (const kv of [a, b]) {
    kv.on('update', async () => {
      const keys = await entries(kv).catch(() => [])
      const values = new Set(keys.map(([, value]) => value))
      if (values.size > 1 || (keys.length !== 0 && keys.length !== 10_000)) partial.push(keys.length)
    })
  }
  connect(a, b)
  await a.batch(puts(10_000, 1))
  const blocks = a.local.length
  expect(blocks).toBeLessThan(20)
  expect(a.stats.appends).toBe(1)
  await a.batch(puts(10_000, 2))
  await until(async () => (await b.get('k9999')) === 2)
  expect(await entries(b)).toEqual(await entries(a))
  expect(await entries(b)).toHaveLength(10_000)
  expect(partial).toEqual([])
})

test('a batch that is refused can be flushed later', async () => {
  const a = await h.open<string, number>()
  const b = await h.open<string, number>(a.key)
  const batch = b.batch().put('a', 1)
  await expect(batch.flush()).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
  expect(batch.closed).toBe(false)
  connect(a, b)
  await a.addWriter(b.local.id)
  await until(() => b.writable)
  await batch.flush()
  expect(await b.get('a')).toBe(1)
})

test('large values are spread over the entries of one unit', async () => {
  const kv = await h.open<string, string>()
  const value = 'v'.repeat(MAX_VALUE_BYTES / 4)
  await kv.batch(Array.from({ length: 12 }, (_, i) => ({ type: 'put', key: `${i}`, value })))
  expect([kv.stats.appends, kv.local.length, (await entries(kv)).length]).toEqual([1, 12, 12])
})
