import { afterEach, expect, test } from 'vitest'
import type { IndexedDbStore } from '../../../adapters/storage/indexeddb/store.ts'
import type { KeyValueEntry, KeyValueOperation, KeyValueStore } from '../../../adapters/storage/key-value.ts'
import { bytes, contents, del, delRange, filled, keyOf, put } from '../../../adapters/testing/bytes.ts'
import { Model } from '../../../adapters/testing/model.ts'
import { Random } from '../../../adapters/testing/random.ts'
import { deleteDatabase, freshName, openRaw, RESTLESS, storeIn, tab, until } from './indexeddb-harness.ts'

const opened: { store: KeyValueStore; name: string }[] = []

afterEach(async () => {
  for (const { store, name } of opened.splice(0)) {
    await store.close()
    await deleteDatabase(name)
  }
})

async function open(options: Parameters<typeof storeIn>[2] = {}) {
  const name = freshName()
  const store = await storeIn(tab(), name, options).openKeyValue()
  opened.push({ store, name })
  return { store, name }
}

const KEYS = 60
const COUNTER = keyOf(60_000)

test.each([
  ['in memory', RESTLESS],
  ['on disk, without a cache', { ...RESTLESS, undoBytes: -1, cacheBytes: 0 }],
  ['in memory, some past the log', { ...RESTLESS, large: 100, cacheBytes: 1000 }]
])(
  'whenever it is taken, a snapshot is one moment between two commits, and stays so: undo %s',
  async (_, options) => {
    const { store } = await open(options)
    const random = new Random(7)
    const models = [new Model()]
    const checks: Promise<void>[] = []
    let done = 0
    await store.commit([put(COUNTER, number(0))])
    models[0] = (models[0] as Model).after([put(COUNTER, number(0))])

    const check = async (started: number) => {
      const snapshot = store.snapshot()
      const cursor = store.entries({ reverse: true })
      const [first] = await snapshot.getMany([COUNTER])
      const at = numberIn(first as Uint8Array)
      // nothing that had resolved is missing
      expect(at).toBeGreaterThanOrEqual(started)
      const expected = (models[at] as Model).list()
      await until(async () => done >= Math.min(at + 10, 150))
      expect(await contents(snapshot)).toEqual(expected)
      const keys = Array.from({ length: KEYS }, (_, i) => keyOf(i))
      const found = await snapshot.getMany(keys)
      expect(found).toEqual(keys.map(key => (models[at] as Model).get(key)))
      const back: KeyValueEntry[] = []
      for (let page = await cursor.next(5); page.length > 0; page = await cursor.next(5)) back.push(...page)
      const moment = numberIn(back[0]?.value as Uint8Array)
      expect(back.reverse()).toEqual((models[moment] as Model).list())
      snapshot.close()
    }

    for (let i = 1; i <= 150; i++) {
      const operations = [
        ...Array.from({ length: 1 + random.below(6) }, () => operation(random)),
        put(COUNTER, number(i))
      ]
      models.push((models[i - 1] as Model).after(operations))
      const commit = store.commit(operations).then(() => {
        done = i
      })
      if (random.oneIn(4)) checks.push(check(done))
      if (random.oneIn(3)) await Promise.race([commit, store.getMany([keyOf(random.below(KEYS))])])
      if (random.oneIn(3)) await commit
      if (random.oneIn(6)) checks.push(check(done))
    }
    await until(async () => done === 150)
    await Promise.all(checks)
    expect(await contents(store)).toEqual((models.at(-1) as Model).list())
  }
)

test('a range of thousands, deleted under a snapshot, is put aside on disk and given free when the snapshot closes', async () => {
  const { store, name } = await open({
    journal: { keys: 100, bytes: 1e9, logged: 1e9 },
    undoBytes: 10_000,
    large: 1
  })
  const many = Array.from({ length: 3000 }, (_, i) => put(keyOf(i), filled(40, i & 255)))
  await store.commit(many)
  const snapshot = store.snapshot()
  await store.commit([delRange(keyOf(10), keyOf(2990))])
  expect((await contents(store)).length).toBe(20)
  const database = await openRaw(name)
  expect(await countOf(database, 'undo')).toBeGreaterThan(2000)
  expect(await contents(snapshot)).toEqual(many.map(({ key, value }) => ({ key, value })))
  expect(await snapshot.getMany([keyOf(5), keyOf(1500), keyOf(2995)])).toEqual(
    [5, 1500, 2995].map(i => filled(40, i & 255))
  )
  snapshot.close()
  await until(async () => (await countOf(database, 'undo')) === 0)
  database.close()
})

test('the cache keeps within its bytes, whatever is read and written', async () => {
  const { store } = await open({ ...RESTLESS, cacheBytes: 10_000 })
  for (let i = 0; i < 300; i++) {
    await store.commit([put(keyOf(i), filled(200, i & 255))])
    await store.getMany([keyOf(i), keyOf(i + 1000), keyOf(i >> 1)])
    expect((store as IndexedDbStore).cachedBytes).toBeLessThanOrEqual(10_000)
  }
  expect((store as IndexedDbStore).cachedBytes).toBeGreaterThan(5000)
})

function operation(random: Random): KeyValueOperation {
  const key = random.below(KEYS)
  if (random.oneIn(5)) return delRange(keyOf(key), keyOf(key + random.below(25)))
  if (random.oneIn(4)) return del(keyOf(key))
  return put(keyOf(key), filled(random.below(30), random.below(256)))
}

function number(value: number): Uint8Array {
  return bytes(value >>> 8, value & 255)
}

function numberIn(value: Uint8Array): number {
  return (value[0] as number) * 256 + (value[1] as number)
}

function countOf(database: IDBDatabase, store: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = database.transaction(store).objectStore(store).count()
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
