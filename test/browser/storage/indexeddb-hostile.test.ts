import { afterEach, expect, test } from 'vitest'
import type { Environment } from '../../../adapters/storage/indexeddb/environment.ts'
import type { StoreOptions } from '../../../adapters/storage/indexeddb/store.ts'
import type { IndexedDbOptions } from '../../../adapters/storage/indexeddb.ts'
import type { KeyValueStore } from '../../../adapters/storage/key-value.ts'
import { begun, contents, delRange, filled, keyOf, put, valueAt } from '../../../adapters/testing/bytes.ts'
import {
  freshName,
  openRaw,
  RESTLESS,
  storeIn,
  tab,
  tabWithoutLocks,
  until,
  wired
} from './indexeddb-harness.ts'

const opened: KeyValueStore[] = []

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
})

const ONE = filled(1, 1)
const TWO = filled(1, 2)
const TAKEN_OVER = { code: 'STORE_LOCKED', reason: 'TAKEN_OVER' }

async function open(
  environment: Environment,
  name: string,
  options: IndexedDbOptions & Partial<StoreOptions> = {}
): Promise<KeyValueStore> {
  const store = await storeIn(environment, name, options).openKeyValue()
  opened.push(store)
  return store
}

test('a snapshot that is taken while a range delete waits for its page sees all of that commit, or nothing', async () => {
  for (let turns = 0; turns < 30; turns++) {
    const page = tab()
    const store = await open(page, freshName(), { large: 0 })
    await store.commit([put(keyOf(1), ONE), put(keyOf(2), ONE), put(keyOf(9), ONE)])
    const deleting = store.commit([delRange(keyOf(1), keyOf(3)), put(keyOf(9), TWO)])
    await microtasks(turns)
    page.page.dispatchEvent(new Event('pagehide'))
    await microtasks(30)
    const snapshot = store.snapshot()
    page.page.dispatchEvent(new Event('pageshow'))
    await deleting
    expect((await contents(snapshot)).map(({ value }) => value[0]).join()).toMatch(/^(1,1,1|2)$/)
    expect((await contents(store)).length).toBe(1)
  }
})

test('the end of a commit that an owner hears of late says nothing about who owns the store by then', async () => {
  const name = freshName()
  const wire = wired(tabWithoutLocks({ channel: undefined, lease: 60_000 }))
  wire.environment.ahead = -120_000
  const first = await open(wire.environment, name)
  const held = wire.holdCommit()
  const running = first.commit([put(keyOf(1), ONE)])
  await held.done
  const next = await open(tabWithoutLocks(), name)
  await next.commit([put(keyOf(1), TWO)])
  wire.environment.ahead += 60_000
  held.hear()
  await running
  await expect(valueAt(first, keyOf(1))).rejects.toMatchObject(TAKEN_OVER)
  expect(await valueAt(next, keyOf(1))).toEqual(TWO)
})

test('a page that is put aside at any moment of a commit delays it', async () => {
  const page = tab()
  const store = await open(page, freshName())
  for (let turns = 0; turns < 24; turns++) {
    const running = store.commit([put(keyOf(turns), ONE)])
    await microtasks(turns)
    page.page.dispatchEvent(new Event('pagehide'))
    page.page.dispatchEvent(new Event('pageshow'))
    await running
  }
  expect((await contents(store)).length).toBe(24)
})

/** Lets the page hear of what it waits for, little by little. */
async function moments(count: number): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  for (let moment = 0; moment < count; moment++) {
    const isHeard = new Promise(resolve => {
      port1.onmessage = resolve
    })
    port2.postMessage(null)
    await isHeard
  }
  port1.close()
}

test('a page that is put aside, and once more while it comes back, at any moment of a large commit or a sync, delays it', async () => {
  const page = tab()
  const store = await open(page, freshName(), { large: 1 })
  for (let count = 0; count < 40; count++) {
    const running = [store.commit([put(keyOf(count), ONE)]), store.sync()]
    await moments(count)
    page.page.dispatchEvent(new Event('pagehide'))
    page.page.dispatchEvent(new Event('pageshow'))
    await moments(count % 7)
    page.page.dispatchEvent(new Event('pagehide'))
    await moments(count % 5)
    page.page.dispatchEvent(new Event('pageshow'))
    await Promise.all(running)
  }
  expect((await contents(store)).length).toBe(40)
})

test.each([
  ['with', tab],
  ['without', tabWithoutLocks]
])(
  'a page that is put aside at any moment of an opening lets another have the store, %s Web Locks',
  async (_, make) => {
    const name = freshName()
    for (let count = 0; count < 30; count++) {
      const page = make()
      const opening = open(page, name)
      await moments(count)
      page.page.dispatchEvent(new Event('pagehide'))
      const other = await open(make(), name, { wait: true })
      await other.commit([put(keyOf(count), ONE)])
      await other.close()
      page.page.dispatchEvent(new Event('pageshow'))
      // it may have had the store already
      const found = await opening.then(contents).catch(error => error)
      if (Array.isArray(found)) expect(found.length).toBe(count + 1)
      else expect(found).toMatchObject(TAKEN_OVER)
      for (const store of opened.splice(0)) await store.close()
    }
  }
)

