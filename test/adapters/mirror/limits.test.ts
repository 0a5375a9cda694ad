import b4a from 'b4a'
import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import crypto from 'hypercore-crypto'
import type Protomux from 'protomux'
import { expect, test } from 'vitest'
import type { MirrorHost } from '../../../adapters/transport/mirror/host.ts'
import { MOST_KEYS } from '../../../adapters/transport/mirror/messages.ts'
import { createMirror } from '../../../adapters/transport/mirror.ts'
import { until } from '../../support/peers.ts'
import { line, mirrorHarness, TestAsker } from './harness.ts'
import { mirrors } from './net.ts'
import { rawChannel } from './raw.ts'

const m = mirrorHarness()
const net = mirrors()
const NOBODY = { replicate: () => {} }
const QUOTA = 2000

async function writer(...names: string[]): Promise<{ store: Corestore; cores: Hypercore[] }> {
  const { store } = await m.store()
  const cores = names.map(name => store.get({ name }))
  await Promise.all(cores.map(core => core.ready()))
  return { store, cores }
}

async function ask(store: Corestore, host: MirrorHost, cores: Hypercore[]) {
  const heads = () => cores.map(({ key, length }) => ({ key, length }))
  const test = new TestAsker({ key: cores[0]!.key, heads })
  m.later(() => test.asker.close())
  const way = await line(store, host, { keyPair: test.keyPair })
  test.asker.connect(way.muxerA)
  return { ...test, way }
}

/** Signs the log anew, with roots of no bytes: Hypercore compares hashes, and takes the sizes as they are said. */
async function denyBytes(core: Hypercore): Promise<void> {
  type Root = { size: number }
  const inner = core.core as unknown as {
    verifier: { sign(batch: unknown, keyPair: unknown): Uint8Array }
    header: { keyPair: unknown }
    state: {
      roots: Root[]
      byteLength: number
      signature: Uint8Array
      createTreeBatch(): unknown
      storage: { write(): { putTreeNode(node: Root): void; flush(): Promise<void> } }
    }
  }
  const { state } = inner
  const tx = state.storage.write()
  for (const root of state.roots) {
    root.size = 0
    tx.putTreeNode(root)
  }
  await tx.flush()
  state.byteLength = 0
  state.signature = inner.verifier.sign(state.createTreeBatch(), inner.header.keyPair)
}

test('a writer who signs fewer bytes than its blocks have gets none past the quota', async () => {
  const { store, cores } = await writer('one', 'two')
  const [honest, liar] = cores as [Hypercore, Hypercore]
  await liar.append(Array.from({ length: 4 }, () => crypto.randomBytes(QUOTA)))
  await denyBytes(liar)
  const mine = (await m.store()).store
  const host = await m.host({ store: mine, quota: QUOTA })
  const codes: string[] = []
  host.on('error', error => codes.push(error.code))
  const { asker } = await ask(store, host, [honest, liar])
  await until(() => codes.length > 0)
  expect(codes).toEqual(['ENTRY_TOO_LARGE'])
  expect(await mine.storage.hasCore(liar.discoveryKey)).toBe(false)
  expect(host.databases).toMatchObject([{ bytes: 0 }])
  await honest.append('fine')
  asker.look()
  await until(() => asker.progress.storedBlocks === 1)
})

test('blocks that come twice, from two peers, make nobody a liar', async () => {
  const { store, cores } = await writer('one')
  const core = cores[0]!
  await core.append(Array.from({ length: 400 }, () => crypto.randomBytes(100)))
  const second = (await m.store()).store
  const copy = second.get({ key: core.key })
  await line(second, store)
  await copy.download({ start: 0, end: 400 }).done()
  const host = await m.host({ store: (await m.store()).store })
  const errors: unknown[] = []
  host.on('error', error => errors.push(error))
  const [one, two] = await Promise.all([ask(store, host, cores), ask(second, host, [copy])])
  await Promise.all([one.asker.stored(), two.asker.stored()])
  expect(errors).toEqual([])
})

