import { afterEach, beforeEach, expect, test } from 'vitest'
import { cdp } from 'vitest/browser'
import { estimate, persist } from '../../../adapters/storage/indexeddb.ts'
import { contents, delRange, filled, keyOf, put } from '../../../adapters/testing/bytes.ts'
import { freshName, RESTLESS, storeIn, tab } from './indexeddb-harness.ts'

interface Devtools {
  send(method: 'Storage.getUsageAndQuota', parameters: { origin: string }): Promise<{ usage: number }>
  send(
    method: 'Storage.overrideQuotaForOrigin',
    parameters: { origin: string; quotaSize?: number }
  ): Promise<void>
}

/** Parts of the origin's storage, in Chromium. It keeps in mind how much room each had; a fresh one has to ask. */
interface Buckets {
  open(name: string): Promise<{ readonly indexedDB: IDBFactory }>
  delete(name: string): Promise<void>
}

const devtools = cdp() as unknown as Devtools
const { storageBuckets: buckets } = navigator as Navigator & { storageBuckets: Buckets }
const { origin } = location

let name = ''

beforeEach(() => {
  name = freshName()
})

afterEach(async () => {
  await leaveRoom()
  await buckets.delete(name)
})

test.each([
  ['through the log', {}],
  ['with the entries close behind', RESTLESS],
  ['past the log', { large: 0 }]
])(
  'without room a commit rejects with STORE_FULL and leaves nothing; all else goes on: %s',
  async (_, options) => {
    await leaveRoomFor(1024 * 1024)
    const { indexedDB } = await buckets.open(name)
    const adapter = storeIn(tab({ indexedDB }), name, options)
    const store = await adapter.openKeyValue()
    await store.commit([put(keyOf(1), filled(1, 1)), put(keyOf(2), filled(1, 2))])
    const before = await contents(store)
    const snapshot = store.snapshot()
    const large = [
      put(keyOf(1), filled(1, 9)),
      delRange(keyOf(2), keyOf(3)),
      // nothing that could be shortened
      ...Array.from({ length: 64 }, (_, i) =>
        put(keyOf(10 + i), crypto.getRandomValues(new Uint8Array(60_000)))
      )
    ]
    await expect(store.commit(large)).rejects.toMatchObject({ code: 'STORE_FULL' })
    expect(await contents(store)).toEqual(before)
    expect(await store.getMany([keyOf(1), keyOf(10)])).toEqual([filled(1, 1), null])
    expect(await contents(snapshot)).toEqual(before)
    // Chromium refuses small ones too until it has tidied up: what was aborted takes room meanwhile
    await expect(store.commit(large)).rejects.toMatchObject({ code: 'STORE_FULL' })
    await leaveRoom()
    await store.commit([put(keyOf(3), filled(10, 3))])
    await store.commit(large)
    expect((await contents(store)).length).toBe(66)
    expect(await contents(snapshot)).toEqual(before)
    await store.close()
    const again = await adapter.openKeyValue()
    expect((await contents(again)).length).toBe(66)
    await again.close()
  }
)

test('what is stored and how much may be is told in bytes, and whether the browser keeps it', async () => {
  const { usage, quota, persisted } = await estimate()
  expect(usage).toBeGreaterThanOrEqual(0)
  expect(quota).toBeGreaterThan(usage as number)
  expect(await persist()).toBe((await estimate()).persisted)
  expect(typeof persisted).toBe('boolean')
})

/** Leaves this origin so many bytes more. */
async function leaveRoomFor(bytes: number): Promise<void> {
  const { usage } = await devtools.send('Storage.getUsageAndQuota', { origin })
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + bytes })
}

async function leaveRoom(): Promise<void> {
  await devtools.send('Storage.overrideQuotaForOrigin', { origin })
}
