import { expect, test } from 'vitest'
import { admit, connect, contents, harness, op, sees, until } from './harness.ts'

const h = harness()

test('one database is open once in a store: the second is refused with STORE_LOCKED', async () => {
  const store = await h.store()
  const a = await h.peer(null, { store })
  await expect(h.make(store).ready()).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  await expect(h.make(store, a.key).ready()).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  await expect(h.make(store.store.session(), a.key).ready()).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  await a.append(op({ put: { on: 1 } }))
  await a.close()
  const again = await h.peer(null, { store })
  expect(await contents(again)).toEqual({ on: '1' })
})

test('a database that was refused lets go of nothing that the first one holds', async () => {
  const store = await h.store()
  const a = await h.peer(null, { store })
  const refused = h.make(store)
  await expect(refused.ready()).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  await refused.close()
  await expect(h.make(store).ready()).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  await a.append(op({ put: { on: 1 } }))
})

test('two databases live in one store, and one goes on when the other is closed', async () => {
  const store = await h.store()
  const own = await h.peer(null, { store })
  const elsewhere = await h.peer()
  const joined = await h.peer(elsewhere.key, { store })
  await admit(elsewhere, joined)
  await Promise.all([own.append(op({ put: { own: 1 } })), joined.append(op({ put: { joined: 1 } }))])
  await own.close()
  await joined.append(op({ put: { on: 1 } }))
  await sees(elsewhere, 'joined', 'on')
  const again = await h.peer(null, { store })
  await again.append(op({ put: { again: 1 } }))
  expect(await contents(again)).toEqual({ own: '1', again: '1' })
  expect(await contents(joined)).toEqual({ joined: '1', on: '1' })
})

test('namespaces of a store hold databases of their own', async () => {
  const store = await h.store()
  const a = await h.peer(null, { store: store.store.namespace('one') })
  const b = await h.peer(null, { store: store.store.namespace('two') })
  expect(a.key).not.toEqual(b.key)
  await a.append(op({ put: { a: 1 } }))
  await b.append(op({ put: { b: 1 } }))
  expect(await contents(a)).toEqual({ a: '1' })
  expect(await contents(b)).toEqual({ b: '1' })
})

test('two databases over one connection replicate both', async () => {
  const [left, right] = [await h.store(), await h.store()]
  const a1 = await h.peer(null, { store: left.store.namespace('1') })
  const a2 = await h.peer(null, { store: left.store.namespace('2') })
  const b1 = await h.peer(a1.key, { store: right.store.namespace('1') })
  const b2 = await h.peer(a2.key, { store: right.store.namespace('2') })
  const streams = [a1.replicate(true), b1.replicate(false)] as const
  for (const stream of streams) stream.on('error', () => {})
  a2.replicate(streams[0])
  b2.replicate(streams[1])
  streams[0].pipe(streams[1] as never)
  streams[1].pipe(streams[0] as never)
  await a1.append(op({ addWriter: b1.local.id }))
  await a2.append(op({ addWriter: b2.local.id }))
  await until(() => b1.writable && b2.writable)
  await b1.append(op({ put: { one: 1 } }))
  await b2.append(op({ put: { two: 1 } }))
  await sees(a1, 'one')
  await sees(a2, 'two')
  streams[0].destroy()
})

test('the store stays open when the database is closed', async () => {
  const store = await h.store()
  const core = store.store.get({ name: 'mine' })
  const a = await h.peer(null, { store })
  await a.append(op({ put: { a: 1 } }))
  await a.close()
  await core.append('still here')
  expect(core.length).toBe(1)
})

test('a store that is closed already is refused: STORE_CLOSED', async () => {
  const store = await h.store()
  const session = store.store.session()
  await store.store.close()
  expect(() => h.make(store)).toThrowError(expect.objectContaining({ code: 'STORE_CLOSED' }))
  expect(() => h.make(session)).toThrowError(expect.objectContaining({ code: 'STORE_CLOSED' }))
})

test('closing the store underneath makes append reject, not hang', async () => {
  const store = await h.store()
  const a = await h.peer(null, { store })
  await a.append(op({ put: { a: 1 } }))
  a.on('error', () => {})
  await store.store.close()
  const error = await a.append(op({ put: { b: 1 } })).catch(reason => reason)
  expect(['STORE_CLOSED', 'CLOSED', 'STORE_FAILED']).toContain(error.code)
})

test('a reader who only knows the key reads everything', async () => {
  const a = await h.peer()
  for (let i = 0; i < 100; i++) await a.append(op({ put: { [`key ${i}`]: i } }))
  const reader = await h.peer(a.id)
  connect(a, reader)
  await sees(reader, 'key 99')
  expect(await contents(reader)).toEqual(await contents(a))
  expect(reader.writable).toBe(false)
})
