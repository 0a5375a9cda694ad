import { afterEach, expect, test } from 'vitest'
import type { Environment } from '../../../adapters/storage/indexeddb/environment.ts'
import type { IndexedDbOptions } from '../../../adapters/storage/indexeddb.ts'
import type { KeyValueStore } from '../../../adapters/storage/key-value.ts'
import { contents, put } from '../../../adapters/testing/bytes.ts'
import {
  deleteDatabase,
  freshName,
  openRaw,
  storeIn,
  tab,
  tabWithoutLocks,
  until
} from './indexeddb-harness.ts'

const opened: KeyValueStore[] = []

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
})

const KEY = Uint8Array.of(1)

async function open(
  environment: Environment,
  name: string,
  options: IndexedDbOptions = {}
): Promise<KeyValueStore> {
  const store = await storeIn(environment, name, options).openKeyValue()
  opened.push(store)
  return store
}

function write(store: KeyValueStore, value: number): Promise<void> {
  return store.commit([put(KEY, Uint8Array.of(value))])
}

async function valueIn(store: KeyValueStore): Promise<number | undefined> {
  const [value] = await store.getMany([KEY])
  return value?.[0]
}

test('without Web Locks a second opening hears from the owner and rejects with STORE_LOCKED', async () => {
  const name = freshName()
  const first = await open(tabWithoutLocks(), name)
  await expect(open(tabWithoutLocks(), name)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  await write(first, 1)
  expect(await valueIn(first)).toBe(1)
})

test('without Web Locks and channels the beat of the owner keeps others out', async () => {
  const name = freshName()
  const mute = () => tabWithoutLocks({ channel: undefined })
  const first = await open(mute(), name)
  await expect(open(mute(), name)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  await write(first, 1)
})

test('a page without Web Locks does not take the store from one that holds a lock and answers', async () => {
  const name = freshName()
  const first = await open(tab(), name)
  await expect(open(tabWithoutLocks(), name)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  await write(first, 1)
})

test('a page with Web Locks does not take the store from one without that answers', async () => {
  const name = freshName()
  const first = await open(tabWithoutLocks(), name)
  await expect(open(tab(), name)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  await write(first, 1)
})

test.each([
  ['with', tab],
  ['without', tabWithoutLocks]
])('an opening that waits comes when the owner closes, %s Web Locks', async (_, environment) => {
  const name = freshName()
  const first = await open(environment(), name)
  let isOpen = false
  const second = open(environment(), name, { wait: true }).then(store => {
    isOpen = true
    return store
  })
  await write(first, 1)
  expect(isOpen).toBe(false)
  await first.close()
  expect(await valueIn(await second)).toBe(1)
})

test('an owner that is not heard of is taken over; it can neither read nor write, nor disturb the next one', async () => {
  const name = freshName()
  const frozen = await open(frozenTab(), name)
  await write(frozen, 1)
  const next = await open(tabWithoutLocks(), name)
  expect(await valueIn(next)).toBe(1)
  await write(next, 2)
  await expect(write(frozen, 3)).rejects.toMatchObject({ code: 'STORE_LOCKED', reason: 'TAKEN_OVER' })
  await expect(valueIn(frozen)).rejects.toMatchObject({ code: 'STORE_LOCKED', reason: 'TAKEN_OVER' })
  expect(() => frozen.snapshot()).toThrow(expect.objectContaining({ reason: 'TAKEN_OVER' }))
  await frozen.close()
  expect(await valueIn(next)).toBe(2)
})

test('a reader that slept longer than its lease finds out that it was taken over before it answers', async () => {
  const name = freshName()
  const sleeping = frozenTab()
  const frozen = await open(sleeping, name)
  await write(frozen, 1)
  expect(await valueIn(frozen)).toBe(1)
  const next = await open(tabWithoutLocks(), name)
  await write(next, 2)
  sleeping.ahead += sleeping.lease
  await expect(valueIn(frozen)).rejects.toMatchObject({ code: 'STORE_LOCKED', reason: 'TAKEN_OVER' })
})

test('an owner that was taken over twice, and whose last commits were moved on, still cannot write', async () => {
  const name = freshName()
  const frozen = await open(frozenTab(), name)
  await write(frozen, 1)
  for (const value of [2, 3]) {
    const next = await open(tabWithoutLocks(), name)
    // large ones go to the entries at once, and leave the log empty
    await next.commit([
      put(KEY, Uint8Array.of(value)),
      put(Uint8Array.of(9), new Uint8Array(9 * 1024 * 1024))
    ])
    await next.close()
  }
  await expect(write(frozen, 9)).rejects.toMatchObject({ code: 'STORE_LOCKED', reason: 'TAKEN_OVER' })
  const last = await open(tabWithoutLocks(), name)
  expect(await valueIn(last)).toBe(3)
})

test('a commit that runs while somebody takes over is there whole, or rejects and is not there', async () => {
  for (let round = 0; round < 5; round++) {
    const name = freshName()
    const frozen = await open(frozenTab(), name)
    await write(frozen, 0)
    const outcomes: boolean[] = []
    const writing = Array.from({ length: 40 }, (_, i) =>
      frozen
        .commit([put(Uint8Array.of(2, i), KEY), put(Uint8Array.of(3, i), KEY)])
        .then(() => true)
        .catch(error => {
          expect(error).toMatchObject({ code: 'STORE_LOCKED', reason: 'TAKEN_OVER' })
          return false
        })
        .then(done => outcomes.push(done))
    )
    const next = await open(tabWithoutLocks({ lease: 1 }), name)
    await Promise.all(writing)
    const found = (await contents(next)).filter(({ key }) => key[0] === 2 || key[0] === 3)
    expect(found.length).toBe(2 * outcomes.filter(Boolean).length)
    // from the first on
    expect(outcomes.lastIndexOf(true)).toBe(outcomes.filter(Boolean).length - 1)
    await next.close()
    await frozen.close()
  }
})

test('a page that is put aside gives the store free, and goes on when it comes back and nobody took it', async () => {
  const name = freshName()
  const page = tab()
  const store = await open(page, name)
  const snapshot = store.snapshot()
  await write(store, 1)
  const running = write(store, 2)
  page.page.dispatchEvent(new Event('pagehide'))
  page.document.dispatchEvent(new Event('freeze'))
  const late = valueIn(store)
  page.document.dispatchEvent(new Event('resume'))
  page.page.dispatchEvent(new Event('pageshow'))
  await running
  // called before that commit had resolved
  expect([1, 2]).toContain(await late)
  expect(await valueIn(store)).toBe(2)
  expect(await snapshot.getMany([KEY])).toEqual([null])
  await write(store, 3)
  await expect(open(tab(), name)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  expect(await valueIn(store)).toBe(3)
})

test.each([
  ['with', tab],
  ['without', tabWithoutLocks]
])(
  'a page that comes back after another took the store rejects with TAKEN_OVER, %s Web Locks',
  async (_, make) => {
    const name = freshName()
    const page = make()
    const store = await open(page, name)
    await write(store, 1)
    page.page.dispatchEvent(new Event('pagehide'))
    const other = await open(make(), name, { wait: true })
    await write(other, 2)
    page.page.dispatchEvent(new Event('pageshow'))
    await expect(write(store, 3)).rejects.toMatchObject({ code: 'STORE_LOCKED', reason: 'TAKEN_OVER' })
    await expect(valueIn(store)).rejects.toMatchObject({ code: 'STORE_LOCKED', reason: 'TAKEN_OVER' })
    expect(await valueIn(other)).toBe(2)
  }
)

test('a page that waits for the store and is put aside lets others go before it', async () => {
  const name = freshName()
  const first = await open(tab(), name)
  const away = tab()
  let isOpen = false
  const waiting = open(away, name, { wait: true }).then(store => {
    isOpen = true
    return store
  })
  const lock = `autobee:indexeddb:${name}`
  const isPending = async () =>
    (await navigator.locks.query()).pending?.some(one => one.name === lock) ?? false
  await until(isPending)
  away.page.dispatchEvent(new Event('pagehide'))
  await until(async () => !(await isPending()))
  await first.close()
  const other = await open(tab(), name)
  expect(isOpen).toBe(false)
  away.page.dispatchEvent(new Event('pageshow'))
  await other.close()
  await write(await waiting, 1)
})

test.each([
  ['with', tab],
  ['without', tabWithoutLocks]
])('who is away already takes no store, %s Web Locks: its page will be frozen', async (_, make) => {
  const name = freshName()
  const away = make()
  const first = await open(away, freshName())
  away.document.dispatchEvent(new Event('freeze'))
  const opening = open(away, name)
  const other = await open(make(), name)
  await write(other, 1)
  await other.close()
  away.document.dispatchEvent(new Event('resume'))
  expect(await valueIn(await opening)).toBe(1)
  await write(first, 2)
})

/** As Chromium is now and then: it lets one wait for what nobody has, until any request is taken back. */
function forgetfulLocks() {
  const { locks } = navigator
  const asked = { count: 0 }
  let remember = () => {}
  const isReminded = new Promise<void>(resolve => {
    remember = resolve
  })
  const request = async (name: string, { signal }: LockOptions, hold: LockGrantedCallback<void>) => {
    asked.count++
    if (asked.count === 1) {
      await isReminded
      return locks.request(name, hold)
    }
    await new Promise(resolve => signal?.addEventListener('abort', resolve))
    remember()
    throw signal?.reason
  }
  return { asked, locks: { request, query: () => locks.query() } as LockManager }
}

test('a page that waits for a store that nobody has reminds the browser of it, and nobody before that', async () => {
  const name = freshName()
  const first = await open(tab(), name)
  const { asked, locks } = forgetfulLocks()
  const waiting = open(tab({ locks, lease: 10 }), name, { wait: true })
  let looks = 0
  const { query } = locks
  Object.assign(locks, { query: () => query().finally(() => looks++) })
  await until(async () => looks >= 3)
  expect(asked.count).toBe(1)
  await first.close()
  await write(await waiting, 1)
})

test('deleted from outside, everything rejects with STORE_CLOSED, reason DELETED; the delete is not held up', async () => {
  const name = freshName()
  const store = await open(tab(), name)
  const snapshot = store.snapshot()
  await write(store, 1)
  expect(await valueIn(store)).toBe(1)
  await deleteDatabase(name)
  const gone = { code: 'STORE_CLOSED', reason: 'DELETED' }
  await expect(valueIn(store)).rejects.toMatchObject(gone)
  await expect(snapshot.getMany([KEY])).rejects.toMatchObject(gone)
  await expect(write(store, 2)).rejects.toMatchObject(gone)
  const again = await open(tab(), name)
  expect(await valueIn(again)).toBeUndefined()
})

test('deleted and made anew while the page was away, the new database is not taken for the old one', async () => {
  const name = freshName()
  const page = tab()
  const store = await open(page, name)
  await write(store, 1)
  page.page.dispatchEvent(new Event('pagehide'))
  await deleteDatabase(name)
  const other = await open(tab(), name, { wait: true })
  await write(other, 2)
  await other.close()
  page.page.dispatchEvent(new Event('pageshow'))
  await expect(write(store, 3)).rejects.toMatchObject({ code: 'STORE_CLOSED', reason: 'DELETED' })
  expect(await valueIn(await open(tab(), name))).toBe(2)
})

test('deleted while the page was away, the database is not made anew', async () => {
  const name = freshName()
  const page = tab()
  const store = await open(page, name)
  page.page.dispatchEvent(new Event('pagehide'))
  await deleteDatabase(name)
  page.page.dispatchEvent(new Event('pageshow'))
  await expect(valueIn(store)).rejects.toMatchObject({ code: 'STORE_CLOSED', reason: 'DELETED' })
  expect((await indexedDB.databases()).some(database => database.name === name)).toBe(false)
})

test('a connection that the browser closed is opened again, with snapshots and cursors as they were', async () => {
  const { environment, connections } = counting()
  const name = freshName()
  const store = await open(environment, name)
  await write(store, 1)
  const snapshot = store.snapshot()
  await write(store, 2)
  connections.at(-1)?.close()
  await write(store, 3)
  connections.at(-1)?.close()
  expect(await contents(snapshot)).toEqual([{ key: KEY, value: Uint8Array.of(1) }])
  expect(await valueIn(store)).toBe(3)
  expect(connections.length).toBe(3)
})

test('a connection that is closed again and again fails with STORE_CLOSED, reason LOST', async () => {
  const { environment, connections } = counting({ closed: true })
  const name = freshName()
  const store = await open(environment, name)
  connections.at(-1)?.close()
  const far = Uint8Array.of(7)
  await expect(store.getMany([far])).rejects.toMatchObject({ code: 'STORE_CLOSED', reason: 'LOST' })
  await expect(write(store, 1)).rejects.toMatchObject({ code: 'STORE_CLOSED', reason: 'LOST' })
})

test('a database that holds something else is left as it is', async () => {
  const name = freshName()
  const theirs = await openRaw(name, database => database.createObjectStore('theirs').put(1, 'a'))
  theirs.close()
  await expect(open(tab(), name)).rejects.toMatchObject({ code: 'STORE_FAILED', reason: 'NOT_A_STORE' })
  const still = await openRaw(name)
  expect([...still.objectStoreNames]).toEqual(['theirs'])
  still.close()
  await deleteDatabase(name)
})

test('a runtime without IndexedDB rejects with UNSUPPORTED_RUNTIME and leaves no lock', async () => {
  const name = freshName()
  await expect(open(tab({ indexedDB: undefined }), name)).rejects.toMatchObject({
    code: 'UNSUPPORTED_RUNTIME'
  })
  const { held } = await navigator.locks.query()
  expect(held?.some(lock => lock.name?.endsWith(name))).toBe(false)
})

test('names and options that are none are refused at once', () => {
  for (const name of ['', 7, null]) {
    expect(() => storeIn(tab(), name as string)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' })
    )
  }
  for (const options of [{ durability: 'some' }, { wait: 1 }, { cacheBytes: -1 }, 'strict']) {
    const make = () => storeIn(tab(), 'x', options as IndexedDbOptions)
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
  }
})

/** Alive, but it neither beats nor answers, as a tab that the browser froze. */
function frozenTab() {
  const frozen = tabWithoutLocks({ channel: undefined, lease: 60_000 })
  frozen.ahead = -120_000
  return frozen
}

/** A tab whose connections the case can close as a browser does. */
function counting({ closed = false }: { closed?: boolean } = {}) {
  const connections: IDBDatabase[] = []
  const factory = {
    open(name: string) {
      const request = indexedDB.open(name)
      request.addEventListener('success', () => {
        const database = request.result
        connections.push(database)
        // all but the first: as soon as it was looked at
        if (closed && connections.length > 1) {
          const transaction = database.transaction.bind(database)
          let count = 0
          database.transaction = (...parameters: Parameters<typeof transaction>) => {
            if (++count > 2) database.close()
            return transaction(...parameters)
          }
        }
      })
      return request
    }
  }
  return { environment: tab({ indexedDB: factory as IDBFactory }), connections }
}
