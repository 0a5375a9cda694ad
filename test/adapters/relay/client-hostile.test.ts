import b4a from 'b4a'
import { describe, expect, test } from 'vitest'
import { encodeFrame, type Frame } from '../../../adapters/transport/relay/frames.ts'
import { contents, op } from '../../core/harness.ts'
import { until } from '../../support/peers.ts'
import { record } from '../network.ts'
import { fakeRelay, type Served, WELCOME } from './client-fake.ts'
import { Caller } from './client-lines.ts'
import { allMet, clients } from './client-net.ts'
import { randomFrame, seeded, tamperer } from './client-tamper.ts'

const net = clients()
const DAY = 86_400_000

async function fake(...args: Parameters<typeof fakeRelay>) {
  const relay = await fakeRelay(...args)
  net.onend(() => relay.close())
  return relay
}

/** What a relay that did one wrong thing is told, and what it did. */
type Fault = (served: Served, topic: Uint8Array) => void
const open = (topic: Uint8Array, channel = 1): Frame => ({ type: 'open', channel, isInitiator: false, topic })

describe('a relay that breaks the protocol is left, with the reason PROTOCOL, for', () => {
  const faults: [string, Fault][] = [
    ['a frame of no type', served => served.raw(b4a.from([99, 1, 2]))],
    ['a frame of no bytes', served => served.raw(b4a.alloc(0))],
    ['a frame cut short', (served, topic) => served.raw(encodeFrame(open(topic)).subarray(0, 20))],
    ['text', served => served.raw('hello')],
    ['a second welcome', served => served.send({ type: 'welcome', ...WELCOME })],
    ['a hello', served => served.send({ type: 'hello', version: 1, token: '' })],
    ['a join', (served, topic) => served.send({ type: 'join', topic })],
    ['a channel for a topic that nobody joined', served => served.send(open(b4a.alloc(32, 9)))],
    [
      'a refusal of what nobody asked for',
      served => served.send({ type: 'refused', topic: b4a.alloc(32, 9) })
    ],
    [
      'data on a channel that never was',
      served => served.send({ type: 'data', channel: 7, payload: b4a.alloc(1) })
    ],
    [
      'a window on a channel that never was',
      served => served.send({ type: 'window', channel: 7, credit: 1 })
    ],
    [
      'a reset of a channel that never was',
      served => served.send({ type: 'reset', channel: 7, reason: 'GONE' })
    ],
    [
      'a channel that is open',
      (served, topic) => {
        served.send(open(topic))
        served.send(open(topic))
      }
    ],
    [
      'a channel that was reset',
      (served, topic) => {
        served.send(open(topic))
        served.send({ type: 'reset', channel: 1, reason: 'GONE' })
        served.send(open(topic))
      }
    ],
    [
      'a frame of more data than it said',
      (served, topic) => {
        served.send(open(topic))
        served.send({ type: 'data', channel: 1, payload: b4a.alloc(WELCOME.frame + 1) })
      }
    ],
    [
      'credit for what was not sent',
      (served, topic) => {
        served.send(open(topic))
        served.send({ type: 'window', channel: 1, credit: 1 })
      }
    ],
    [
      'an end after the end',
      (served, topic) => {
        served.send(open(topic))
        served.send({ type: 'end', channel: 1 })
        served.send({ type: 'end', channel: 1 })
      }
    ],
    [
      'data after the end',
      (served, topic) => {
        served.send(open(topic))
        served.send({ type: 'end', channel: 1 })
        served.send({ type: 'data', channel: 1, payload: b4a.alloc(1) })
      }
    ],
    [
      'a million channels',
      (served, topic) => {
        for (let channel = 1; channel <= 1_000_000 && !served.isGone; channel++)
          served.send(open(topic, channel))
      }
    ]
  ]
  test.for(faults)('%s', async ([, fault]) => {
    const relay = await fake()
    const member = net.member(await net.store(), relay.url, {
      topics: [b4a.alloc(32, 1)],
      retry: { first: DAY, longest: DAY }
    })
    const seen = record(member)
    await until(() => relay.served.length === 1)
    const served = relay.served[0]!
    fault(served, (await served.next('join')).topic)
    await until(() => seen.errors.some(({ reason }) => reason === 'PROTOCOL') && member.status === 'waiting')
    const last = seen.errors.at(-1)
    expect(last).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'PROTOCOL' })
    expect(member.peers).toEqual([])
    await until(() => served.isGone)
    // it goes on with others
    const honest = await net.relay()
    const other = net.member(await net.store(), honest, { topics: [b4a.alloc(32, 1)] })
    await until(() => other.status === 'listening')
  })

  const welcomes: [string, Parameters<typeof fakeRelay>[1]][] = [
    ['another version', { welcome: { ...WELCOME, version: 2 } }],
    ['a window of 4 GiB', { welcome: { ...WELCOME, window: 2 ** 32 - 1 } }],
    ['frames of 2 GiB', { welcome: { ...WELCOME, frame: 2 ** 31 } }],
    ['a heartbeat of a month', { welcome: { ...WELCOME, heartbeat: 2 ** 31 } }]
  ]
  test.for(welcomes)('a welcome with %s', async ([, welcome]) => {
    const relay = await fake(undefined, welcome)
    const seen = record(net.member(await net.store(), relay.url, { topics: [b4a.alloc(32, 1)] }))
    await until(() => seen.errors.length > 0)
    expect(seen.errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'PROTOCOL' })
  })

  test('something else than a welcome at first', async () => {
    const relay = await fake(served => served.send({ type: 'alive' }), { welcome: null })
    const seen = record(net.member(await net.store(), relay.url, { topics: [b4a.alloc(32, 1)] }))
    await until(() => seen.errors.length > 0)
    expect(seen.errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'PROTOCOL' })
  })
})

