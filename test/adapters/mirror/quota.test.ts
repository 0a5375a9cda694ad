import b4a from 'b4a'
import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import crypto from 'hypercore-crypto'
import { expect, test } from 'vitest'
import { BLOCK_COST } from '../../../adapters/transport/mirror/database.ts'
import type { MirrorHost } from '../../../adapters/transport/mirror/host.ts'
import { until } from '../../core/harness.ts'
import { line, mirrorHarness, TestAsker } from './harness.ts'

const m = mirrorHarness()
const SMALL = 100
const LARGE = 5000
const QUOTA = 2000

const heads = (...cores: Hypercore[]) => cores.map(({ key, length }) => ({ key, length }))

async function writer(...names: string[]): Promise<{ store: Corestore; cores: Hypercore[] }> {
  const { store } = await m.store()
  const cores = names.map(name => store.get({ name }))
  await Promise.all(cores.map(core => core.ready()))
  return { store, cores }
}

async function ask(store: Corestore, host: MirrorHost, cores: Hypercore[]) {
  const test = new TestAsker({ key: cores[0]!.key, heads: () => heads(...cores) })
  m.later(() => test.asker.close())
  const way = await line(store, host, { keyPair: test.keyPair })
  test.asker.connect(way.muxerA)
  return { ...test, way }
}

test('what does not fit is refused with the numbers, and what is there stays and is served', async () => {
  const { store, cores } = await writer('one', 'two')
  const [one, two] = cores as [Hypercore, Hypercore]
  await one.append(b4a.alloc(SMALL, 1))
  const host = await m.host({ store: (await m.store()).store, quota: QUOTA })
  const { asker, refusals, way } = await ask(store, host, cores)
  await asker.stored()
  const used = SMALL + BLOCK_COST
  expect(host.databases).toMatchObject([{ bytes: used, isFull: false }])
  await one.append(b4a.alloc(LARGE, 2))
  await expect(asker.stored()).rejects.toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'FULL' })
  const wanted = used + LARGE + BLOCK_COST
  expect(refusals[0]).toEqual({ reason: 'FULL', limit: QUOTA, used, wanted })
  expect(host.databases).toMatchObject([{ bytes: used, isFull: true, isComplete: false }])
  // another core still fits
  await two.append(b4a.alloc(SMALL, 3))
  asker.look()
  await until(() => asker.progress.storedBlocks === 2)
  expect(host.databases).toMatchObject([{ bytes: 2 * used }])
  await way.cut()
  const reader = (await m.store()).store
  await line(reader, host)
  const copy = reader.get({ key: one.key })
  expect(await copy.get(0)).toEqual(b4a.alloc(SMALL, 1))
  expect(await copy.has(1)).toBe(false)
})

test('a full mirror that starts again counts what it has, and takes the rest when it may have more', async () => {
  const { store, cores } = await writer('one', 'two')
  const [one, two] = cores as [Hypercore, Hypercore]
  await one.append(b4a.alloc(SMALL, 1))
  await two.append(b4a.alloc(LARGE, 2))
  const place = await m.store()
  const first = await m.host({ store: place.store, quota: QUOTA })
  const { asker, way, keyPair } = await ask(store, first, cores)
  await expect(asker.stored()).rejects.toMatchObject({ reason: 'FULL' })
  await until(() => asker.progress.storedBlocks === 1)
  const { bytes } = first.databases[0]!
  await way.cut()
  await first.close()
  await place.store.close()

  const reopened = await place.reopen()
  const second = await m.host({ store: reopened, quota: QUOTA })
  expect(second.databases).toMatchObject([{ bytes, isFull: true }])
  await second.close()

  const third = await m.host({ store: reopened, quota: 2 * LARGE })
  const again = await line(store, third, { keyPair })
  asker.connect(again.muxerA)
  await asker.stored()
  expect(third.databases).toMatchObject([{ isFull: false, isComplete: true }])
})

