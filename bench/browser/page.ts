/** What runs in the page; bench/browser/browser.ts calls it. */
import b4a from 'b4a'
import type { Autobee, KeyValueAdapter } from '../../adapters/entry/browser.ts'
import { indexedDb, memory, openStore } from '../../adapters/entry/browser.ts'
import { opfs } from '../../adapters/storage/opfs.ts'
import { openAutobee, peerOf } from '../peers/autobee.ts'
import { valueFor } from '../values.ts'
import { cryptoRates } from './crypto.ts'
import { relayHold, relayRead, transferCeiling } from './transfers.ts'

const STORAGES: Record<string, (name: string) => KeyValueAdapter> = {
  memory: () => memory(),
  'IndexedDB, relaxed': name => indexedDb(name),
  'IndexedDB, strict': name => indexedDb(name, { durability: 'strict' }),
  'OPFS, relaxed': name => opfs(name),
  'OPFS, strict': name => opfs(name, { durability: 'strict' })
}

/** Databases that stay open, by their storage. */
const open = new Map<string, { db: Autobee; close(): Promise<void> }>()
let opened = 0

function adapterOf(storage: string, name: string): KeyValueAdapter {
  const make = STORAGES[storage]
  if (!make) throw new Error(`no storage is called ${storage}`)
  return make(name)
}

async function openIn(storage: string, { name, key }: { name: string; key?: Uint8Array }) {
  const store = await openStore(adapterOf(storage, name))
  const db = openAutobee(store, { ...(key ? { key } : {}), role: 'indexer' })
  await db.ready()
  return {
    db,
    async close() {
      await db.close()
      await store.close()
    }
  }
}

/** ms that so many single appends take, each after the one before, in a database that goes on from call to call. */
async function sequentialAppends(o: { storage: string; count: number }): Promise<number> {
  let one = open.get(o.storage)
  if (!one) {
    one = await openIn(o.storage, { name: `appends ${o.storage}` })
    open.set(o.storage, one)
  }
  const { db } = one
  const values = Array.from({ length: o.count }, () => valueFor(`key ${opened++ % 10_000}`))
  const begin = performance.now()
  for (const value of values) await db.append(value)
  return performance.now() - begin
}

/**
 * The same in memory, each followed by a bare transaction of IndexedDB that writes 1 KiB, as an append's record is: what a
 * store there can reach at best.
 */
async function appendsAndTransactions(o: { count: number }): Promise<number> {
  const bare = await openBare()
  const { db } = open.get('memory') as { db: Autobee }
  const values = Array.from({ length: o.count }, () => valueFor(`key ${opened++ % 10_000}`))
  const begin = performance.now()
  for (const value of values) {
    await db.append(value)
    await new Promise<void>((resolve, reject) => {
      const transaction = bare.transaction('records', 'readwrite', { durability: 'relaxed' })
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error)
      transaction.objectStore('records').add(new Uint8Array(1024))
      transaction.commit()
    })
  }
  const ms = performance.now() - begin
  bare.close()
  return ms
}

function openBare(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('bare')
    request.onupgradeneeded = () => request.result.createObjectStore('records', { autoIncrement: true })
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function closeAll(): Promise<void> {
  for (const one of open.values()) await one.close()
  open.clear()
}

/** Appends entries, 100 at once, under 10,000 keys. */
async function fill(o: { storage: string; name: string; count: number }): Promise<void> {
  const { db, close } = await openIn(o.storage, o)
  for (let i = 0; i < o.count; i += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, j) => db.append(valueFor(`key ${(i + j) % 10_000}`))))
  }
  await close()
}

/** ms until the store is open, the database ready, and a first value read; everything stays open. */
async function coldOpen(o: { storage: string; name: string }): Promise<{ store: number; all: number }> {
  const begin = performance.now()
  const store = await openStore(adapterOf(o.storage, o.name))
  const storeOpen = performance.now() - begin
  const db = openAutobee(store, { role: 'indexer' })
  await db.ready()
  const entry = await db.bee.get(b4a.from('key 123'))
  const all = performance.now() - begin
  if (!entry) throw new Error('the value is not there')
  Object.assign(globalThis, { kept: { db, store } })
  return { store: storeOpen, all }
}

/** ms from connecting two databases in this page, that have grown apart by `count` entries each, until both show all. */
async function merge(o: { storage: string; name: string; count: number }): Promise<number> {
  const a = await openIn(o.storage, { name: `${o.name} a` })
  const b = await openIn(o.storage, { name: `${o.name} b`, key: a.db.key! })
  const cut = connect(a.db, b.db)
  await a.db.append(peerOf(a.db).admission(peerOf(b.db)))
  await changes([a.db, b.db], async () => b.db.writable)
  await cut()
  for (let i = 0; i < o.count; i++) {
    await a.db.append(valueFor(i % 2 ? `both ${i}` : `a ${i}`))
    await b.db.append(valueFor(i % 2 ? `both ${i}` : `b ${i}`))
  }
  const last = (o.count - 1) & ~1
  const begin = performance.now()
  const end = connect(a.db, b.db)
  await changes([a.db, b.db], async () => {
    const found = await Promise.all([
      a.db.bee.get(b4a.from(`b ${last}`)),
      b.db.bee.get(b4a.from(`a ${last}`))
    ])
    if (found.includes(null)) return false
    const [one, other] = await Promise.all([peerOf(a.db).contents(), peerOf(b.db).contents()])
    return one === other
  })
  const ms = performance.now() - begin
  await end()
  await Promise.all([a.close(), b.close()])
  return ms
}

function connect(a: Autobee, b: Autobee): () => Promise<void> {
  const [left, right] = [a.replicate(true), b.replicate(false)]
  for (const stream of [left, right]) stream.on('error', () => {})
  left.pipe(right as never)
  right.pipe(left as never)
  return async () => {
    const closed = Promise.all(
      [left, right].map(one => new Promise(resolve => one.once('close', resolve as never)))
    )
    left.destroy()
    right.destroy()
    await closed
  }
}

/** Resolves when the condition holds; looks again after each change. */
async function changes(dbs: readonly Autobee[], condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) {
    await new Promise<void>(resolve => {
      const off = dbs.map(db => peerOf(db).watch(() => done()))
      const timer = setTimeout(done, 20)
      function done() {
        clearTimeout(timer)
        for (const one of off) one()
        resolve()
      }
    })
  }
}

export const api = {
  cryptoRates,
  sequentialAppends,
  appendsAndTransactions,
  closeAll,
  fill,
  coldOpen,
  merge,
  transferCeiling,
  relayHold,
  relayRead
}
export type Api = typeof api

Object.assign(globalThis, { bench: api })
