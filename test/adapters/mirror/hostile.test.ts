import b4a from 'b4a'
import c from 'compact-encoding'
import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import crypto from 'hypercore-crypto'
import type Protomux from 'protomux'
import { expect, test } from 'vitest'
import type { MirrorHost } from '../../../adapters/transport/mirror/host.ts'
import {
  LIMITS,
  MESSAGE_TYPES,
  type MirrorMessage,
  OUTGOING,
  PROTOCOL
} from '../../../adapters/transport/mirror/messages.ts'
import { until } from '../../support/peers.ts'
import { type Line, line, mirrorHarness, TestAsker } from './harness.ts'

const m = mirrorHarness()
const NOBODY = { replicate: () => {} }
const key = () => crypto.randomBytes(32)

/** A database that a well-behaved peer has had mirrored, with a block of each of its cores to look for. */
async function mirrored(host: MirrorHost) {
  const { store } = await m.store()
  const core = store.get({ name: 'log' })
  await core.ready()
  await core.append(['first', 'second'])
  const test = new TestAsker({ key: core.key, heads: () => [{ key: core.key, length: core.length }] })
  m.later(() => test.asker.close())
  const way = await line(store, host, { keyPair: test.keyPair })
  test.asker.connect(way.muxerA)
  await test.asker.stored()
  return { ...test, store, core, way }
}

/** Is what is mirrored still given to those who have the key? */
async function isServed(host: MirrorHost, core: Hypercore): Promise<void> {
  const reader: Corestore = (await m.store()).store
  const way = await line(reader, host)
  expect(await reader.get({ key: core.key }).get(0)).toEqual(await core.get(0))
  await way.cut()
}

interface Raw {
  readonly way: Line
  readonly answers: { type: string; bytes: Uint8Array }[]
  readonly channel: Protomux.Channel
  send(type: number, bytes: Uint8Array): void
  say(message: MirrorMessage): void
  isClosed(): boolean
}

/** Speaks the protocol byte by byte. */
async function raw(
  host: MirrorHost,
  handshake: Uint8Array = c.encode(LIMITS as never, { quota: 0, cores: 0 })
): Promise<Raw> {
  const way = await line(NOBODY, host)
  const answers: { type: string; bytes: Uint8Array }[] = []
  let closed = false
  const channel = way.muxerA.createChannel({
    protocol: PROTOCOL,
    handshake: c.raw as never,
    onclose: () => {
      closed = true
    }
  })!
  const messages = MESSAGE_TYPES.map(type =>
    channel.addMessage<Uint8Array>({
      encoding: c.raw as never,
      onmessage: bytes => {
        answers.push({ type, bytes: b4a.from(bytes) })
      }
    })
  )
  way.a.once('close', () => {
    closed = true
  })
  channel.open(handshake)
  return {
    way,
    answers,
    channel,
    send: (type, bytes) => messages[type]!.send(bytes),
    say: message => messages[MESSAGE_TYPES.indexOf(message.type)]!.send(c.encode(OUTGOING as never, message)),
    isClosed: () => closed
  }
}

test('an unauthorised peer gets no channel, and nothing that it says is heard', async () => {
  const allowed = new Set<string>()
  const host = await m.host({
    store: (await m.store()).store,
    isAllowed: publicKey => allowed.has(b4a.toString(publicKey, 'hex'))
  })
  const stranger = await raw(host)
  stranger.say({ type: 'mirror', database: key(), keys: [key()] })
  await until(() => stranger.isClosed())
  expect(stranger.answers).toEqual([])
  expect(host.databases).toEqual([])
})