test('data beyond the window ends the connection with the reason PROTOCOL, before more is kept than the window', async () => {
  const relay = await fake()
  const caller = new Caller(relay.url)
  net.onend(() => caller.line.close())
  await until(() => relay.served.length === 1)
  const served = relay.served[0]!
  const { topic } = await served.next('join')
  served.send(open(topic))
  const data = (length: number): Frame => ({ type: 'data', channel: 1, payload: b4a.alloc(length) })
  for (let sent = 0; sent < WELCOME.window; sent += WELCOME.frame) served.send(data(WELCOME.frame))
  served.send({ type: 'refused', topic })
  await until(() => caller.refused === 1)
  expect(caller.errors).toEqual([])
  served.send(data(1))
  await until(() => caller.errors.length > 0)
  expect(caller.errors).toMatchObject([{ code: 'TRANSPORT_FAILED', reason: 'PROTOCOL' }])
  await until(() => caller.channels[0]?.destroyed === true)
})

test('a relay that takes the call and never welcomes is given handshakeTimeout', async () => {
  const relay = await fake(undefined, { welcome: null })
  const member = net.member(await net.store(), relay.url, {
    topics: [b4a.alloc(32, 1)],
    handshakeTimeout: 50
  })
  const seen = record(member)
  await until(() => seen.errors.length > 0)
  expect(seen.errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'HANDSHAKE_TIMEOUT' })
})

test('what comes late for a channel that this side has reset is no fault', async () => {
  const relay = await fake()
  const member = net.member(await net.store(), relay.url, { topics: [b4a.alloc(32, 1)] })
  await until(() => relay.served.length === 1)
  const served = relay.served[0]!
  const { topic } = await served.next('join')
  served.send(open(topic))
  // no handshake
  served.send({ type: 'data', channel: 1, payload: b4a.alloc(100, 255) })
  expect(await served.next('reset')).toMatchObject({ channel: 1, reason: 'FAILED' })
  for (const late of ['data', 'window', 'end'] as const)
    served.send({ type: late, channel: 1, payload: b4a.alloc(10), credit: 5, reason: 'GONE' } as Frame)
  served.send(open(topic, 2))
  served.send({ type: 'data', channel: 2, payload: b4a.alloc(100, 255) })
  await until(() => served.frames.filter(({ type }) => type === 'reset').length === 2)
  expect([member.status, served.isGone]).toEqual(['listening', false])
})

test('what the other side resets is told by its reason, and looked for again only if it failed', async () => {
  const relay = await fake()
  const member = net.member(await net.store(), relay.url, { topics: [b4a.alloc(32, 1)] })
  const seen = record(member)
  await until(() => relay.served.length === 1)
  const served = relay.served[0]!
  const { topic } = await served.next('join')
  const joins = () => served.frames.filter(({ type }) => type === 'join').length
  let channel = 0
  for (const reason of ['CLOSED', 'GONE', 'DUPLICATE', 'REFUSED', 'FAILED'] as const) {
    served.send(open(topic, ++channel))
    served.send({ type: 'reset', channel, reason })
  }
  await until(() => joins() === 2)
  expect(seen.errors.map(({ reason }) => reason)).toEqual(['REFUSED', 'ECONNRESET'])
  expect([member.peers, member.status]).toEqual([[], 'listening'])
})

test('channels beyond maxChannels are refused, and those that are open stay', async () => {
  const relay = await fake()
  const member = net.member(await net.store(), relay.url, { topics: [b4a.alloc(32, 1)], maxChannels: 2 })
  const seen = record(member)
  await until(() => relay.served.length === 1)
  const served = relay.served[0]!
  const { topic } = await served.next('join')
  for (let channel = 1; channel <= 5; channel++) served.send(open(topic, channel))
  await until(() => served.frames.filter(({ type }) => type === 'reset').length === 3)
  expect(seen.refused).toEqual(['FULL', 'FULL', 'FULL'])
  expect(served.frames).not.toContainEqual(expect.objectContaining({ reason: 'REFUSED' }))
  expect(served.frames.flatMap(frame => (frame.type === 'reset' ? [frame.channel] : []))).toEqual([3, 4, 5])
})

