import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { encodeFrame, type Frame, RESETS } from '../../../adapters/transport/relay/frames.ts'
import { Random } from '../../simulation/random.ts'
import { until } from '../../support/peers.ts'
import { type RawClient, topicOf } from './server-client.ts'
import {
  honest,
  hungUp,
  MIB,
  NO_RATE,
  noMoreThan,
  nothingIsLeft,
  raw,
  SOCKET,
  settled
} from './server-hostile.ts'
import { relays } from './server-net.ts'

const net = relays()

describe('frames that nobody expects', () => {
  const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))

  /** One that is right, with numbers that may not be. */
  function frameOf(random: Random): Frame {
    const topic = topicOf(`topic ${below(random, 6)}`)
    const channel = below(random, 8) === 0 ? below(random, 2 ** 32) : below(random, 6)
    const reasons = Object.keys(RESETS) as (keyof typeof RESETS)[]
    const kinds: (() => Frame)[] = [
      () => ({ type: 'hello', version: below(random, 3), token: 'x'.repeat(below(random, 300)) }),
      () => ({ type: 'welcome', version: 1, window: 1, frame: 1, heartbeat: 1 }),
      () => ({ type: 'open', channel, isInitiator: below(random, 2) === 0, topic }),
      () => ({ type: 'alive' }),
      () => ({ type: 'refused', topic })
    ]
    const usual: (() => Frame)[] = [
      () => ({ type: 'join', topic }),
      () => ({ type: 'leave', topic }),
      () => ({ type: 'data', channel, payload: new Uint8Array(1 + below(random, 2_000)) }),
      () => ({ type: 'window', channel, credit: 1 + below(random, 3_000) }),
      () => ({ type: 'end', channel }),
      () => ({ type: 'reset', channel, reason: reasons[below(random, reasons.length)] ?? 'FAILED' })
    ]
    const all = below(random, 12) === 0 ? kinds : usual
    return (all[below(random, all.length)] as () => Frame)()
  }

  function bytesOf(random: Random): Uint8Array {
    const bytes = encodeFrame(frameOf(random))
    switch (below(random, 24)) {
      case 0:
        return bytes.subarray(0, below(random, bytes.length))
      case 1:
        bytes[below(random, bytes.length)] = below(random, 256)
        return bytes
      case 2:
        return Uint8Array.from({ length: below(random, 64) }, () => below(random, 256))
      default:
        return bytes
    }
  }

  test(`10,000 random, wrong and truncated ones (FUZZ_SEED=${seed})`, async () => {
    const random = new Random(seed)
    const relay = await net.relay({ window: 10_000, frame: 1_900, limits: { channels: 6, ...NO_RATE } })
    const pair = await honest(net, relay)
    const hostile: RawClient[] = []
    let sent = 0
    let dialled = 0
    while (sent < 10_000) {
      const missing = 12 - hostile.length
      hostile.push(...(await Promise.all(Array.from({ length: missing }, () => net.client(relay)))))
      dialled += missing
      for (const client of hostile) {
        if (client.code !== null) continue
        // what is answered at once, and what crosses an answer
        const bytes = bytesOf(random)
        client.isDeaf = true
        client.raw(bytes)
        sent++
      }
      if (below(random, 8) === 0) {
        await pair.talk()
        for (const client of hostile.splice(0)) if (client.code === null) hostile.push(client)
      }
      if (below(random, 200) === 0) hostile.shift()?.ws.terminate()
      expect(relay.stats.buffered).toBeLessThan(14 * (6 * 10_100 + SOCKET))
    }
    await pair.talk()
    expect(dialled).toBeGreaterThan(20)
    for (const client of hostile) client.ws.terminate()
    await nothingIsLeft(relay, 2)
    expect([relay.topics, relay.channels]).toEqual([1, 1])
  })

  test(`bytes that are no WebSocket's (FUZZ_SEED=${seed})`, async () => {
    const random = new Random(seed)
    const relay = await net.relay({ limits: { hello: 2_000 } })
    const pair = await honest(net, relay)
    for (let i = 0; i < 200; i++) {
      const client = net.stranger(relay)
      await client.hello()
      const { _socket: socket } = client.ws as unknown as { _socket: Socket }
      const bytes = Uint8Array.from({ length: 2 + below(random, 200) }, () => below(random, 256))
      // mostly what looks like a frame: masked, and of any type and length
      if (below(random, 4) > 0) bytes.set([0x80 | below(random, 16), 0x80 | below(random, 128)])
      socket.write(bytes)
      socket.end()
      const plain = raw(net, relay)
      plain.end(bytes)
    }
    await pair.talk()
    await nothingIsLeft(relay, 2)
  })

  test('one that announces more than a frame may hold, or comes in a thousand pieces', async () => {
    const relay = await net.relay()
    const pair = await honest(net, relay)
    for (const length of [2 ** 20, 2 ** 40]) {
      const client = await net.client(relay)
      const header = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4])
      header.writeBigUInt64BE(BigInt(length), 2)
      ;(client.ws as unknown as { _socket: Socket })._socket.write(header)
      expect(await client.closed()).toBe(1009)
    }
    const pieces = await net.client(relay)
    for (let i = 0; i < 1_000; i++) pieces.ws.send(new Uint8Array(1), { fin: false })
    expect(await pieces.closed()).toBe(1008)
    await pair.talk()
    await nothingIsLeft(relay, 2)
  })
})