test('a core of two databases grows for the one that has room, also when the other is full', async () => {
  const { store, cores } = await writer('one', 'two', 'shared')
  const [one, two, shared] = cores as [Hypercore, Hypercore, Hypercore]
  await one.append(b4a.alloc(1200))
  await shared.append(b4a.alloc(100))
  const host = await m.host({ store: (await m.store()).store, quota: QUOTA })
  await (await ask(store, host, [one, shared])).asker.stored()
  const { asker } = await ask(store, host, [two, shared])
  for (let i = 0; i < 4; i++) {
    await asker.stored()
    await shared.append(b4a.alloc(250))
  }
  await asker.stored()
  expect(host.databases).toMatchObject([{ isFull: true }, { isFull: false, isComplete: true }])
})

test('what another peer named and does not fit is not refused to this one', async () => {
  const { store, cores } = await writer('one', 'two')
  const [one, two] = cores as [Hypercore, Hypercore]
  await two.append(b4a.alloc(5000))
  const host = await m.host({ store: (await m.store()).store, quota: QUOTA })
  const first = await ask(store, host, [one])
  await first.asker.stored()
  const second = await ask(store, host, [one, two])
  await expect(second.asker.stored()).rejects.toMatchObject({ reason: 'FULL' })
  const third = await ask(store, host, [one])
  for (const { asker, refusals } of [first, third]) {
    await one.append(b4a.alloc(10))
    await asker.stored()
    expect(refusals).toEqual([])
  }
})

test('who has the key cannot fill a mirror with what follows a valid signature', async () => {
  const { store, cores } = await writer('one')
  const core = cores[0]!
  await core.append('a')
  const evil = (await m.store()).store
  const copy = evil.get({ key: core.key })
  const first = await line(evil, store)
  await copy.get(0)
  await first.cut()
  const { state } = copy.core as unknown as { state: { signature: Uint8Array } }
  state.signature = b4a.concat([state.signature, crypto.randomBytes(100_000)])
  const mine = (await m.store()).store
  const host = await m.host({ store: mine })
  await host.mirror(b4a.alloc(32), { database: core.key, keys: [] })
  const session = mine.get({ key: core.key })
  await session.ready()
  let refused = 0
  session.on('verification-error', () => refused++)
  await line(evil, host)
  await until(() => refused > 0 || session.length > 0)
  expect(session.length).toBe(0)
  await session.close()
  const { asker } = await ask(store, host, cores)
  await asker.stored()
})

test('a mirror whose store closes while it is opened is closed', async () => {
  const relay = await net.relay()
  const store = await net.store()
  const opening = createMirror({ store, relays: relay.url, allow: [] })
  await Promise.all([expect(opening).rejects.toMatchObject({ code: 'CLOSED' }), store.close()])
})

test('a refusal that was on its way is not the answer to who leaves', async () => {
  const key = crypto.randomBytes(32)
  const { asker, keyPair } = new TestAsker({ key, heads: () => [{ key, length: 1 }] })
  m.later(() => asker.close())
  const late = {
    replicate(stream: Hypercore.ReplicationStream): void {
      const { say } = rawChannel(stream.noiseStream.userData as Protomux, type => {
        if (type !== 'unmirror') return
        say({ type: 'refused', database: key, reason: 'FULL', limit: 1, used: 1, wanted: 2 })
        say({ type: 'forgotten', database: key, isFreed: true })
      })
    }
  }
  const way = await line(NOBODY, late, { keyPair })
  asker.connect(way.muxerA)
  expect(await asker.leave()).toBe(true)
})