test('a store that fails while its page comes back holds no lock', async () => {
  const name = freshName()
  const page = tab()
  const wire = wired(page)
  const store = await open(wire.environment, name)
  const isBroken = wire.breakNextCommit()
  const running = store.commit([put(keyOf(1), ONE)])
  await isBroken
  page.page.dispatchEvent(new Event('pagehide'))
  page.page.dispatchEvent(new Event('pageshow'))
  await expect(running).rejects.toMatchObject({ code: 'STORE_CLOSED', reason: 'LOST' })
  const again = await open(tab(), name, { wait: true })
  expect(await valueAt(again, keyOf(1))).toBeNull()
})

test('close waits for a cursor that looks for its next entry behind many that are gone', async () => {
  const store = await open(tab(), freshName(), { ...RESTLESS, large: 0 })
  await store.commit([put(keyOf(900), ONE)])
  const cursor = store.entries({})
  await store.commit(Array.from({ length: 300 }, (_, i) => put(keyOf(i), ONE)))
  const reading = cursor.next(1)
  const closing = store.close()
  expect((await reading).map(({ key }) => key)).toEqual([keyOf(900)])
  await closing
})

test('where locks are refused, as in a sandboxed frame, an opening rejects with UNSUPPORTED_RUNTIME', async () => {
  const request = () => Promise.reject(new DOMException('denied in this context', 'SecurityError'))
  const locks = { request, query: request } as unknown as LockManager
  await expect(open(tab({ locks }), freshName())).rejects.toMatchObject({ code: 'UNSUPPORTED_RUNTIME' })
})

test('of those who open at the same moment without Web Locks one has the store, whatever their clocks say', async () => {
  const HOUR = 3_600_000
  const name = freshName()
  const tabs = [0, HOUR, -HOUR, 5 * HOUR, -24 * HOUR, 1].map(ahead =>
    Object.assign(tabWithoutLocks({ lease: 10_000 }), { ahead })
  )
  const results = await Promise.allSettled(tabs.map(one => open(one, name)))
  const stores = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  expect(stores.length).toBe(1)
  for (const result of results)
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'STORE_LOCKED' })

  let openNow = 1
  const turns = tabs.map(async (one, i) => {
    const store = await open(one, name, { wait: true })
    expect(openNow++).toBe(0)
    await store.commit([put(keyOf(i), ONE)])
    one.ahead -= 7 * HOUR
    expect(await valueAt(store, keyOf(i))).toEqual(ONE)
    openNow--
    await store.close()
  })
  openNow--
  await stores[0]?.close()
  await Promise.all(turns)
  expect((await contents(await open(tabWithoutLocks(), name))).length).toBe(tabs.length)
})

test('commits that change nothing leave no records behind', async () => {
  const name = freshName()
  const store = await open(tab(), name, RESTLESS)
  for (let i = 0; i < 60; i++) await store.commit([delRange(keyOf(2), keyOf(1))])
  const database = await openRaw(name)
  const count = () =>
    new Promise<number>(resolve => {
      const request = database.transaction('log').objectStore('log').count()
      request.onsuccess = () => resolve(request.result)
    })
  await until(async () => (await count()) < 30)
  database.close()
})

test('an owner that sleeps in the middle of a page of a snapshot does not answer with what is left of it', async () => {
  const name = freshName()
  const wire = wired(tabWithoutLocks({ channel: undefined, lease: 60_000 }))
  wire.environment.ahead = -120_000
  const first = await open(wire.environment, name, { large: 0, undoBytes: -1 })
  await first.commit(Array.from({ length: 20 }, (_, i) => put(keyOf(i), ONE)))
  const snapshot = first.snapshot()
  await first.commit([delRange(keyOf(3), keyOf(17))])
  const held = wire.holdPage()
  const reading = begun(snapshot.entries({}).next(100))
  await held.done
  await open(tabWithoutLocks(), name)
  wire.environment.ahead += 60_000
  held.hear()
  await expect(reading).rejects.toMatchObject(TAKEN_OVER)
})

test('a connection that the browser closes now and then, while nobody uses the store, is opened again each time', async () => {
  const wire = wired(tab())
  const store = await open(wire.environment, freshName())
  await store.commit([put(keyOf(1), ONE)])
  for (let count = 1; count < 4; count++) {
    wire.connections.at(-1)?.close()
    wire.connections.at(-1)?.dispatchEvent(new Event('close'))
    await wire.reopened(count + 1)
    wire.environment.ahead += wire.environment.lease
  }
  expect(await valueAt(store, keyOf(1))).toEqual(ONE)
})

async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await null
}

test('no two transactions that write run at a time, of one tab or of two', async () => {
  // Chromium, killed while they do, deletes all databases of the origin
  const name = freshName()
  const scopes = new Set<string>()
  const see = ({ mode, objectStoreNames }: IDBTransaction) => {
    if (mode === 'readwrite') scopes.add([...objectStoreNames].join())
  }
  const options = { ...RESTLESS, undoBytes: -1, large: 10_000 }
  for (let turn = 0; turn < 2; turn++) {
    const wire = wired(tabWithoutLocks({ lease: 20 }))
    wire.seen.add(see)
    const store = await open(wire.environment, name, options)
    const snapshot = store.snapshot()
    for (let i = 0; i < 40; i++) await store.commit([put(keyOf(i % 8), new Uint8Array(i % 9 ? 300 : 12_000))])
    await store.commit([delRange(keyOf(0), keyOf(4))])
    await until(async () => scopes.has('log,meta'))
    snapshot.close()
    await store.close()
  }
  expect([...scopes].filter(scope => !scope.split(',').includes('log'))).toEqual([])
  expect(scopes).toContain('log')
  expect(scopes).toContain('entries,log,meta')
})
