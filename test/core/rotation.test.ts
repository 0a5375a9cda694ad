import b4a from 'b4a'
import crypto from 'hypercore-crypto'
import { expect, test } from 'vitest'
import { admit, collect, connect, contents, harness, op, sees, until } from './harness.ts'

const h = harness()

test('setLocal by key pair goes on with another oplog, which has to be added first', async () => {
  const store = await h.store()
  const a = await h.peer(null, { store })
  const unwritable = collect(a, 'unwritable')
  await a.append(op({ put: { before: 1 } }))
  const keyPair = crypto.keyPair()
  await a.setLocal(keyPair)
  expect(a.local.key).not.toEqual(a.key)
  expect(a.local.length).toBe(0)
  expect(a.writable).toBe(false)
  expect(unwritable.length).toBe(1)
  expect(await contents(a)).toEqual({ before: '1' })
  await expect(a.append(op({ put: { no: 1 } }))).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
})

test('a rotated writer is added by another, appends, and survives reopening', async () => {
  const a = await h.peer()
  const store = await h.store()
  const b = await h.peer(a.key, { store })
  const cut = await admit(a, b)
  await b.append(op({ put: { old: 1 } }))
  await sees(a, 'old')
  const old = b.local.key
  const writable = collect(b, 'writable')
  await b.setLocal(crypto.keyPair())
  await a.append(op({ addWriter: b.local.id, indexer: false }))
  await until(() => b.writable)
  expect(writable.length).toBe(1)
  expect(b.isIndexer).toBe(false)
  expect(await b.append(op({ put: { new: 1 } }))).toEqual({ key: b.local.key, length: 1 })
  await sees(a, 'new')
  const key = b.local.key
  expect([...b.writers].map(writer => writer.isLocal)).toEqual([false, false, true])
  await cut()
  await b.close()
  const again = await h.peer(a.key, { store })
  expect(again.local.key).toEqual(key)
  expect(await contents(again)).toEqual({ old: '1', new: '1' })
  expect(await again.append(op({ put: { again: 1 } }))).toMatchObject({ length: 2 })
  connect(a, again)
  await sees(a, 'again')
  expect([...a.writers].find(writer => writer.isLocal === false)?.key).toEqual(old)
})

test('setLocal by key goes back to an oplog that the store has the secret key of', async () => {
  const store = await h.store()
  const a = await h.peer(null, { store })
  await a.append(op({ put: { one: 1 } }))
  await a.setLocal(crypto.keyPair())
  const rotated = a.local.key
  await a.setLocal(a.key as Uint8Array)
  expect(a.writable).toBe(true)
  expect(await a.append(op({ addWriter: a.local.id, put: { two: 1 } }))).toMatchObject({ length: 2 })
  await a.append(op({ addWriter: b4a.toString(rotated, 'hex') }))
  await a.setLocal(rotated)
  await a.append(op({ put: { three: 1 } }))
  await a.close()
  const again = await h.peer(null, { store })
  expect(again.local.key).toEqual(rotated)
  expect(await contents(again)).toEqual({ one: '1', two: '1', three: '1' })
})

test('appends under way when setLocal is called are written to the old oplog, or refused', async () => {
  const a = await h.peer()
  const appends = Array.from({ length: 20 }, (_, i) => a.append(op({ put: { [`${i}`]: i } })))
  const settled = Promise.allSettled(appends)
  const rotated = a.setLocal(crypto.keyPair())
  const results = await settled
  await rotated
  for (const result of results) {
    if (result.status === 'fulfilled') expect(result.value.key).toEqual(a.key)
    else expect(result.reason).toMatchObject({ code: 'NOT_WRITABLE' })
  }
  const written = results.filter(result => result.status === 'fulfilled').length
  expect(Object.keys(await contents(a)).length).toBe(written)
})

test('setLocal to the oplog that is local already changes nothing', async () => {
  const a = await h.peer()
  await a.append(op({ put: { one: 1 } }))
  await a.setLocal(a.local.key)
  expect(await a.append(op({ put: { two: 1 } }))).toMatchObject({ length: 2 })
})

test('a setLocal that is refused leaves the local writer as it was', async () => {
  const a = await h.peer()
  await a.append(op({ put: { one: 1 } }))
  const b = await h.peer()
  await expect(a.setLocal(b.local.key)).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
  expect(await a.append(op({ put: { two: 1 } }))).toMatchObject({ key: a.key, length: 2 })
})

test('the old oplog stays a normal writer: its entries arrive, and another instance may go on with it', async () => {
  const keyPair = crypto.keyPair()
  const a = await h.peer()
  const b = await h.peer(a.key, { keyPair })
  const cut = await admit(a, b)
  await b.append(op({ put: { one: 1 } }))
  await sees(a, 'one')
  await b.setLocal(crypto.keyPair())
  await cut()
  const heir = await h.peer(a.key, { keyPair })
  connect(a, heir)
  await until(() => heir.writable)
  await until(() => heir.local.length === 1)
  await heir.append(op({ put: { heir: 1 } }))
  await sees(a, 'heir')
  connect(a, b)
  await sees(b, 'heir')
  expect(await contents(b)).toEqual(await contents(a))
})

test('the option keyPair makes the local writer, of a new database too', async () => {
  const keyPair = crypto.keyPair()
  const store = await h.store()
  const a = await h.peer(null, { keyPair, store })
  await a.append(op({ put: { a: 1 } }))
  expect(a.local.key).toEqual(a.key)
  await a.close()
  const again = await h.peer(null, { keyPair, store })
  expect(again.key).toEqual(a.key)
  expect(await contents(again)).toEqual({ a: '1' })
})