test('who has very many cores is not closed on for announcing them', async () => {
  const count = 66 * MOST_KEYS
  const heads = Array.from({ length: count }, () => ({ key: crypto.randomBytes(32), length: 1 }))
  const { key } = heads[0]!
  const host = await m.host({ store: (await m.store()).store, maxCores: 1 })
  let [refused, closed] = [0, false]
  const { asker, keyPair, refusals } = new TestAsker({ key, heads: () => heads })
  m.later(() => asker.close())
  host.on('refused', () => refused++)
  const way = await line(NOBODY, host, { keyPair })
  asker.connect(way.muxerA)
  await until(() => {
    closed ||= refusals.length > 0 && !asker.isConnected
    return closed || refused >= 66
  })
  expect(closed).toBe(false)
})

test('who asks and does not read fills nobody’s memory', async () => {
  const host = await m.host({ store: (await m.store()).store, maxCores: 1000 })
  const way = await line(NOBODY, host)
  const raw = rawChannel(way.muxerA)
  const database = crypto.randomBytes(32)
  const keys = Array.from({ length: 250 }, () => crypto.randomBytes(32))
  const messages = 60
  let asked = 0
  const mirror = host.mirror.bind(host)
  host.mirror = async (...args) => {
    const answer = await mirror(...args)
    asked++
    return answer
  }
  raw.say({ type: 'mirror', database, keys })
  await until(() => raw.answers.length > 0)
  way.a.write = () => false
  let written = 0
  const write = way.muxerB.stream.write.bind(way.muxerB.stream)
  way.muxerB.stream.write = bytes => {
    written += (bytes as Uint8Array).byteLength
    return write(bytes)
  }
  for (let i = 1; i < messages; i++) raw.say({ type: 'mirror', database, keys })
  await until(() => asked === messages)
  await new Promise(resolve => setImmediate(resolve))
  expect(written).toBeLessThan((messages * keys.length * 33) / 3)
})

test('asking and leaving again and again on one connection leaves nothing behind', async () => {
  const host = await m.host({ store: (await m.store()).store })
  const way = await line(NOBODY, host)
  const raw = rawChannel(way.muxerA)
  const before = way.b.noiseStream.listenerCount('close')
  for (let round = 1; round <= 5; round++) {
    const database = crypto.randomBytes(32)
    raw.say({ type: 'mirror', database, keys: [crypto.randomBytes(32), crypto.randomBytes(32)] })
    raw.say({ type: 'unmirror', database })
    await until(() => raw.answers.filter(type => type === 'forgotten').length === round)
  }
  expect(way.b.noiseStream.listenerCount('close')).toBe(before)
})

test('one mirror on a store, so that none voids what another was asked for', async () => {
  const { store } = await m.store()
  const first = await m.host({ store })
  await expect(m.host({ store })).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  await first.close()
  await (await m.host({ store })).close()
})

test('nothing counts as stored while the store closes', async () => {
  const relay = await net.relay()
  const mirror = await net.mirror(relay, { store: await net.store() })
  const store = await net.store()
  const core = store.get({ name: 'one' })
  await core.ready()
  await core.append('a')
  const { publicKey } = mirror
  const asked = net.ask(store, { relay: relay.url, publicKey, cores: [core.key] })
  await asked.stored()
  await core.append('b')
  const closing = store.close()
  await expect(asked.stored()).rejects.toMatchObject({ code: 'CLOSED' })
  await closing
})

test('what a reader downloads later is to be stored as well', async () => {
  const relay = await net.relay()
  const mirror = await net.mirror(relay, { store: await net.store() })
  const { store, cores } = await writer('one')
  await cores[0]!.append(['a', 'b', 'c'])
  const mine = await net.store()
  const { key } = cores[0]!
  const asked = net.ask(mine, { relay: relay.url, publicKey: mirror.publicKey, cores: [key] })
  await asked.stored()
  await line(store, mine)
  const copy = mine.get({ key })
  await copy.get(0)
  await until(() => asked.progress.storedBlocks === 1)
  await copy.download({ start: 0, end: 3 }).done()
  await until(() => asked.progress.storedBlocks === 3)
})
