import b4a from 'b4a'
import { describe, expect, test } from 'vitest'
import { encodeFrame, type Frame } from '../../../adapters/transport/relay/frames.ts'
import { until } from '../../support/peers.ts'
import { type RawClient, topicOf } from './server-client.ts'
import { relays } from './server-net.ts'

const net = relays()
const topic = topicOf('one')

describe('pairing', () => {
  test('two that join a topic get one channel, the later one as initiator, and hear each other', async () => {
    const relay = await net.relay()
    const [a, b] = [await net.client(relay), await net.client(relay)]
    a.send({ type: 'join', topic })
    await a.flushed()
    b.send({ type: 'join', topic })
    const [forA, forB] = [await a.next('open'), await b.next('open')]
    expect([forA.isInitiator, forB.isInitiator]).toEqual([false, true])
    expect([forA.topic, forB.topic].map(bytes => b4a.equals(bytes, topic))).toEqual([true, true])
    a.data(forA.channel, 'from a')
    b.data(forB.channel, 'from b')
    expect((await b.next('data')).channel).toBe(forB.channel)
    expect((await a.next('data')).channel).toBe(forA.channel)
    expect([a.text(forA.channel), b.text(forB.channel)]).toEqual(['from b', 'from a'])
    expect([relay.clients, relay.topics, relay.channels]).toEqual([2, 1, 1])
  })

  test('a pair has one channel however many topics it shares, and nobody else has one with it', async () => {
    const relay = await net.relay()
    const [a, b, c] = [await net.client(relay), await net.client(relay), await net.client(relay)]
    for (const name of ['one', 'two', 'three'])
      for (const client of [a, b, a]) client.send({ type: 'join', topic: topicOf(name) })
    c.send({ type: 'join', topic: topicOf('four') })
    for (const client of [a, b, c]) await client.flushed()
    expect([a, b, c].map(client => client.of('open').length)).toEqual([1, 1, 0])
    expect([relay.topics, relay.channels]).toEqual([4, 1])
  })

  test('everybody in a topic is paired with everybody', async () => {
    const relay = await net.relay()
    const clients = await Promise.all(Array.from({ length: 8 }, () => net.client(relay)))
    for (const client of clients) client.send({ type: 'join', topic })
    for (const client of clients) await client.next('open', 6)
    expect(relay.channels).toBe(28)
    const initiators = clients.flatMap(client => client.of('open')).filter(open => open.isInitiator)
    expect(initiators.length).toBe(28)
  })

  test('a channel that ended is opened anew when one of them joins again, under a new number, and not before', async () => {
    const relay = await net.relay()
    const { a, b, forA } = await net.pair(relay)
    a.send({ type: 'reset', channel: forA, reason: 'CLOSED' })
    await b.next('reset')
    // a third one joins, and others have places free: still none of the pair's business
    const c = await net.client(relay)
    c.send({ type: 'join', topic: topicOf('pair') })
    await c.next('open', 1)
    for (const client of [a, b]) await client.flushed()
    expect([a.of('open').length, b.of('open').length]).toEqual([2, 2])
    b.send({ type: 'join', topic: topicOf('pair') })
    const [again, other] = [await a.next('open', 2), await b.next('open', 2)]
    expect([again.isInitiator, other.isInitiator]).toEqual([false, true])
    expect(new Set(a.of('open').map(({ channel }) => channel)).size).toBe(3)
    a.data(again.channel, 'anew')
    await until(() => b.text(other.channel) === 'anew')
  })

  test('leaving keeps channels that are open, and makes no new ones', async () => {
    const relay = await net.relay()
    const { a, b, forA, forB } = await net.pair(relay)
    a.send({ type: 'leave', topic: topicOf('pair') })
    a.send({ type: 'leave', topic: topicOf('never joined') })
    a.data(forA, 'still here')
    await until(() => b.text(forB) === 'still here')
    const c = await net.client(relay)
    c.send({ type: 'join', topic: topicOf('pair') })
    await c.next('open')
    await a.flushed()
    expect([a.of('open').length, c.of('open').length]).toEqual([1, 1])
    b.send({ type: 'leave', topic: topicOf('pair') })
    c.send({ type: 'leave', topic: topicOf('pair') })
    await until(() => relay.topics === 0)
    expect(relay.channels).toBe(2)
  })

  test('who has no place for more channels is paired further when one is free again', async () => {
    const relay = await net.relay({ limits: { channels: 2 } })
    const hub = await net.client(relay)
    hub.send({ type: 'join', topic })
    await hub.flushed()
    const others: RawClient[] = []
    for (let i = 0; i < 4; i++) {
      const other = await net.client(relay)
      // only the hub is in both topics
      other.send({ type: 'join', topic: topicOf(`only ${i}`) })
      hub.send({ type: 'join', topic: topicOf(`only ${i}`) })
      await Promise.all([hub.flushed(), other.flushed()])
      others.push(other)
    }
    expect([hub.of('open').length, relay.channels]).toEqual([2, 2])
    hub.send({ type: 'reset', channel: (hub.of('open')[0] as { channel: number }).channel, reason: 'CLOSED' })
    await hub.next('open', 2)
    others[1]?.ws.terminate()
    await hub.next('open', 3)
    await until(() => relay.channels === 2)
    // each was met once, the one that was reset not again
    expect(others.map(other => other.of('open').length)).toEqual([1, 1, 1, 1])
    expect(hub.of('reset').map(({ reason }) => reason)).toEqual(['GONE'])
  })

  test('the same when it is the other one who had no place', async () => {
    const relay = await net.relay({ limits: { channels: 1 } })
    const { a, b } = await net.pair(relay)
    const c = await net.client(relay)
    c.send({ type: 'join', topic: topicOf('pair') })
    await c.flushed()
    expect(c.of('open').length).toBe(0)
    a.ws.terminate()
    await c.next('open')
    await b.next('open', 1)
  })
})

