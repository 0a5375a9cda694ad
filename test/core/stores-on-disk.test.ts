import Corestore from 'corestore'
import { expect, test } from 'vitest'
import { Autobee, type OrderedUnit } from '../../src/index.ts'
import { admit, connect, contents, harness, op, sees } from './harness.ts'

const h = harness()

async function readOnly(dir: string): Promise<Corestore> {
  const store = new Corestore(dir, { readOnly: true })
  await store.ready()
  return store
}

async function ordered(db: Autobee): Promise<OrderedUnit[]> {
  const units: OrderedUnit[] = []
  for await (const unit of db.order()) units.push(unit)
  return units
}

/** What a read-only store leaves to do when it is closed fails on purpose of the store itself. */
async function closeStore(store: Corestore): Promise<void> {
  await store.close().catch(() => {})
}

test('two stores on one folder: the second is refused with STORE_LOCKED', async () => {
  const { store, dir } = await h.store()
  const a = await h.peer(null, { store })
  const second = new Corestore(dir)
  const b = new Autobee(second)
  await expect(b.ready()).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  await expect(b.append('x')).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  await b.close()
  await closeStore(second)
  await a.append(op({ put: { on: 1 } }))
})

test('a read-only store: reads work, appends reject with STORE_READONLY, nothing is written', async () => {
  const { store, dir } = await h.store()
  const a = await h.peer(null, { store })
  const b = await h.peer(a.key)
  await admit(a, b, { indexer: false })
  for (let i = 0; i < 100; i++) await a.append(op({ put: { [`key ${i}`]: i } }))
  await b.append(op({ put: { b: 1 } }))
  await sees(a, 'b')
  const before = { view: await contents(a), writers: [...a.writers], key: a.key, views: a.views() }
  const order = await ordered(a)
  await a.close()
  await store.close()
  const locked = await readOnly(dir)
  const db = await h.peer(null, { store: locked })
  expect(db.key).toEqual(before.key)
  expect(db.orderLength).toBe(102)
  expect(await ordered(db)).toEqual(order)
  expect(await db.unit({ key: b.local.key, length: 1 })).toEqual(order[101])
  expect(await db.unit({ key: b.local.key, length: 2 })).toBe(null)
  expect(await contents(db)).toEqual(before.view)
  expect((await db.view.get(new TextEncoder().encode('b')))?.value).toBeTruthy()
  expect(db.writable).toBe(false)
  expect([...db.writers]).toEqual(before.writers)
  expect(db.views()).toEqual(before.views)
  expect(db.local.key).toEqual(before.key)
  await expect(db.append(op({ put: { no: 1 } }))).rejects.toMatchObject({ code: 'STORE_READONLY' })
  await expect(db.setLocal(db.local.key)).rejects.toMatchObject({ code: 'STORE_READONLY' })
  await db.update()
  await db.updated()
  await db.flush()
  await db.close()
  await expect(db.append('x')).rejects.toMatchObject({ code: 'CLOSED' })
  await closeStore(locked)
  const writable = new Corestore(dir)
  const again = await h.peer(null, { store: writable })
  await again.append(op({ put: { on: 1 } }))
  expect(await contents(again)).toEqual({ ...before.view, on: '1' })
  await again.close()
  await writable.close()
})

test('a session of a store that may not write is a read-only store, beside the one that may', async () => {
  const { store } = await h.store()
  const a = await h.peer(null, { store })
  await a.append(op({ put: { a: 1 } }))
  const reader = await h.peer(null, { store: store.session({ writable: false }) })
  expect(await contents(reader)).toEqual({ a: '1' })
  await expect(reader.append('x')).rejects.toMatchObject({ code: 'STORE_READONLY' })
  await reader.close()
  await a.append(op({ put: { b: 1 } }))
})

test('a read-only store of an encrypted database needs the key', async () => {
  const encryptionKey = new Uint8Array(32).fill(5)
  const { store } = await h.store()
  const a = await h.peer(null, { store, encryptionKey })
  await a.append(op({ put: { a: 1 } }))
  await a.close()
  const session = store.session({ writable: false })
  await expect(h.make(session).ready()).rejects.toMatchObject({ code: 'ENCRYPTION_KEY_MISMATCH' })
  const reader = await h.peer(null, { store: store.session({ writable: false }), encryptionKey })
  expect(await contents(reader)).toEqual({ a: '1' })
})

test('a read-only store without the database is not ready: STORE_READONLY', async () => {
  const { store, dir } = await h.store()
  await store.close()
  const locked = await readOnly(dir)
  await expect(h.make(locked).ready()).rejects.toMatchObject({ code: 'STORE_READONLY' })
  await closeStore(locked)
})

test('a read-only store serves others', async () => {
  const { store, dir } = await h.store()
  const a = await h.peer(null, { store })
  for (let i = 0; i < 10; i++) await a.append(op({ put: { [`key ${i}`]: i } }))
  const view = await contents(a)
  await a.close()
  await store.close()
  const locked = await readOnly(dir)
  const db = await h.peer(null, { store: locked })
  const reader = await h.peer(db.key)
  const cut = connect(db, reader)
  await sees(reader, 'key 9')
  expect(await contents(reader)).toEqual(view)
  await cut()
  await db.close()
  await closeStore(locked)
})
