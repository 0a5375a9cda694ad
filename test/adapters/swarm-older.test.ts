import { EventEmitter } from 'node:events'
import { type Duplex, duplexPair } from 'node:stream'
import b4a from 'b4a'
import { afterEach, expect, test, vi } from 'vitest'
import { joinSwarm, type OlderConnection, type OlderInfo } from '../../adapters/transport/swarm.ts'
import { contents, op, until } from '../support/peers.ts'
import { network, record } from './network.ts'

const net = network()

afterEach(() => {
  vi.useRealTimers()
})

/** With the API of Hyperswarm 2; `hyperswarm-web`, which has it too, is met in test/pages. */
class OlderSwarm extends EventEmitter {
  destroyed = false
  /** Topics that are joined, as hex. */
  readonly joined: string[] = []
  readonly peers: { connection: OlderConnection; info: OlderInfo }[] = []

  join(topic: Uint8Array): void {
    this.joined.push(b4a.toString(topic, 'hex'))
  }

  leave(topic: Uint8Array): void {
    this.joined.splice(this.joined.indexOf(b4a.toString(topic, 'hex')), 1)
  }

  meets(connection: Duplex, info: OlderInfo): void {
    this.peers.push({ connection, info })
    this.emit('connection', connection, info)
  }
}

interface Watched {
  readonly ends: readonly [Duplex, Duplex]
  /** Bytes of the longest write, of either. */
  readonly longest: () => number
}

/** Streams of Node's own that hold little, so that a writer has to wait. */
function pair(): Watched {
  const ends = duplexPair({ highWaterMark: 1_024 })
  let longest = 0
  for (const end of ends) {
    net.onend(() => end.destroy())
    const { write } = end
    end.write = ((bytes: Uint8Array) => {
      longest = Math.max(longest, bytes.byteLength)
      return write.call(end, bytes, undefined as never)
    }) as typeof end.write
    // one side's end is the other's, as on a network
    end.once('close', () => {
      for (const other of ends) if (!other.destroyed) other.destroy()
    })
  }
  return { ends, longest: () => longest }
}

function introduce(one: OlderSwarm, other: OlderSwarm): Watched {
  const watched = pair()
  one.meets(watched.ends[0], { client: true })
  other.meets(watched.ends[1], { client: false })
  return watched
}

async function two() {
  const a = await net.peer()
  const b = await net.peer(a.key)
  return { a, b, left: new OlderSwarm(), right: new OlderSwarm() }
}

test('raw connections get a Noise stream: two meet, and what is long is written in short pieces', async () => {
  const { a, b, left, right } = await two()
  const first = net.kept(joinSwarm(a, left))
  const { ends, longest } = introduce(left, right)
  // that one was there already
  const second = net.kept(joinSwarm(b, right))
  await Promise.all([first.connected(), second.connected()])
  expect([left.joined, right.joined]).toEqual(
    [a, b].map(({ discoveryKey }) => [b4a.toString(discoveryKey as Uint8Array, 'hex')])
  )
  expect([first, second].map(({ peers }) => peers[0]?.isInitiator)).toEqual([true, false])
  expect(first.peers[0]?.address).toMatch(/^[0-9a-f]{64}$/)
  await a.append(op({ addWriter: b4a.toString(b.local.key, 'hex') }))
  await until(() => b.writable)
  const long = 'long '.repeat(60_000)
  await Promise.all([a.append(op({ put: { a: long } })), b.append(op({ put: { b: long } }))])
  for (const db of [a, b]) await until(async () => Object.keys(await contents(db)).length === 2)
  expect(await contents(a)).toEqual({ a: long, b: long })
  expect(longest()).toBe(1 << 16)
  await Promise.all([first.close(), second.close()])
  expect([left.joined, right.joined]).toEqual([[], []])
  expect(ends.map(({ destroyed }) => destroyed)).toEqual([true, true])
})

test('two handles share a connection; it ends, and the topic is left, with the last of them', async () => {
  const { a, b, left, right } = await two()
  const [one, other, there] = [joinSwarm(a, left), joinSwarm(a, left), joinSwarm(b, right)].map(handle =>
    net.kept(handle)
  ) as [ReturnType<typeof joinSwarm>, ReturnType<typeof joinSwarm>, ReturnType<typeof joinSwarm>]
  const { ends } = introduce(left, right)
  await Promise.all([one, other, there].map(handle => handle.connected()))
  expect(there.peers).toHaveLength(1)
  await one.close()
  expect([ends[0].destroyed, other.peers.length, there.peers.length]).toEqual([false, 1, 1])
  expect(new Set(left.joined).size).toBe(1)
  await other.close()
  await until(() => there.peers.length === 0)
  expect(ends[0].destroyed).toBe(true)
})

test('a swarm that is destroyed already is not asked to leave', async () => {
  const { a, left } = await two()
  const handle = joinSwarm(a, left)
  left.destroyed = true
  left.leave = () => {
    throw new Error('it is destroyed')
  }
  await handle.close()
  expect(() => joinSwarm(a, left)).toThrow(expect.objectContaining({ code: 'CLOSED' }))
})

test('a topic that the swarm does not take: TRANSPORT_FAILED, and those that it took are left', async () => {
  const { a, left } = await two()
  const { join } = left
  left.join = topic => {
    if (left.joined.length === 1) throw new Error('Channel must be a buffer of 32 bytes')
    join.call(left, topic)
  }
  const topics = [b4a.alloc(32, 1), b4a.alloc(32, 2)]
  expect(() => joinSwarm(a, left, { topics })).toThrow(
    expect.objectContaining({ code: 'TRANSPORT_FAILED', reason: 'JOIN' })
  )
  await until(() => left.joined.length === 0)
})

test.for([
  ['says something else', (stranger: Duplex) => stranger.write(b4a.alloc(100, 0xff)), 'PROTOCOL'],
  ['hangs up', (stranger: Duplex) => stranger.destroy(), 'CLOSED'],
  [
    'fails',
    (_: Duplex, own: Duplex) => own.destroy(Object.assign(new Error('gone'), { code: 'EGONE' })),
    'EGONE'
  ]
] as const)(
  'a stranger who %s is no peer: TRANSPORT_FAILED, and the handle goes on',
  async ([, act, reason]) => {
    const { a, b, left, right } = await two()
    const handle = net.kept(joinSwarm(a, left))
    const seen = record(handle)
    const { ends } = pair()
    left.meets(ends[0], { client: false })
    act(ends[1], ends[0])
    await until(() => seen.errors.length === 1)
    expect(seen.errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason })
    expect([seen.peers, ends[0].destroyed]).toEqual([0, true])
    net.kept(joinSwarm(b, right))
    introduce(left, right)
    await handle.connected()
    expect(seen.errors).toHaveLength(1)
  }
)

test('a stranger who says nothing is let go when its time for the handshake is over', async () => {
  const { a, left } = await two()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const handle = joinSwarm(a, left)
  const seen = record(handle)
  const { ends } = pair()
  left.meets(ends[0], { client: true })
  vi.advanceTimersByTime(9_999)
  expect(ends[0].destroyed).toBe(false)
  vi.advanceTimersByTime(1)
  vi.useRealTimers()
  await until(() => seen.errors.length === 1)
  expect(seen.errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'HANDSHAKE_TIMEOUT' })
  expect([seen.peers, ends[0].destroyed]).toEqual([0, true])
  await handle.close()
})
