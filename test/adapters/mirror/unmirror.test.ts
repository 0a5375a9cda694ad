import b4a from 'b4a'
import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import crypto from 'hypercore-crypto'
import { expect, test } from 'vitest'
import { openStore } from '../../../adapters/storage/file.ts'
import { memory } from '../../../adapters/storage/memory.ts'
import type { MirrorHost } from '../../../adapters/transport/mirror/host.ts'
import { MirrorRecord } from '../../../adapters/transport/mirror/record.ts'
import { until } from '../../support/peers.ts'
import { everything } from './contents.ts'
import { line, mirrorHarness, TestAsker } from './harness.ts'

const m = mirrorHarness()

async function writer(...names: string[]): Promise<{ store: Corestore; cores: Hypercore[] }> {
  const { store } = await m.store()
  const cores = names.map(name => store.get({ name }))
  for (const core of cores) {
    await core.ready()
    await core.append(Array.from({ length: 50 }, () => crypto.randomBytes(100)))
  }
  return { store, cores }
}

async function ask(store: Corestore, host: MirrorHost, cores: Hypercore[]): Promise<TestAsker> {
  const heads = cores.map(({ key, length }) => ({ key, length }))
  const test = new TestAsker({ key: cores[0]!.key, heads: () => heads })
  m.later(() => test.asker.close())
  const way = await line(store, host, { keyPair: test.keyPair })
  test.asker.connect(way.muxerA)
  await test.asker.stored()
  return test
}

/** Also the stand-in for RocksDB that pages have. */
async function inMemory(): Promise<Corestore> {
  const store = await openStore(memory())
  m.later(() => store.close())
  return store
}

test.for([
  ['in a folder', async () => (await m.store()).store],
  ['in memory', inMemory]
] as const)(
  '%s: what nobody wants any more leaves nothing in the store, and can be asked for again',
  async ([, open]) => {
    const { store, cores } = await writer('one', 'two')
    const mine = await open()
    const host = await m.host({ store: mine })
    // what every mirror has, whatever it was asked for
    const other = await writer('other')
    await (await ask(other.store, host, other.cores)).asker.leave()
    const before = (await everything(mine)).length
    const { asker } = await ask(store, host, cores)
    expect((await everything(mine)).length).toBeGreaterThan(before + 200)
    expect(await asker.leave()).toBe(true)
    expect(host.databases).toEqual([])
    // three more blocks of the record, and their places in its tree
    expect((await everything(mine)).length).toBeLessThan(before + 30)
    for (const { discoveryKey } of cores) expect(await mine.storage.hasCore(discoveryKey)).toBe(false)
    await ask(store, host, cores)
    expect(host.databases).toMatchObject([{ cores: 2, isComplete: true }])
  }
)

test('nobody frees what another peer wants, and only who asked may leave', async () => {
  const { store, cores } = await writer('one')
  const host = await m.host({ store: (await m.store()).store })
  const first = await ask(store, host, cores)
  const second = await ask(store, host, cores)
  const stranger = b4a.alloc(32, 7)
  expect(await host.unmirror(stranger, cores[0]!.key)).toMatchObject({ reason: 'UNKNOWN' })
  expect(await first.asker.leave()).toBe(false)
  expect(host.databases).toMatchObject([{ cores: 1, isComplete: true, askers: { length: 1 } }])
  expect(await second.asker.leave()).toBe(true)
  expect(host.databases).toEqual([])
})

test('a core that another database has too stays', async () => {
  const { store, cores } = await writer('one', 'two', 'shared')
  const [one, two, shared] = cores as [Hypercore, Hypercore, Hypercore]
  const mine = (await m.store()).store
  const host = await m.host({ store: mine })
  const first = await ask(store, host, [one, shared])
  await ask(store, host, [two, shared])
  expect(await first.asker.leave()).toBe(true)
  expect(host.databases).toMatchObject([{ cores: 2, isComplete: true }])
  expect(await mine.storage.hasCore(one.discoveryKey)).toBe(false)
  const reader = (await m.store()).store
  await line(reader, host)
  expect(await reader.get({ key: shared.key }).get(49)).toEqual(await shared.get(49))
})

test('killed before the storage was freed, a mirror frees it when it starts again', async () => {
  const { store, cores } = await writer('one')
  const place = await m.store()
  const first = await m.host({ store: place.store })
  const { keyPair } = await ask(store, first, cores)
  await first.close()
  const record = await MirrorRecord.open(place.store)
  await record.write([{ type: 'leave', database: cores[0]!.key, asker: keyPair.publicKey }])
  await record.close()
  await place.store.close()
  const mine = await place.reopen()
  expect(await mine.storage.hasCore(cores[0]!.discoveryKey)).toBe(true)
  const host = await m.host({ store: mine })
  expect(host.databases).toEqual([])
  expect(await mine.storage.hasCore(cores[0]!.discoveryKey)).toBe(false)
})

test('whoever runs the mirror can end it, and those who asked are told', async () => {
  const { store, cores } = await writer('one')
  const mine = (await m.store()).store
  const host = await m.host({ store: mine })
  const first = await ask(store, host, cores)
  const second = await ask(store, host, cores)
  expect(await host.forget(b4a.alloc(32))).toBe(false)
  expect(await host.forget(cores[0]!.key)).toBe(true)
  expect(host.databases).toEqual([])
  expect(await mine.storage.hasCore(cores[0]!.discoveryKey)).toBe(false)
  await until(() => first.refusals.length > 0 && second.refusals.length > 0)
  expect(first.refusals).toMatchObject([{ reason: 'UNKNOWN' }])
  expect(first.asker.isStored).toBe(false)
  await expect(second.asker.stored()).rejects.toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'UNKNOWN' })
})