describe('end and reset', () => {
  test('END ends one way only: the other goes on, and after both the channel is gone', async () => {
    const relay = await net.relay()
    const { a, b, forA, forB } = await net.pair(relay)
    a.data(forA, 'all I have')
    a.send({ type: 'end', channel: forA })
    expect((await b.next('end')).channel).toBe(forB)
    expect(b.frames.map(({ type }) => type).slice(-2)).toEqual(['data', 'end'])
    b.data(forB, 'and I')
    b.send({ type: 'end', channel: forB })
    await a.next('end')
    expect([a.text(forA), b.text(forB)]).toEqual(['and I', 'all I have'])
    await until(() => relay.channels === 0)
    // what crossed it is nobody's fault
    a.send({ type: 'window', channel: forA, credit: 1 })
    await a.flushed()
    expect(a.code).toBe(null)
    b.send({ type: 'join', topic: topicOf('pair') })
    await a.next('open', 1)
  })

  test('RESET ends both, and tells the reason; what crosses it is ignored', async () => {
    const relay = await net.relay()
    const { a, b, forA, forB } = await net.pair(relay)
    a.send({ type: 'reset', channel: forA, reason: 'REFUSED' })
    expect(await b.next('reset')).toMatchObject({ channel: forB, reason: 'REFUSED' })
    for (const [client, channel] of [
      [a, forA],
      [b, forB]
    ] as const) {
      client.data(channel, 'late')
      client.send({ type: 'window', channel, credit: 9 })
      client.send({ type: 'end', channel })
      client.send({ type: 'reset', channel, reason: 'FAILED' })
      await client.flushed()
      expect([client.code, client.of('data').length]).toEqual([null, 0])
    }
    expect([a.of('reset').length, b.of('reset').length, relay.channels]).toEqual([0, 1, 0])
  })

  test('a client that is gone resets its channels with GONE, whether it says good-bye or not', async () => {
    const relay = await net.relay()
    for (const end of ['close', 'terminate'] as const) {
      const { a, b, forB } = await net.pair(relay, end)
      a.ws[end]()
      expect(await b.next('reset')).toMatchObject({ channel: forB, reason: 'GONE' })
      b.ws.close()
    }
    await until(() => relay.clients === 0)
    expect([relay.topics, relay.channels]).toEqual([0, 0])
  })
})

