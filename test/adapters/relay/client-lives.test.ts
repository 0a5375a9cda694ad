import { createServer } from 'node:net'
import b4a from 'b4a'
import crypto from 'hypercore-crypto'
import { describe, expect, test } from 'vitest'
import { connectRelay, identityOf } from '../../../adapters/transport/websocket.ts'
import type { Autobee } from '../../../src/index.ts'
import { contents, op, sees } from '../../core/harness.ts'
import { openPeer, until } from '../../support/peers.ts'
import { tempStore } from '../../support/store.ts'
import { record } from '../network.ts'
import { allMet, clients, SOON } from './client-net.ts'

const net = clients()
const DAY = 86_400_000

/** A database that two write to, in two stores that have not met over a relay yet. */
async function two(): Promise<readonly [Autobee & { readonly key: Uint8Array }, Autobee]> {
  const a = await net.peer()
  return [a, await net.peer(a.key)]
}

async function converge(a: Autobee, b: Autobee, name: string): Promise<void> {
  await Promise.all([a, b].map((db, i) => db.writable && db.append(op({ put: { [`${name}${i}`]: 1 } }))))
  await Promise.all([sees(a, `${name}1`), sees(b, `${name}0`)])
  expect(await contents(a)).toEqual(await contents(b))
}

describe('a relay that goes', () => {
  test('and comes back at the same place: both dial again and converge, also on what they wrote meanwhile', async () => {
    const relay = await net.relay()
    const { port } = relay
    const [a, b] = await two()
    const members = [net.member(a, relay), net.member(b, relay)]
    const seen = members.map(record)
    await allMet(...members)
    await a.append(JSON.stringify({ addWriter: b.local.id }))
    await until(() => b.writable)
    await converge(a, b, 'before')
    await relay.close({ grace: 0 })
    await until(() => members.every(({ peers, status }) => peers.length === 0 && status !== 'connected'))
    await Promise.all([a.append(op({ put: { meanwhile0: 1 } })), b.append(op({ put: { meanwhile1: 1 } }))])
    const again = await net.relay({ port })
    await allMet(...members)
    await Promise.all([sees(a, 'meanwhile1'), sees(b, 'meanwhile0')])
    await converge(a, b, 'after')
    for (const { errors, gone, peers } of seen) {
      expect(errors.every(({ code }) => code === 'TRANSPORT_FAILED')).toBe(true)
      expect([gone, peers]).toEqual([1, 2])
    }
    expect(again.channels).toBe(1)
  })

  test('while there is another one: the peers are met there, and each is connected once at any time', async () => {
    const relays = [await net.relay(), await net.relay()]
    const [a, b] = await two()
    const members = [net.member(a, relays), net.member(b, relays)]
    const most = members.map(member => {
      const seen = { most: 0 }
      member.on('peer', () => {
        seen.most = Math.max(seen.most, new Set(member.peers.map(({ stream }) => stream)).size)
      })
      return seen
    })
    await allMet(...members)
    // the pair has one channel too many, which is dropped by both
    await until(() => relays.reduce((sum, { channels }) => sum + channels, 0) === 1)
    await a.append(JSON.stringify({ addWriter: b.local.id }))
    await until(() => b.writable)
    const used = relays.findIndex(({ channels }) => channels === 1)
    await relays[used]?.close({ grace: 0 })
    await until(() => relays[1 - used]?.channels === 1)
    await allMet(...members)
    await converge(a, b, 'over the other')
    expect(most.every(({ most }) => most <= 2)).toBe(true)
    expect(members.map(({ peers }) => peers.length)).toEqual([1, 1])
  })

  test('is noticed before anybody says so when a peer comes anew: what it has now is used', async () => {
    const relay = await net.relay()
    const between = await net.proxy(relay.port)
    const [a, b] = await two()
    const near = net.member(a, relay, { handshakeTimeout: 1_000 })
    const far = net.member(b, `ws://127.0.0.1:${between.port}`)
    await allMet(near, far)
    const [old] = near.peers
    between.freeze()
    net.member(b, relay)
    await until(() => near.peers.length === 1 && near.peers[0] !== old)
    await a.append(op({ put: { news: 1 } }))
    await sees(b, 'news')
  })

  test('that was never there: an error each time, and growing pauses', async () => {
    const relay = await net.relay()
    const { url } = relay
    await relay.close()
    const retry = { first: 1, longest: 8, random: () => 1 }
    const member = net.member(await net.peer(), url, { retry })
    const seen = record(member)
    await until(() => seen.retries.length === 5)
    expect(seen.retries.map(({ delay }) => delay)).toEqual([1, 2, 4, 8, 8])
    expect(seen.errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'ECONNREFUSED' })
    expect(seen.status).toContain('waiting')
    expect(member.relays).toEqual([{ url, status: expect.any(String) }])
  })

  test('that takes the call and says nothing', async () => {
    const server = createServer(() => {})
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    net.onend(() => server.close())
    const { port } = server.address() as { port: number }
    const url = `ws://127.0.0.1:${port}/`
    const member = net.member(await net.peer(), url, { handshakeTimeout: 20 })
    const seen = record(member)
    await until(() => seen.errors.length > 1)
    expect(seen.errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'ETIMEDOUT' })
  })

  test('that wants another token: an error with the reason TOKEN, and none with the right one', async () => {
    const relay = await net.relay({ token: 'swordfish' })
    const [a, b] = await two()
    const stranger = record(net.member(a, relay, { token: 'swordfisch' }))
    await until(() => stranger.errors.length > 0)
    expect(stranger.errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'TOKEN' })
    await allMet(...[a, b].map(db => net.member(db, relay, { token: 'swordfish' })))
  })
})

