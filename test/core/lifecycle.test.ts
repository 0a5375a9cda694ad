import { expect, test } from 'vitest'
import { apply } from '../support/peers.ts'
import { admit, collect, connect, contents, harness, op, sees, until } from './harness.ts'

const h = harness()

test('after close everything rejects with CLOSED', async () => {
  const a = await h.peer()
  await a.append(op({ put: { a: 1 } }))
  await a.close()
  await expect(a.append(op({ put: { b: 1 } }))).rejects.toMatchObject({ code: 'CLOSED' })
  await expect(a.update()).rejects.toMatchObject({ code: 'CLOSED' })
  await expect(a.flush()).rejects.toMatchObject({ code: 'CLOSED' })
  await expect(a.setLocal(a.key as Uint8Array)).rejects.toMatchObject({ code: 'CLOSED' })
  expect(() => a.replicate(true)).toThrowError(expect.objectContaining({ code: 'CLOSED' }))
  a.wakeup({ key: a.key as Uint8Array, length: 1 })
  expect(a.closed).toBe(true)
  expect(a.opened).toBe(false)
})

test('close is idempotent, and tells it once', async () => {
  const a = await h.peer()
  const closed = collect(a, 'close')
  await Promise.all([a.close(), a.close()])
  await a.close()
  expect(closed.length).toBe(1)
})

test('close before ready lets go of the store', async () => {
  const store = await h.store()
  const a = h.make(store)
  await a.close()
  const again = await h.peer(null, { store })
  await again.append(op({ put: { a: 1 } }))
  expect(await contents(again)).toEqual({ a: '1' })
})

test('close settles appends under way: each is written, or rejects with CLOSED', async () => {
  const store = await h.store()
  const a = await h.peer(null, { store })
  const appends = Array.from({ length: 50 }, (_, i) => a.append(op({ put: { [`${i}`]: i } })))
  const settled = Promise.allSettled(appends)
  await a.close()
  const results = await settled
  const written = results.filter(result => result.status === 'fulfilled').length
  for (const result of results)
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'CLOSED' })
  const again = await h.peer(null, { store })
  expect(again.local.length).toBe(written)
  expect(Object.keys(await contents(again)).length).toBe(written)
})

test('a database closed in the middle of a merge of many entries reopens whole', async () => {
  const a = await h.peer()
  const store = await h.store()
  const b = await h.peer(a.key, { store })
  const cut = await admit(a, b)
  await cut()
  await Promise.all(
    Array.from({ length: 1500 }, (_, i) => a.append(op({ put: { [`a${i}`]: i, same: `a${i}` } })))
  )
  await Promise.all(
    Array.from({ length: 500 }, (_, i) => b.append(op({ put: { [`b${i}`]: i, same: `b${i}` } })))
  )
  connect(a, b)
  // some of it is here, not all
  await until(() => b.stats.applies > 700)
  await b.close()
  const again = await h.peer(a.key, { store })
  expect(again.local.length).toBe(500)
  connect(a, again)
  await sees(a, 'b499')
  await sees(again, 'a1499')
  expect(await contents(again)).toEqual(await contents(a))
  await again.append(op({ put: { on: 1 } }))
  await sees(a, 'on')
})

test('a database closed while apply runs waits for it', async () => {
  let release = () => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  let runs = 0
  const a = await h.peer(null, {
    apply: async (nodes, view, host) => {
      runs++
      await held
      await apply(nodes, view, host)
    }
  })
  const append = a.append(op({ put: { a: 1 } })).then(
    () => 'written',
    error => error.code
  )
  await until(() => runs > 0)
  const closing = a.close()
  release()
  await closing
  expect(['written', 'CLOSED']).toContain(await append)
})

test('appends made before ready are written in their order', async () => {
  const store = await h.store()
  const a = h.make(store)
  await Promise.all([
    a.append(op({ put: { x: 1 } })),
    a.append(op({ put: { x: 2 } })),
    a.append(op({ put: { x: 3 } }))
  ])
  expect(await contents(a)).toEqual({ x: '3' })
  expect(a.local.length).toBe(3)
})

test('the events ready and writable are told once at opening', async () => {
  const store = await h.store()
  const a = h.make(store)
  const ready = collect(a, 'ready')
  const writable = collect(a, 'writable')
  await a.ready()
  await a.append(op({ put: { a: 1 } }))
  expect([ready.length, writable.length]).toEqual([1, 1])
})

test('a database made without a key is found again by the store alone', async () => {
  const store = await h.store()
  const a = await h.peer(null, { store })
  await a.append(op({ put: { a: 1 } }))
  const { key, id } = a
  await a.close()
  for (const again of [null, key, id]) {
    const db = await h.peer(again, { store })
    expect(db.key).toEqual(key)
    expect(db.writable).toBe(true)
    expect(await contents(db)).toEqual({ a: '1' })
    await db.close()
  }
})

test('a view is read while a cycle runs, as it was before', async () => {
  const a = await h.peer()
  await a.append(op({ put: { a: 1 } }))
  const append = a.append(op({ put: { b: 1 } }))
  expect(await contents(a)).toEqual({ a: '1' })
  await append
  expect(await contents(a)).toEqual({ a: '1', b: '1' })
})