describe('floods', () => {
  test('of everything there is: closed with FLOOD, and the others are served meanwhile', async () => {
    const relay = await net.relay()
    const pair = await honest(net, relay)
    const topic = topicOf('flood')
    for (const frame of [
      { type: 'join', topic },
      { type: 'leave', topic },
      { type: 'reset', channel: 1, reason: 'CLOSED' },
      { type: 'data', channel: 1, payload: new Uint8Array(60_000) }
    ] as const) {
      const { a } = await net.pair(relay, `flood ${frame.type}`)
      const bytes = encodeFrame(frame)
      while (a.code === null) {
        for (let i = 0; i < 200; i++) a.raw(bytes)
        await pair.talk()
      }
      expect(a.code).toBe(4003)
    }
  })

  test('of frames that are right, as fast as it can: slowed down, not closed, and the others are served', async () => {
    const relay = await net.relay({ limits: { framesPerSecond: 2_000 } })
    const pair = await honest(net, relay)
    const { a, b, forA } = await net.pair(relay, 'busy')
    b.isGenerous = true
    for (let i = 0; i < 6_000; i++) a.data(forA, 'x')
    await pair.talk()
    // a third at once, and what was read with it; the rest takes seconds
    expect(relay.stats.framesIn).toBeLessThan(16_000)
    expect(a.code).toBe(null)
  })

  test('a million topics from one client: no more than it may have', async () => {
    const relay = await net.relay({ limits: { ...NO_RATE, topics: 100 } })
    const pair = await honest(net, relay)
    const client = await net.client(relay)
    client.isDeaf = true
    const before = settled()
    const topic = new Uint8Array(32)
    const view = new DataView(topic.buffer)
    for (let i = 0; i < 1_000_000; i++) {
      view.setUint32(0, i)
      client.send({ type: 'join', topic })
      if (i % 1_000 === 999) await client.flushed()
      if (i % 100_000 === 99_999) await pair.talk()
    }
    expect([relay.topics, relay.stats.refusals]).toEqual([101, { TOPICS: 999_900 }])
    await noMoreThan(8 * MIB, before)
    client.ws.terminate()
    await nothingIsLeft(relay, 2)
    expect(relay.topics).toBe(1)
  })

  test('a million topics from one client that does not read what it is answered: SLOW', async () => {
    const relay = await net.relay({ limits: { ...NO_RATE, topics: 100 }, heartbeat: 60_000 })
    const client = await net.client(relay)
    client.ws.pause()
    let most = 0
    for (let i = 0; i < 1_000_000 && relay.clients === 1; i++) {
      client.send({ type: 'join', topic: topicOf(`topic ${i}`) })
      if (i % 1_000 !== 999) continue
      await until(() => client.ws.bufferedAmount < MIB)
      await new Promise(setImmediate)
      most = Math.max(most, relay.stats.buffered)
    }
    expect(relay.stats.refusals.SLOW).toBe(1)
    expect(most).toBeLessThan(2 * SOCKET)
  })

  test('as many topics as there may be, from many clients: none is left behind', async () => {
    const relay = await net.relay({ limits: { topicsInAll: 5_000 } })
    const clients = await Promise.all(Array.from({ length: 24 }, () => net.client(relay)))
    for (const [i, client] of clients.entries())
      for (let n = 0; n < 250; n++) client.send({ type: 'join', topic: topicOf(`${i} ${n}`) })
    for (const client of clients) await client.flushed()
    expect(relay.topics).toBe(5_000)
    expect(relay.stats.refusals).toEqual({ TOPICS_IN_ALL: 1_000 })
    for (const client of clients) client.ws.terminate()
    await until(() => relay.topics === 0)
  })
})

describe('slow ones', () => {
  test('headers that trickle in, and connections that say nothing, have no more time than others', async () => {
    const relay = await net.relay({ limits: { hello: 100 } })
    const pair = await honest(net, relay)
    const slow = raw(net, relay)
    slow.write('GET / HTTP/1.1\r\nHost: here\r\n')
    const timer = setInterval(() => slow.write('X-More: 1\r\n'), 5)
    net.onend(() => clearInterval(timer))
    const silent = Array.from({ length: 30 }, () => raw(net, relay))
    await Promise.all([slow, ...silent].map(hungUp))
    await pair.talk()
  })

  test('connections that say nothing take no more than their places, and others get in from elsewhere', async () => {
    const relay = await net.relay({ limits: { socketsPerAddress: 4, sockets: 8, hello: 60_000 } })
    const silent = Array.from({ length: 40 }, () => raw(net, relay))
    let ended = 0
    for (const socket of silent) socket.once('close', () => ended++).once('end', () => socket.end())
    await until(() => ended === 40 - (4 + 16))
    expect(relay.stats.refusals).toEqual({ FULL_ADDRESS: 20 })
    const client = net.stranger(relay, { localAddress: '127.0.0.2' })
    await client.hello()
    await client.next('welcome')
  })

  test('a connection that is closed half-way is gone', async () => {
    const relay = await net.relay()
    const { a, b } = await net.pair(relay)
    ;(a.ws as unknown as { _socket: Socket })._socket.end()
    expect((await b.next('reset')).reason).toBe('GONE')
    await until(() => relay.clients === 1)
  })
})

/** A whole number from 0 on, less than `limit`. */
function below(random: Random, limit: number): number {
  return random.int(0, limit - 1)
}
