import { afterEach, expect, test } from 'vitest'
import type { Autobee } from '../../src/index.ts'
import { connect, contents, op, openPeer, until } from '../support/peers.ts'
import { type TempStore, tempStore } from '../support/store.ts'

const stores: TempStore[] = []
const peers: Autobee[] = []

async function peer(key: Uint8Array | null = null): Promise<Autobee> {
  const store = await tempStore()
  stores.push(store)
  const db = await openPeer(store.store, key)
  peers.push(db)
  return db
}

afterEach(async () => {
  await Promise.all(peers.splice(0).map(db => db.close()))
  await Promise.all(stores.splice(0).map(store => store.close()))
})

test('a writer that was added appends, and both see the same', async () => {
  const a = await peer()
  const b = await peer(a.key)
  await expect(b.append(op({ put: { early: 1 } }))).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
  connect(a, b)
  await a.append(op({ addWriter: b.local.id as string }))
  await until(() => b.writable)
  await Promise.all([
    a.append(op({ put: { a: 1 } })),
    b.append([op({ put: { b: 1 } }), op({ put: { c: 1 } })])
  ])
  const whole = { a: '1', b: '1', c: '1' }
  await until(
    async () => Object.keys(await contents(a)).length === 3 && Object.keys(await contents(b)).length === 3
  )
  expect(await contents(a)).toEqual(whole)
  expect(await contents(b)).toEqual(whole)
})

test('two forks of 100 merge to the same view, and reopening changes nothing', async () => {
  const a = await peer()
  const b = await peer(a.key)
  const cut = connect(a, b)
  await a.append(op({ addWriter: b.local.id as string }))
  await until(() => b.writable)
  await cut()
  for (let i = 0; i < 100; i++) {
    await a.append(op({ put: { [`a${i}`]: i, both: `a${i}` } }))
    await b.append(op({ put: { [`b${i}`]: i, both: `b${i}` } }))
  }
  connect(a, b)
  await until(
    async () => Object.keys(await contents(a)).length === 201 && Object.keys(await contents(b)).length === 201
  )
  const merged = await contents(a)
  expect(await contents(b)).toEqual(merged)
  await a.close()
  const again = await openPeer((stores[0] as TempStore).store)
  peers.push(again)
  expect(await contents(again)).toEqual(merged)
  expect(again.stats.undos).toBe(0)
})
