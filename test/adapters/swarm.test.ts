import b4a from 'b4a'
import createTestnet from 'hyperdht/testnet.js'
import Hyperswarm from 'hyperswarm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { joinSwarm } from '../../adapters/transport/swarm.ts'
import { Autobee } from '../../src/index.ts'
import { contents, op, openPeer, until } from '../support/peers.ts'
import { network, record } from './network.ts'

let testnet: Awaited<ReturnType<typeof createTestnet>>
const net = network()

beforeAll(async () => {
  testnet = await createTestnet(3)
})

afterAll(() => testnet.destroy())

/** A swarm of its own on 127.0.0.1. */
function swarm(): Hyperswarm {
  const one = new Hyperswarm({ dht: testnet.createNode({ firewalled: false }) })
  net.onend(() => one.destroy())
  return one
}

function topic(byte: number): Uint8Array {
  return b4a.alloc(32, byte)
}

test('two Autobees that know one key find each other, both write, and they converge', async () => {
  const a = await net.peer()
  const b = await net.peer(a.key)
  const first = net.kept(joinSwarm(a, swarm()))
  expect(first.topics).toEqual([a.discoveryKey])
  await first.flushed()
  const second = net.kept(joinSwarm(b, swarm()))
  await Promise.all([first.connected(), second.connected()])
  expect([first.status, second.status]).toEqual(['connected', 'connected'])
  expect(second.peers[0]?.address).toMatch(/^127\.0\.0\.1:\d+$/)
  await a.append(op({ addWriter: b4a.toString(b.local.key, 'hex') }))
  await until(() => b.writable)
  await Promise.all([a.append(op({ put: { a: 1 } })), b.append(op({ put: { b: 2 } }))])
  for (const db of [a, b]) await until(async () => Object.keys(await contents(db)).length === 2)
  expect(await contents(a)).toEqual(await contents(b))
})

test('two bare Corestores meet under the topics that they are given', async () => {
  const [left, right] = [await net.store(), await net.store()]
  const core = left.get({ name: 'log' })
  await core.append(b4a.from('hello'))
  const topics = [core.discoveryKey, topic(1), core.discoveryKey]
  const server = net.kept(joinSwarm(left, swarm(), { topics, client: false }))
  expect(server.topics).toEqual([core.discoveryKey, topic(1)])
  await server.flushed()
  const client = net.kept(joinSwarm(right, swarm(), { topics: [topic(1)], server: false }))
  const copy = right.get({ key: core.key })
  expect(b4a.toString((await copy.get(0)) as Uint8Array)).toBe('hello')
  expect([server.peers[0]?.isInitiator, client.peers[0]?.isInitiator]).toEqual([false, true])
})

test('with nobody there, flushed() resolves, and the status says what goes on', async () => {
  const store = await net.store()
  const server = net.kept(joinSwarm(store, swarm(), { topics: [topic(2)] }))
  const client = net.kept(joinSwarm(store, swarm(), { topics: [topic(3)], server: false }))
  expect([server.status, client.status]).toEqual(['connecting', 'connecting'])
  await Promise.all([server.flushed(), client.flushed()])
  await until(() => server.status === 'listening' && client.status === 'waiting')
  expect([server.peers, client.peers]).toEqual([[], []])
})

test('close leaves the topics, ends the connections, and leaves the swarm to its owner', async () => {
  const [left, right] = [await net.store(), await net.store()]
  const [mine, other] = [swarm(), swarm()]
  const far = net.kept(joinSwarm(left, other, { topics: [topic(4)] }))
  await far.flushed()
  const near = joinSwarm(right, mine, { topics: [topic(4)] })
  await near.connected()
  const [seen, seenThere] = [record(near), record(far)]
  await Promise.all([near.close(), near.close()])
  expect([near.status, near.peers, seen.gone, seen.errors]).toEqual(['closed', [], 1, []])
  expect([mine.destroyed, [...mine.topics()], mine.connections.size]).toEqual([false, [], 0])
  expect(mine.listenerCount('connection')).toBe(1)
  await expect(near.connected()).rejects.toMatchObject({ code: 'CLOSED' })
  await near.flushed()
  await until(() => seenThere.gone === 1)
  const again = net.kept(joinSwarm(right, mine, { topics: [topic(4)] }))
  await again.connected()
})