test('a stranger hears nothing of what a mirror has unless it names it', async () => {
  const host = await m.host({ store: (await m.store()).store })
  const { core } = await mirrored(host)
  const seen: Uint8Array[] = []
  const opened: string[] = []
  // over the same stream the mirror would have opened channels by the time when it rejects this one
  const way = await line(NOBODY, host)
  way.a.noiseStream.on('data', (bytes: unknown) => seen.push(b4a.from(bytes as Uint8Array)))
  way.muxerA.pair({ protocol: 'hypercore/alpha' }, id => {
    opened.push(b4a.toString(id!, 'hex'))
  })
  const rejected = await new Promise(resolve => {
    const channel = way.muxerA.createChannel({
      protocol: 'hypercore/alpha',
      id: key(),
      handshake: c.raw as never,
      onclose: resolve
    })!
    channel.open(b4a.alloc(0))
  })
  expect(rejected).toBe(true)
  expect(opened).toEqual([])
  const said = b4a.concat(seen)
  for (const secret of [core.key, core.discoveryKey, b4a.from('first')])
    expect(b4a.indexOf(said, secret)).toBe(-1)
  // a Corestore with the same core tells everybody
  const { store } = await m.store()
  await store.get({ key: core.key }).ready()
  const told: string[] = []
  const other = await line(NOBODY, store)
  other.muxerA.pair({ protocol: 'hypercore/alpha' }, id => {
    told.push(b4a.toString(id!, 'hex'))
  })
  await until(() => told.includes(b4a.toString(core.discoveryKey, 'hex')))
})

test('who knows a discovery key but not the key gets no block', async () => {
  const host = await m.host({ store: (await m.store()).store })
  const { core } = await mirrored(host)
  const seen: Uint8Array[] = []
  const way = await line(NOBODY, host)
  way.a.noiseStream.on('data', (bytes: unknown) => seen.push(b4a.from(bytes as Uint8Array)))
  const channel = way.muxerA.createChannel({
    protocol: 'hypercore/alpha',
    id: core.discoveryKey,
    handshake: c.raw as never
  })!
  const messages = Array.from({ length: 10 }, () => channel.addMessage({ encoding: c.raw as never }))
  // seeks, and a capability that is not of this stream
  channel.open(b4a.concat([b4a.from([1]), key()]))
  // request: block 0
  for (let i = 0; i < 3; i++) messages[1]!.send(b4a.from([1, 1, 0, 0, 0, 0, 0, 0]))
  await new Promise(resolve => way.a.once('close', resolve as () => void))
  expect(b4a.indexOf(b4a.concat(seen), b4a.from('first'))).toBe(-1)
  await isServed(host, core)
})

test('noise on the channel, and on its handshake, ends nobody else', async () => {
  const host = await m.host({ store: (await m.store()).store })
  const { core, asker } = await mirrored(host)
  const before = host.databases
  for (let round = 0; round < 100; round++) {
    const evil = await raw(host, round % 4 === 0 ? crypto.randomBytes(1 + (round % 40)) : undefined)
    const size = ((round * 37) % 400) + 1
    for (let i = 0; i < 5; i++) evil.send((round + i) % 5, crypto.randomBytes(size))
    await until(() => evil.isClosed())
    await evil.way.cut()
  }
  // what is well-formed but for its end
  const whole = c.encode(OUTGOING as never, { type: 'mirror', database: key(), keys: [key(), key()] })
  for (let length = 0; length < whole.length; length += 7) {
    const evil = await raw(host)
    evil.send(0, whole.subarray(0, length))
    await until(() => evil.isClosed())
  }
  expect(host.databases).toEqual(before)
  await core.append('third')
  asker.look()
  await asker.stored()
  await isServed(host, core)
})

test('a million cores are refused with the numbers, and whoever goes on is closed on', async () => {
  const host = await m.host({ store: (await m.store()).store, maxCores: 300 })
  const { core } = await mirrored(host)
  const evil = await raw(host)
  const database = key()
  const keys = () => Array.from({ length: 256 }, key)
  for (let i = 0; i < 2; i++) evil.say({ type: 'mirror', database, keys: keys() })
  await until(() => evil.answers.some(({ type }) => type === 'refused'))
  for (let i = 0; i < 4000 && !evil.isClosed(); i++) evil.say({ type: 'mirror', database, keys: keys() })
  await until(() => evil.isClosed())
  const cores = host.databases.map(({ cores }) => cores)
  expect(Math.max(...cores)).toBeLessThanOrEqual(300)
  await isServed(host, core)
})

test('keys that exist nowhere take a place, and hold up nothing', async () => {
  const host = await m.host({ store: (await m.store()).store })
  const { core, asker, keyPair } = await mirrored(host)
  const nowhere = key()
  const evil = await raw(host)
  evil.say({ type: 'mirror', database: core.key, keys: [nowhere] })
  await until(() => evil.answers.length > 0)
  await core.append('third')
  asker.look()
  await asker.stored()
  expect(host.databases).toMatchObject([{ cores: 2, isComplete: true, askers: { length: 2 } }])
  expect(host.databases[0]!.askers).toContain(b4a.toString(keyPair.publicKey, 'hex'))
  await isServed(host, core)
})