describe('credit', () => {
  test('a window may be sent, and a byte more closes who sent it (FLOOD); the other one hears GONE', async () => {
    const relay = await net.relay({ window: 1_000 })
    const { a, b, forA, forB } = await net.pair(relay)
    a.data(forA, b4a.alloc(999))
    a.data(forA, b4a.alloc(1))
    await until(() => b.bytes(forB) === 1_000)
    a.data(forA, b4a.alloc(1))
    expect(await a.closed()).toBe(4003)
    expect((await b.next('reset')).reason).toBe('GONE')
    expect(relay.stats.refusals).toEqual({ FLOOD: 1 })
  })

  test('WINDOW gives as much more', async () => {
    const relay = await net.relay({ window: 1_000 })
    const { a, b, forA, forB } = await net.pair(relay)
    a.data(forA, b4a.alloc(1_000))
    await until(() => b.bytes(forB) === 1_000)
    b.send({ type: 'window', channel: forB, credit: 300 })
    b.send({ type: 'window', channel: forB, credit: 400 })
    await until(() => a.of('window').reduce((sum, { credit }) => sum + credit, 0) === 700)
    expect(a.of('window')[0]?.channel).toBe(forA)
    a.data(forA, b4a.alloc(700))
    await until(() => b.bytes(forB) === 1_700)
    a.data(forA, b4a.alloc(1))
    expect(await a.closed()).toBe(4003)
  })

  test('who gives more than it got is closed (PROTOCOL)', async () => {
    const relay = await net.relay({ window: 1_000 })
    const { a, b, forA, forB } = await net.pair(relay)
    a.data(forA, b4a.alloc(500))
    await until(() => b.bytes(forB) === 500)
    b.send({ type: 'window', channel: forB, credit: 501 })
    expect(await b.closed()).toBe(4000)
    expect((await a.next('reset')).reason).toBe('GONE')
  })

  test('one frame holds no more than `frame` bytes', async () => {
    const relay = await net.relay({ frame: 1_000 })
    const { a, b, forA, forB } = await net.pair(relay)
    a.data(forA, b4a.alloc(1_000))
    await until(() => b.bytes(forB) === 1_000)
    expect(b.of('welcome')[0]).toMatchObject({ frame: 1_000, window: 2 ** 21, version: 1 })
    a.data(forA, b4a.alloc(1_001))
    // the WebSocket's own code: it is not even read
    expect(await a.closed()).toBe(1009)
    await until(() => relay.clients === 1)
  })

  test('bytes arrive as they were sent, whatever they were cut into, and none more than fits a frame', async () => {
    const relay = await net.relay({ window: 1 << 20, frame: 40_000 })
    const { a, b, forA, forB } = await net.pair(relay)
    const sent: Uint8Array[] = []
    let size = 1
    for (let total = 0; total < 900_000; total += size) {
      size = (size * 7 + 13) % (sent.length % 5 === 0 ? 40_000 : 90) || 1
      sent.push(b4a.alloc(size, sent.length))
      a.data(forA, sent.at(-1) as Uint8Array)
    }
    const all = b4a.concat(sent)
    await until(() => b.bytes(forB) === all.length)
    const got = b.of('data').map(({ payload }) => payload)
    expect(b4a.equals(b4a.concat(got), all)).toBe(true)
    expect(Math.max(...got.map(({ length }) => length))).toBeLessThanOrEqual(40_000)
    // what is small was merged
    expect(got.length).toBeLessThan(sent.length)
  })
})