describe('who one is', () => {
  test('is the same after reopening, for every database and namespace of a store, and another in another store', async () => {
    const relay = await net.relay()
    const temp = await tempStore()
    net.onend(() => temp.close())
    const topics = [crypto.randomBytes(32)]
    const first = net.member(temp.store, relay, { topics })
    await until(() => first.publicKey !== null)
    const db = await openPeer(temp.store.namespace('a database of its own'))
    expect((await identityOf(db)).publicKey).toEqual(first.publicKey)
    await first.close()
    await db.close()
    await temp.store.close()
    const again = net.member(await temp.reopen(), relay, { topics })
    const other = net.member(await net.store(), relay, { topics })
    await allMet(again, other)
    expect(again.publicKey).toEqual(first.publicKey)
    expect(other.peers[0]?.publicKey).toEqual(first.publicKey)
    expect(other.publicKey).not.toEqual(first.publicKey)
  })

  test('can be given', async () => {
    const relay = await net.relay()
    const [a, b] = await two()
    const keyPair = crypto.keyPair(b4a.alloc(32, 1))
    const [near, far] = [net.member(a, relay, { keyPair }), net.member(b, relay)]
    await allMet(near, far)
    expect(far.peers[0]?.publicKey).toEqual(keyPair.publicKey)
  })

  test('is not met by oneself: two handles of one store are no peers of each other', async () => {
    const relay = await net.relay()
    const [a, b] = await two()
    const [one, two_] = [net.member(a, relay), net.member(a, relay)]
    const seen = [record(one), record(two_)]
    // the side that is to drop one of the two has not got both here
    const other = net.member(b, relay, { handshakeTimeout: 500 })
    // one of the two is dropped as the other one's double
    await until(
      () => other.peers.length === 1 && one.peers.length + two_.peers.length === 1 && relay.channels === 1
    )
    expect(seen.flatMap(({ errors }) => errors)).toEqual([])
  })
})

