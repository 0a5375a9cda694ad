import b4a from 'b4a'
import { expect, test } from 'vitest'
import guide from '../../docs/KV.md?raw'
import { Autobee } from '../../src/index.ts'
import type { KeyValue } from '../../src/kv/index.ts'
import { harness } from './harness.ts'

const h = harness()

/** The values in the oplog, in hex. */
async function values(kv: KeyValue<string, unknown>): Promise<string[]> {
  const found: string[] = []
  for (let i = 0; i < kv.local.length; i++) {
    const block = (await kv.local.get(i)) as Uint8Array
    found.push(b4a.toString(Autobee.decodeValue(block, { key: kv.local.key }) as Uint8Array, 'hex'))
  }
  return found
}

test('operations are the bytes that docs/KV.md says', async () => {
  const kv = await h.open()
  await kv.put('a', 1)
  await kv.del('ab')
  const key = b4a.alloc(32, 0xcd)
  await kv.addWriter(key)
  await kv.addWriter(key, { isIndexer: false })
  await kv.removeWriter(key)
  await kv.batch([
    { type: 'put', key: '', value: null },
    { type: 'del', key: 'a' }
  ])
  const cd = 'cd'.repeat(32)
  expect(await values(kv)).toEqual([
    '010101610131',
    '0100026162',
    `0102${cd}01`,
    `0102${cd}00`,
    `0103${cd}`,
    '010100046e756c6c000161'
  ])
  expect(guide).toContain('`01 01 01 61 01 31`')
})

test('a new value begins after 64 KiB, and a larger one has one of its own', async () => {
  const kv = await h.open<string, string>(null, { valueEncoding: 'utf-8' })
  const put = (i: number, length: number) => ({
    type: 'put' as const,
    key: `${i}`,
    value: 'v'.repeat(length)
  })
  await kv.batch([put(1, 30_000), put(2, 30_000), put(3, 30_000), put(4, 100_000), put(5, 1), put(6, 1)])
  const lengths = (await values(kv)).map(hex => Math.round(hex.length / 20_000) * 10_000)
  expect(lengths).toEqual([60_000, 30_000, 100_000, 0])
  expect(kv.stats.appends).toBe(1)
})

test('the view holds keys and values as they are, and nothing else', async () => {
  const kv = await h.open()
  await kv.addWriter(b4a.alloc(32, 1))
  await kv.put('a', { b: 1 })
  const raw: [string, string][] = []
  for await (const { key, value } of kv.db.bee.createReadStream())
    raw.push([b4a.toString(key), b4a.toString(value)])
  expect(raw).toEqual([['a', '{"b":1}']])
})