test('whoever dials a swarm that nothing uses any more does it no harm', async () => {
  const [left, right] = [await net.store(), await net.store()]
  const [mine, other] = [swarm(), swarm()]
  const near = joinSwarm(left, mine, { topics: [topic(5)] })
  await near.flushed()
  await near.close()
  other.joinPeer(mine.keyPair.publicKey)
  const far = net.kept(joinSwarm(right, other, { topics: [topic(6)] }))
  await far.connected()
  await until(() => mine.connections.size === 1)
  for (const connection of mine.connections) connection.destroy(new Error('on purpose'))
  await until(() => far.peers.length === 0)
})

test('connections that were there before are used, too', async () => {
  const [left, right] = [await net.store(), await net.store()]
  const core = left.get({ name: 'log' })
  await core.append(b4a.from('hello'))
  const [mine, other] = [swarm(), swarm()]
  for (const one of [mine, other]) one.on('connection', connection => connection.on('error', () => {}))
  await mine.join(topic(7)).flushed()
  other.join(topic(7))
  await until(() => mine.connections.size === 1 && other.connections.size === 1)
  net.kept(joinSwarm(left, mine, { topics: [topic(8)] }))
  const far = joinSwarm(right, other, { topics: [topic(9)] })
  const seen = record(net.kept(far))
  const copy = right.get({ key: core.key })
  expect(b4a.toString((await copy.get(0)) as Uint8Array)).toBe('hello')
  expect(seen.peers).toBe(1)
})

test('several databases share a swarm; the one that leaves first does not cut off the others', async () => {
  const [left, right] = [await net.store(), await net.store()]
  const [mine, other] = [swarm(), swarm()]
  const a = await openPeer(left)
  const b = await openPeer(right, a.key)
  for (const db of [a, b]) net.onend(() => db.close())
  const far = net.kept(joinSwarm(a, other))
  await far.flushed()
  const near = net.kept(joinSwarm(b, mine))
  const second = joinSwarm(right, mine, { topics: [topic(10)] })
  await Promise.all([near.connected(), second.connected()])
  const seen = record(near)
  await second.close()
  expect([second.peers, near.peers.length, seen.gone]).toEqual([[], 1, 0])
  await a.append(op({ put: { hello: 'world' } }))
  await until(async () => (await contents(b)).hello === 'world')
})

test('a target that is closed ends its handle; a swarm that is destroyed ends its connections', async () => {
  const a = await net.peer()
  const b = await net.peer(a.key)
  const [mine, other] = [swarm(), swarm()]
  const near = net.kept(joinSwarm(a, mine))
  await near.flushed()
  const far = net.kept(joinSwarm(b, other))
  await Promise.all([near.connected(), far.connected()])
  const seen = record(near)
  await a.close()
  await until(() => near.status === 'closed')
  expect(seen.errors.at(-1)).toMatchObject({ code: 'CLOSED' })
  expect([mine.destroyed, [...mine.topics()]]).toEqual([false, []])
  await other.destroy()
  await until(() => far.peers.length === 0)
  await far.close()
  expect(() => joinSwarm(b, other)).toThrowError(expect.objectContaining({ code: 'CLOSED' }))
  expect(() => joinSwarm(a, mine)).toThrowError(expect.objectContaining({ code: 'CLOSED' }))
})

test('wrong arguments: INVALID_ARGUMENT', async () => {
  const [store, other] = [await net.store(), swarm()]
  const db = new Autobee(await net.store(), null, { apply: () => {} })
  net.onend(() => db.close())
  const wrong: unknown[][] = [
    [{}, other],
    [store, {}],
    [store, null],
    // a Corestore has no topic of its own, and an Autobee has none before ready()
    [store, other],
    [db, other],
    [store, other, { topics: [] }],
    [store, other, { topics: [b4a.alloc(31)] }],
    [store, other, { topics: topic(1) }],
    [store, other, { topics: [topic(1)], server: false, client: false }]
  ]
  for (const args of wrong)
    expect(() => joinSwarm(...(args as Parameters<typeof joinSwarm>))).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' })
    )
  expect([...other.topics()]).toEqual([])
})
