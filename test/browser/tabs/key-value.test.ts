import { afterEach, expect, test } from 'vitest'
import { SharedAutobee } from '../../../adapters/tabs/shared-autobee.ts'
import { KeyValue, type KeyValueOptions } from '../../../src/kv/index.ts'
import { nameOf, until } from './tabs.ts'

type Shared<K, V> = KeyValue<K, V, SharedAutobee>

const open: Shared<never, never>[] = []

afterEach(async () => {
  for (const kv of open.splice(0)) await kv.close()
})

async function tab<K = string, V = unknown>(
  name: string,
  options: KeyValueOptions<K, V> = {}
): Promise<Shared<K, V>> {
  const kv = KeyValue.over<SharedAutobee, K, V>(all => new SharedAutobee(name, null, all), options)
  open.push(kv as never)
  await kv.ready()
  return kv
}

test('a KeyValue over a shared database: all tabs put, get, list and watch', async () => {
  const name = nameOf()
  const [a, b] = [await tab<string, number>(name), await tab<string, number>(name)]
  expect([a.db.role, b.db.role]).toEqual(['owner', 'follower'])
  expect(b.id).toBe(a.id)
  const watcher = b.watch({ prefix: 'n' })
  await a.put('n', 1)
  expect((await watcher.next()).value).toEqual({ type: 'put', key: 'n', value: 1, previous: null })
  await b.batch([
    { type: 'put', key: 'n', value: 2 },
    { type: 'put', key: 'm', value: 3 }
  ])
  expect((await watcher.next()).value).toEqual({ type: 'put', key: 'n', value: 2, previous: 1 })
  expect(await b.get('m')).toBe(3)
  await until(async () => (await a.get('m')) === 3)
  await watcher.close()
  await expect(b.removeWriter(b.local.id)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('when the owner closes, the others go on: same values, same watchers', async () => {
  const name = nameOf()
  const [a, b] = [await tab<string, number>(name), await tab<string, number>(name)]
  await a.put('x', 1)
  await until(async () => (await b.get('x')) === 1)
  const watcher = b.watch()
  const puts = Array.from({ length: 50 }, (_, i) => b.put(`k${i}`, i))
  await puts[3]
  await a.close()
  await Promise.all(puts)
  await until(() => b.db.role === 'owner')
  const seen = new Set<string>()
  for await (const { key } of watcher) if (seen.add(key).size === 50) break
  const keys = []
  for await (const { key } of b.list()) keys.push(key)
  expect(keys).toHaveLength(51)
})

test('a tab with other encodings is refused', async () => {
  const name = nameOf()
  await tab(name)
  const other = KeyValue.over<SharedAutobee, string, string>(all => new SharedAutobee(name, null, all), {
    valueEncoding: 'utf-8'
  })
  open.push(other as never)
  await expect(other.ready()).rejects.toMatchObject({ code: 'OPTIONS_MISMATCH' })
})