describe('who breaks the protocol is closed with 4000', () => {
  const cases: [string, (Frame | Uint8Array | string)[]][] = [
    ['says hello twice', [{ type: 'hello', version: 1, token: '' }]],
    ['speaks as a relay', [{ type: 'alive' }]],
    ['welcomes', [{ type: 'welcome', version: 1, window: 1, frame: 1, heartbeat: 1 }]],
    ['opens', [{ type: 'open', channel: 1, isInitiator: true, topic }]],
    ['refuses', [{ type: 'refused', topic }]],
    ['sends text', ['hello']],
    ['sends nothing', [new Uint8Array(0)]],
    ['sends an unknown frame', [Uint8Array.of(0x99, 1)]],
    ['sends a topic too short', [encodeFrame({ type: 'join', topic }).subarray(0, 32)]],
    ['sends no data', [Uint8Array.of(0x20, 0, 0, 0, 1)]],
    ['gives no credit', [Uint8Array.of(0x21, 0, 0, 0, 1, 0, 0, 0, 0)]],
    ['ends twice', ['END', 'END'].map(() => ({ type: 'end', channel: 1 }) as const)],
    [
      'goes on after its end',
      [
        { type: 'end', channel: 1 },
        { type: 'data', channel: 1, payload: b4a.from('x') }
      ]
    ],
    ['sends on a channel that never was', [{ type: 'data', channel: 2, payload: b4a.from('x') }]],
    ['gives credit on one', [{ type: 'window', channel: 2, credit: 1 }]],
    ['ends one', [{ type: 'end', channel: 0 }]],
    ['resets one', [{ type: 'reset', channel: 4_000_000_000, reason: 'CLOSED' }]]
  ]
  test.for(cases)('who %s', async ([, frames]) => {
    const relay = await net.relay()
    const { a, b, forA } = await net.pair(relay)
    expect(forA).toBe(1)
    for (const frame of frames)
      a.raw(typeof frame === 'string' || frame instanceof Uint8Array ? frame : encodeFrame(frame))
    expect(await a.closed()).toBe(4000)
    expect((await b.next('reset')).reason).toBe('GONE')
    expect([relay.clients, relay.channels, relay.stats.refusals]).toEqual([1, 0, { PROTOCOL: 1 }])
  })

  test('who says anything before its hello, or another version', async () => {
    const relay = await net.relay()
    for (const frame of [
      { type: 'join', topic },
      { type: 'data', channel: 1, payload: b4a.from('x') },
      { type: 'hello', version: 2, token: '' }
    ] as const) {
      const stranger = net.stranger(relay)
      stranger.ws.once('open', () => stranger.send(frame))
      expect(await stranger.closed()).toBe(4000)
    }
    expect([relay.clients, relay.topics]).toEqual([0, 0])
  })
})

describe('heartbeats', () => {
  test('something is sent to who hears nothing else, at least so often', async () => {
    const relay = await net.relay({ heartbeat: 20 })
    const client = await net.client(relay)
    await client.next('alive', 3)
    expect(client.of('welcome')[0]?.heartbeat).toBe(20)
    expect(relay.clients).toBe(1)
  })

  test('who answers pings may be silent for ever; who does not is closed', async () => {
    const relay = await net.relay({ heartbeat: 40 })
    const refused: string[] = []
    relay.on('refused', ({ reason }) => refused.push(reason))
    const { a, b, forB } = await net.pair(relay)
    // frozen, as a half-open connection is: the other side's system takes bytes, and nobody reads them
    a.ws.pause()
    expect(await b.next('reset')).toMatchObject({ channel: forB, reason: 'GONE' })
    expect(refused).toEqual(['SILENT'])
    const alive = b.of('alive').length
    await b.next('alive', alive + 12)
    expect([relay.clients, b.code]).toEqual([1, null])
  })
})