test('readers of many channels that do not keep up hold the relay back, and lose nothing', async () => {
  const welcome = { ...WELCOME, window: 1 << 22, frame: 1 << 20 }
  const relay = await fake(undefined, { welcome })
  const caller = new Caller(relay.url)
  net.onend(() => caller.line.close())
  await until(() => relay.served.length === 1)
  const served = relay.served[0]!
  const { topic } = await served.next('join')
  for (let channel = 1; channel <= 12; channel++) {
    served.send(open(topic, channel))
    for (let sent = 0; sent < welcome.window; sent += welcome.frame)
      served.send({ type: 'data', channel, payload: b4a.alloc(welcome.frame, channel) })
  }
  await until(() => caller.line.isPaused)
  expect(caller.channels.length).toBeLessThan(12)
  let read = 0
  const drain = () => {
    for (const channel of caller.channels)
      if (channel.listenerCount('data') === 0)
        channel.on('data', chunk => (read += (chunk as Uint8Array).length))
    return read === 12 * welcome.window
  }
  await until(drain)
  expect([caller.line.isPaused, caller.errors]).toEqual([false, []])
})

test('a stranger on a channel who never speaks is given handshakeTimeout, and no more than a handshake is kept', async () => {
  const relay = await fake()
  const member = net.member(await net.store(), relay.url, {
    topics: [b4a.alloc(32, 1)],
    handshakeTimeout: 100
  })
  const seen = record(member)
  await until(() => relay.served.length === 1)
  const served = relay.served[0]!
  const { topic } = await served.next('join')
  served.send(open(topic, 1))
  served.send(open(topic, 2))
  // a frame of 16 MiB is announced
  served.send({ type: 'data', channel: 2, payload: b4a.from([255, 255, 255, 1]) })
  await until(() => seen.errors.length === 2)
  expect(seen.errors.map(({ reason }) => reason)).toEqual(['PROTOCOL', 'HANDSHAKE_TIMEOUT'])
  expect(member.status).toBe('listening')
})

test('10,000 frames at random: each relay that sent one too many is left, and memory stays bounded', async () => {
  const seed = Number(process.env.FUZZ_SEED ?? 51)
  const random = seeded(seed)
  const below = (most: number) => Math.floor(random() * most)
  const bytes = (length: number) => Uint8Array.from({ length }, () => below(256))
  let sent = 0
  const relay = await fake(served => {
    served.ws.on('message', async () => {
      const { topic } = await served.next('join').catch(() => ({ topic: null }))
      if (topic && served.frames.length === 2)
        for (let channel = 0; channel < 4; channel++) served.send(open(topic, channel))
      for (let i = 0; i < 20 && !served.isGone; i++, sent++) served.raw(randomFrame(below, bytes))
    })
  })
  const member = net.member(await net.store(), relay.url, { topics: [b4a.alloc(32, 1)] })
  const seen = record(member)
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  await until(() => sent >= 10_000)
  expect(seen.errors.length, `seed ${seed}`).toBeGreaterThan(100)
  expect(seen.errors.every(({ code }) => code === 'TRANSPORT_FAILED')).toBe(true)
  expect(seen.peers).toBe(0)
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(200_000_000)
})

test('10,000 frames of which every 40th is spoiled: two databases end as over an honest relay', async () => {
  const seed = Number(process.env.FUZZ_SEED ?? 61)
  // what is sent when nothing else is gets spoiled as well, so that no lost JOIN is waited for
  const honest = await net.relay({ heartbeat: 20 })
  const between = await tamperer(honest.url, { seed, oneIn: 40 })
  net.onend(() => between.close())
  const a = await net.peer()
  const b = await net.peer(a.key)
  const options = { handshakeTimeout: 100, silenceTimeout: 2_000 }
  const members = [net.member(a, between.url, options), net.member(b, between.url, options)]
  const seen = members.map(record)
  const diverged: unknown[] = []
  for (const db of [a, b]) db.on('diverged', event => diverged.push(event))
  await a.append(JSON.stringify({ addWriter: b.local.id }))
  const written = new Map<string, string>()
  for (let i = 0; between.counts.frames < 10_000; i++) {
    const writers = b.writable ? [a, b] : [a]
    await Promise.all(
      writers.map((db, who) => {
        written.set(`${who}/${i}`, `${i}`)
        return db.append(op({ put: { [`${who}/${i}`]: i } }))
      })
    )
    const { frames } = between.counts
    await until(() => between.counts.frames > frames + 10)
  }
  expect(between.counts.spoiled, `seed ${seed}`).toBeGreaterThan(150)
  expect(seen.flatMap(({ errors }) => errors).every(({ code }) => code === 'TRANSPORT_FAILED')).toBe(true)
  await Promise.all(members.map(member => member.close()))
  const expected = Object.fromEntries([...written].sort())
  const other = await net.relay()
  const c = await net.peer(a.key)
  c.on('diverged', event => diverged.push(event))
  await allMet(...[a, b, c].map(db => net.member(db, other)))
  for (const db of [a, b, c]) {
    await until(async () => Object.keys(await contents(db)).length === written.size)
    expect(await contents(db)).toEqual(expected)
  }
  // each compares its order with the others' by itself
  expect(diverged).toEqual([])
})