describe('the end', () => {
  test('of the target ends the handle, with CLOSED', async () => {
    const relay = await net.relay()
    const [a, b] = await two()
    const [near, far] = [net.member(a, relay), net.member(b, relay)]
    const seen = record(near)
    await allMet(near, far)
    await a.close()
    await until(() => near.status === 'closed')
    expect(seen.errors).toMatchObject([{ code: 'CLOSED' }])
    await until(() => far.peers.length === 0 && relay.clients === 1)
    expect(() => connectRelay(a, relay.url)).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })

  test('comes in every state, any number of times, and leaves nothing behind', async () => {
    const relay = await net.relay()
    const gone = await net.relay()
    const { url } = gone
    await gone.close()
    const [a, b] = await two()
    const resources = () => process.getActiveResourcesInfo()
    const listeners = () => [a, b].map(db => db.listenerCount('close'))
    const before = { resources: resources(), listeners: listeners() }
    const close = async (member: ReturnType<typeof net.member>): Promise<void> => {
      const seen = record(member)
      await Promise.all([member.close(), member.close()])
      await member.close()
      expect([member.status, member.peers, member.relays[0]?.status]).toEqual(['closed', [], 'closed'])
      expect(seen.errors).toEqual([])
      await expect(member.connected()).rejects.toMatchObject({ code: 'CLOSED' })
      expect(() => member.join(b4a.alloc(32))).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    }
    await close(connectRelay(a, relay.url))
    const dialling = connectRelay(a, relay.url)
    while (dialling.publicKey === null) await Promise.resolve()
    expect(dialling.relays).toMatchObject([{ status: 'connecting' }])
    await close(dialling)
    const alone = connectRelay(a, relay.url)
    await until(() => alone.status === 'listening')
    await close(alone)
    const waiting = connectRelay(a, url, { retry: { first: DAY, longest: DAY } })
    await until(() => waiting.status === 'waiting')
    await close(waiting)
    const met = [connectRelay(a, relay.url), connectRelay(b, relay.url)]
    await until(() => relay.channels === 1)
    await close(met[0]!)
    await until(() => met[1]?.status === 'listening')
    await close(met[1]!)
    const connected = [connectRelay(a, relay.url), connectRelay(b, relay.url)]
    await allMet(...connected)
    await Promise.all(connected.map(close))
    await until(() => relay.stats.sockets === 0)
    expect([relay.clients, relay.channels, relay.topics]).toEqual([0, 0, 0])
    await until(() => {
      const left = [...before.resources]
      return resources().every(name => left.includes(name) && left.splice(left.indexOf(name), 1).length === 1)
    })
    expect(listeners()).toEqual(before.listeners)
  })

  test('of a peer is no error, and the handle waits for others', async () => {
    const relay = await net.relay()
    const [a, b] = await two()
    const [near, far] = [net.member(a, relay), net.member(b, relay)]
    const seen = record(near)
    await allMet(near, far)
    await far.close()
    await until(() => near.status === 'listening')
    expect(seen.errors).toEqual([])
    const again = net.member(b, relay)
    await allMet(near, again)
  })
})

describe('topics', () => {
  test('can be joined and left at run time; who is connected stays', async () => {
    const relay = await net.relay()
    const [a, b] = await two()
    const [first, second] = [crypto.randomBytes(32), crypto.randomBytes(32)]
    const [near, far] = [
      net.member(a, relay, { topics: [first] }),
      net.member(b, relay, { topics: [second] })
    ]
    await until(() => relay.topics === 2)
    expect(relay.channels).toBe(0)
    near.join(second)
    await allMet(near, far)
    near.leave(second)
    near.leave(first)
    await until(() => relay.topics === 1)
    expect(near.topics).toEqual([])
    expect([near.peers.length, far.peers.length]).toEqual([1, 1])
    net.member(await net.peer(a.key), relay, { topics: [second] })
    await until(() => far.peers.length === 2)
    expect(near.peers.length).toBe(1)
  })

  test('too many for the relay: an error with the reason FULL, and the others are joined', async () => {
    const relay = await net.relay({ limits: { topics: 1 } })
    const [a, b] = await two()
    const topics = [a.discoveryKey as Uint8Array, crypto.randomBytes(32)]
    const member = net.member(a, relay, { topics })
    const seen = record(member)
    await allMet(member, net.member(b, relay))
    await until(() => seen.errors.length === 1)
    expect(seen.errors).toMatchObject([{ code: 'TRANSPORT_FAILED', reason: 'FULL' }])
  })
})

describe('INVALID_ARGUMENT', () => {
  const cases: [string, unknown[]][] = [
    ['no address', [[]]],
    ['something else than an address', ['relay.example.org']],
    ['another protocol', ['https://relay.example.org']],
    ['a topic of another length', ['ws://127.0.0.1', { topics: [b4a.alloc(31)] }]],
    ['a key that is none in allow', ['ws://127.0.0.1', { allow: ['me'] }]],
    ['a key pair that is none', ['ws://127.0.0.1', { keyPair: { publicKey: b4a.alloc(32) } }]],
    ['a token that is too long', ['ws://127.0.0.1', { token: 'x'.repeat(257) }]],
    ['a time-out of nothing', ['ws://127.0.0.1', { silenceTimeout: 0 }]],
    ['a pause that is none', ['ws://127.0.0.1', { retry: { first: -1 } }]],
    ['no channels', ['ws://127.0.0.1', { maxChannels: 0 }]],
    ['an upgrade that is none', ['ws://127.0.0.1', { upgrade: {} }]]
  ]
  test.for(cases)('for %s', async ([, args]) => {
    const db = await net.peer()
    const call = () => connectRelay(db, ...(args as [string]))
    expect(call).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  test('for a Corestore without topics, and for what does not replicate', async () => {
    const store = await net.store()
    for (const target of [store, {}])
      expect(() => connectRelay(target as never, 'ws://127.0.0.1', { retry: SOON })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' })
      )
  })
})