test('nothing of the store that is there for other reasons is mirrored, nor the record', async () => {
  const { store } = await m.store()
  const own = store.get({ name: 'own' })
  await own.ready()
  await own.append('private')
  const host = await m.host({ store })
  const { core } = await mirrored(host)
  const record = store.get({ name: 'autobee/mirror' })
  await record.ready()
  const peer = key()
  for (const foreign of [own.key, record.key])
    for (const database of [foreign, core.key])
      expect(await host.mirror(peer, { database, keys: [foreign] })).toMatchObject({ reason: 'FOREIGN' })
  expect(host.databases).toMatchObject([{ cores: 1 }])
  // not even to those who have the key
  const reader = (await m.store()).store
  const way = await line(reader, host)
  const copy = reader.get({ key: own.key })
  await copy.ready()
  await reader.get({ key: core.key }).get(0)
  expect(copy.peers).toEqual([])
  await way.cut()
})

test('a mirror that lies fills nobody’s memory, and one that breaks the protocol is told of', async () => {
  const { asker, errors, keyPair } = new TestAsker({
    key: b4a.alloc(32, 1),
    heads: () => [{ key: b4a.alloc(32, 1), length: 5 }]
  })
  m.later(() => asker.close())
  const told: string[] = []
  const liar = {
    replicate(stream: Hypercore.ReplicationStream): void {
      const muxer = stream.noiseStream.userData as Protomux
      const channel = muxer.createChannel({ protocol: PROTOCOL, handshake: LIMITS as never })!
      const messages = MESSAGE_TYPES.map(type =>
        channel.addMessage<Uint8Array>({
          encoding: c.raw as never,
          onmessage: () => {
            told.push(type)
          }
        })
      )
      channel.open({ quota: 1, cores: 1 })
      const say = (message: MirrorMessage) =>
        messages[MESSAGE_TYPES.indexOf(message.type)]!.send(c.encode(OUTGOING as never, message))
      const database = b4a.alloc(32, 1)
      for (let i = 0; i < 50; i++) {
        const heads = Array.from({ length: 256 }, () => ({ key: key(), length: 1 }))
        say({ type: 'held', database, heads })
        say({ type: 'held', database: key(), heads: [{ key: b4a.alloc(32, 1), length: 9 }] })
      }
      say({ type: 'mirror', database, keys: [] })
    }
  }
  const way = await line(NOBODY, liar, { keyPair })
  asker.connect(way.muxerA)
  await until(() => errors.length > 0)
  expect(errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'PROTOCOL' })
  expect(asker.progress).toEqual({ cores: 1, storedCores: 0, blocks: 5, storedBlocks: 0 })
})

test('a writer who signs two versions changes nothing of what is here', async () => {
  const host = await m.host({ store: (await m.store()).store })
  const keyPair = crypto.keyPair()
  const manifest = { version: 1, signers: [{ publicKey: keyPair.publicKey }] }
  const version = async (blocks: string[]) => {
    const { store } = await m.store()
    const core = store.get({ keyPair, manifest })
    await core.ready()
    await core.append(blocks)
    return { store, core }
  }
  const [honest, forked] = [await version(['a', 'b']), await version(['x', 'y', 'z'])]
  const { asker, keyPair: own } = new TestAsker({
    key: honest.core.key,
    heads: () => [{ key: honest.core.key, length: 2 }]
  })
  m.later(() => asker.close())
  const errors: string[] = []
  host.on('error', error => errors.push(error.code))
  const way = await line(honest.store, host, { keyPair: own })
  asker.connect(way.muxerA)
  await asker.stored()
  await line(forked.store, host)
  await until(() => errors.includes('CONFLICT'))
  // what is here is given away still
  const reader = (await m.store()).store
  await line(reader, host)
  expect(await reader.get({ key: honest.core.key }).get(1)).toEqual(b4a.from('b'))
  const { core } = await mirrored(host)
  await isServed(host, core)
})
