import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import crypto from 'hypercore-crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openStore } from '../../adapters/entry/node.ts'
import { type Autobee, AutobeeError, type KeyLike } from '../../src/index.ts'
import { connect, contents, op, openPeer, until } from '../support/peers.ts'

/** What docs/GUIDE.md says of backups, with folders: the right way, and the wrong one. */
let folder: string
let opened: Autobee[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autobee-backup-'))
  opened = []
})

afterEach(async () => {
  for (const db of opened) await close(db)
  await rm(folder, { recursive: true, force: true })
})

async function open(name: string, key: KeyLike | null = null): Promise<Autobee> {
  const db = await openPeer(await openStore(join(folder, name)), key)
  db.on('error', () => {})
  opened.push(db)
  return db
}

async function close(db: Autobee): Promise<void> {
  await db.close()
  await db.store.close()
}

function copy(from: string, to: string): Promise<void> {
  return cp(join(folder, from), join(folder, to), { recursive: true })
}

/** As the guide says: only where no other copy will be opened again. */
function release(name: string): Promise<void> {
  return rm(join(folder, name, 'CORESTORE'))
}

const sees = (db: Autobee, key: string) => until(async () => key in (await contents(db)))

/** Ada's store is copied after `early`; she has written `since` and `late` after that, which Bob has; then she loses it. */
async function lostAfterBackup(): Promise<Autobee> {
  let ada = await open('ada')
  const bob = await open('bob', ada.key)
  let cut = connect(ada, bob)
  await ada.append(op({ addWriter: bob.local.id }))
  await ada.append(op({ put: { early: 1 } }))
  await until(() => bob.writable)
  await sees(bob, 'early')
  await cut()
  await close(ada)
  await copy('ada', 'backup')
  ada = await open('ada')
  cut = connect(ada, bob)
  for (const key of ['since', 'late']) await ada.append(op({ put: { [key]: 1 } }))
  await sees(bob, 'late')
  await cut()
  await close(ada)
  return bob
}

test('a copied folder does not open by itself: STORE_FAILED, MOVED', async () => {
  await lostAfterBackup()
  await copy('backup', 'restored')
  await expect(openStore(join(folder, 'restored'))).rejects.toMatchObject({
    code: 'STORE_FAILED',
    reason: 'MOVED'
  })
})

test('restored, and with a writer key of its own at once: it gets back what the old key wrote since, and writes on', async () => {
  const bob = await lostAfterBackup()
  await copy('backup', 'restored')
  await release('restored')
  const restored = await open('restored')
  await restored.setLocal(crypto.keyPair())
  await expect(restored.append(op({ put: { now: 1 } }))).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
  const cut = connect(restored, bob)
  await bob.append(op({ addWriter: restored.local.id }))
  await until(() => restored.writable)
  await restored.append(op({ put: { now: 1 } }))
  await sees(bob, 'now')
  expect(await contents(restored)).toEqual({ early: '1', late: '1', now: '1', since: '1' })
  expect(await contents(bob)).toEqual(await contents(restored))
  expect([...bob.writers].map(({ state }) => state)).toEqual(['active', 'active', 'active'])
  await cut()
})

test('so may two copies of the same folder', async () => {
  const bob = await lostAfterBackup()
  const cuts = []
  for (const name of ['first', 'second']) {
    await copy('backup', name)
    await release(name)
    const db = await open(name)
    await db.setLocal(crypto.keyPair())
    cuts.push(connect(db, bob))
    await bob.append(op({ addWriter: db.local.id }))
    await until(() => db.writable)
    await db.append(op({ put: { [name]: 1 } }))
    await sees(bob, name)
  }
  expect(Object.keys(await contents(bob))).toEqual(['early', 'first', 'late', 'second', 'since'])
  expect([...bob.writers].every(({ state }) => state === 'active')).toBe(true)
  for (const cut of cuts) await cut()
})

test('restored with its old key and connected first, it recovers what it wrote since, and goes on without a fork', async () => {
  const bob = await lostAfterBackup()
  await copy('backup', 'restored')
  await release('restored')
  const restored = await open('restored')
  const recovered: unknown[] = []
  restored.on('recovered', range => recovered.push(range))
  const cut = connect(restored, bob)
  await until(() => recovered.length > 0)
  await restored.flush()
  expect(recovered).toEqual([{ from: 2, to: 4 }])
  await restored.append(op({ put: { now: 1 } }))
  await sees(bob, 'now')
  expect(await contents(bob)).toEqual({ early: '1', late: '1', now: '1', since: '1' })
  expect([...bob.writers].map(({ state }) => state)).toEqual(['active', 'active'])
  await cut()
})

test('the wrong way: appended to before it has met anybody, its log is forked: CONFLICT; setLocal is the way out', async () => {
  const bob = await lostAfterBackup()
  await copy('backup', 'wrong')
  await release('wrong')
  const wrong = await open('wrong')
  await wrong.append(op({ put: { lost: 1 } }))
  let conflicts = 0
  for (const db of [wrong, bob]) db.on('conflict', () => conflicts++)
  let cut = connect(wrong, bob)
  await until(() => conflicts === 2)
  for (const db of [wrong, bob]) await until(() => [...db.writers][0]?.state === 'frozen')
  const refused = await wrong.append(op({ put: { more: 1 } })).catch(error => error)
  expect(AutobeeError.is(refused, 'CONFLICT')).toBe(true)
  await cut()

  await wrong.setLocal(crypto.keyPair())
  cut = connect(wrong, bob)
  await bob.append(op({ addWriter: wrong.local.id }))
  await until(() => wrong.writable)
  await wrong.append(op({ put: { on: 1 } }))
  await sees(bob, 'on')
  expect(await contents(wrong)).toEqual({ early: '1', late: '1', on: '1', since: '1' })
  expect(await contents(bob)).toEqual(await contents(wrong))
  await cut()
})

test('two versions of the same length are noticed when one of them grows', async () => {
  const bob = await lostAfterBackup()
  await copy('backup', 'wrong')
  await release('wrong')
  const wrong = await open('wrong')
  for (const key of ['lost', 'lost too']) await wrong.append(op({ put: { [key]: 1 } }))
  let conflicts = 0
  for (const db of [wrong, bob]) db.on('conflict', () => conflicts++)
  const cut = connect(wrong, bob)
  // something else gets through, so they have met
  await bob.append(op({ put: { other: 1 } }))
  await sees(wrong, 'other')
  expect(conflicts).toBe(0)
  await wrong.append(op({ put: { more: 1 } }))
  await until(() => conflicts === 2)
  await cut()
})

test('a peer that only reads has all that was written, for whoever comes next', async () => {
  const bob = await lostAfterBackup()
  const reader = await open('reader', bob.key)
  let cut = connect(reader, bob)
  await sees(reader, 'late')
  await cut()
  await close(bob)
  const next = await open('next', bob.key)
  cut = connect(next, reader)
  await sees(next, 'late')
  expect(await contents(next)).toEqual({ early: '1', late: '1', since: '1' })
  await cut()
})