test('empty blocks count as well', async () => {
  const { store, cores } = await writer('one')
  await cores[0]!.append(Array.from({ length: 100 }, () => b4a.alloc(0)))
  const host = await m.host({ store: (await m.store()).store, quota: QUOTA })
  const { asker } = await ask(store, host, cores)
  await expect(asker.stored()).rejects.toMatchObject({ reason: 'FULL' })
  expect(host.databases).toMatchObject([{ bytes: 0 }])
})

test('databases and cores are counted, in all and for each peer', async () => {
  const { store, cores } = await writer('one', 'two', 'three')
  const limits = { maxDatabases: 2, maxDatabasesPerPeer: 1, maxCores: 2 }
  const host = await m.host({ store: (await m.store()).store, ...limits })
  const [one, two, three] = cores as [Hypercore, Hypercore, Hypercore]
  const keyPair = new TestAsker({ key: one.key, heads: () => [] }).keyPair
  const answer = (asker: Uint8Array, database: Hypercore, keys: Hypercore[] = []) =>
    host.mirror(asker, { database: database.key, keys: keys.map(({ key }) => key) })
  const [p, q, r] = [b4a.alloc(32, 1), b4a.alloc(32, 2), keyPair.publicKey]
  expect(await answer(p, one, [one, two, three])).toMatchObject({ reason: 'CORES', limit: 2, wanted: 3 })
  expect(host.databases).toHaveLength(0)
  expect(await answer(p, one, [one, two])).toMatchObject({ cores: { length: 2 } })
  expect(await answer(p, one, [three])).toMatchObject({ reason: 'CORES', limit: 2, used: 2, wanted: 3 })
  expect(await answer(p, two)).toMatchObject({ reason: 'DATABASES', limit: 1, used: 1, wanted: 2 })
  expect(await answer(q, two)).toMatchObject({ cores: { length: 1 } })
  expect(await answer(r, three)).toMatchObject({ reason: 'DATABASES', limit: 2, used: 2, wanted: 3 })
  expect(host.databases.map(({ cores }) => cores)).toEqual([2, 1])
  void store
})

test('of a core that may not have more not even the growth is stored', async () => {
  const { store, cores } = await writer('one', 'two')
  const [one, two] = cores as [Hypercore, Hypercore]
  await one.append(b4a.alloc(LARGE))
  const mine = (await m.store()).store
  const host = await m.host({ store: mine, quota: QUOTA })
  const { asker } = await ask(store, host, cores)
  await expect(asker.stored()).rejects.toMatchObject({ reason: 'FULL' })
  const held = mine.get({ key: one.key })
  await held.ready()
  const { length } = held
  for (let i = 0; i < 10; i++) {
    await one.append(b4a.alloc(1))
    await two.append(b4a.alloc(1))
    asker.look()
    await until(() => asker.progress.storedBlocks > i)
  }
  // one that was on its way may have come
  expect(held.length).toBeLessThanOrEqual(length + 1)
  await held.close()
})

test('a manifest that is too large is not kept', async () => {
  const keyPair = crypto.keyPair()
  const manifest = {
    version: 2,
    signers: [{ publicKey: keyPair.publicKey }],
    userData: crypto.randomBytes(20_000)
  }
  const { store, cores } = await writer('one')
  const large = store.get({ keyPair, manifest })
  await large.ready()
  await large.append('x')
  const mine = (await m.store()).store
  const host = await m.host({ store: mine })
  const codes: string[] = []
  host.on('error', error => codes.push(error.code))
  const { asker } = await ask(store, host, [cores[0]!, large])
  await until(() => codes.length > 0)
  expect(codes).toEqual(['ENTRY_TOO_LARGE'])
  expect(await mine.storage.hasCore(large.discoveryKey)).toBe(false)
  await cores[0]!.append('fine')
  asker.look()
  await until(() => asker.progress.storedCores === 1)
  expect(await asker.leave()).toBe(true)
  expect(host.databases).toEqual([])
})
