import type Corestore from 'corestore'
import { afterEach, expect, test } from 'vitest'
import { op, openPeer } from '../support/peers.ts'
import { type TempStore, tempStore } from '../support/store.ts'

const stores: TempStore[] = []

afterEach(async () => {
  await Promise.all(stores.splice(0).map(store => store.close()))
})

async function newStore(): Promise<TempStore> {
  const store = await tempStore()
  stores.push(store)
  return store
}

interface Binding {
  read(options: unknown): unknown
}

/** Batches of reads that the store's binding is asked for while `run` runs. */
async function readsOf(store: Corestore, run: () => Promise<unknown>): Promise<number> {
  const binding = Object.getPrototypeOf((store.storage as unknown as { db: Binding }).db) as Binding
  const { read } = binding
  let reads = 0
  binding.read = function (options) {
    reads++
    return read.call(this, options)
  }
  try {
    await run()
  } finally {
    binding.read = read
  }
  return reads
}

test('an append reads nothing from the store', async () => {
  const { store } = await newStore()
  const db = await openPeer(store)
  for (let i = 0; i < 10; i++) await db.append(op({ put: { first: i } }))
  const reads = await readsOf(store, async () => {
    for (let i = 0; i < 50; i++) await db.append(op({ put: { [`key ${i}`]: i } }))
  })
  // the system tree's flush, once in 64 appends, may look for something
  expect(reads).toBeLessThan(5)
  await db.close()
})

test('what was appended is here without a gap for a stock Hypercore, beyond one page of the bitfield', async () => {
  const place = await newStore()
  const { store } = place
  const db = await openPeer(store)
  // a page has 32,768 bits
  for (let i = 0; i < 3; i++) {
    await db.append(Array.from({ length: 12_000 }, () => op({ put: { same: i } })))
    await db.append(op({ put: { [`key ${i}`]: i } }))
  }
  const lengths = [{ key: db.local.key, length: 36_003 }, ...db.views()]
  await db.close()
  await store.close()

  const again = await place.reopen()
  for (const { key, length } of lengths) {
    const core = again.get({ key })
    await core.ready()
    expect(core.length).toBe(length)
    expect(core.contiguousLength).toBe(length)
    expect(await core.has(0, length)).toBe(true)
  }
  const db2 = await openPeer(again)
  await db2.append(op({ put: { more: 1 } }))
  expect(db2.local.contiguousLength).toBe(36_004)
  await db2.close()
  await again.close()
})
