import { describe, expect, test } from 'vitest'
import type { RelayHandle } from '../../../adapters/transport/relay.ts'
import { until } from '../../support/peers.ts'
import { topicOf } from './server-client.ts'
import { relays } from './server-net.ts'

const net = relays()

function refusals(relay: RelayHandle): string[] {
  const reasons: string[] = []
  relay.on('refused', ({ reason, address }) => reasons.push(`${reason} ${address}`))
  return reasons
}

describe('who gets in', () => {
  test('with a token only who says it; nothing is told about a wrong one', async () => {
    const relay = await net.relay({ token: 'sesame' })
    const seen = refusals(relay)
    await net.client(relay, { token: 'sesame' })
    for (const token of ['', 'sesam', 'sesamf', 'sesame ', 'SESAME']) {
      const stranger = net.stranger(relay)
      await stranger.hello({ token })
      expect(await stranger.closed()).toBe(4001)
      expect(stranger.frames).toEqual([])
    }
    expect(seen).toEqual(Array(5).fill('TOKEN 127.0.0.1'))
    expect(relay.clients).toBe(1)
  })

  test('without one every token is as good as none', async () => {
    const relay = await net.relay()
    await net.client(relay, { token: 'anything' })
  })

  test('with origins only pages of these, and what is no page unless told otherwise', async () => {
    const origins = ['https://example.org']
    const relay = await net.relay({ origins })
    const seen = refusals(relay)
    await net.client(relay)
    const page = net.stranger(relay, { origin: 'https://example.org' })
    await page.hello()
    await page.next('welcome')
    for (const origin of ['https://example.org.evil.test', 'http://example.org', 'null'])
      expect(await net.stranger(relay, { origin }).closed()).toBe(1006)
    const strict = await net.relay({ origins, allowNoOrigin: false })
    expect(await net.stranger(strict).closed()).toBe(1006)
    expect(seen).toEqual(Array(3).fill('ORIGIN 127.0.0.1'))
  })

  test('no more sockets than there are places, in all and from one address; a place that is free is taken again', async () => {
    const relay = await net.relay({ limits: { sockets: 3, socketsPerAddress: 2 } })
    const seen = refusals(relay)
    const first = await net.client(relay)
    await net.client(relay)
    expect(await net.stranger(relay).closed()).toBe(4002)
    const elsewhere = net.stranger(relay, { localAddress: '127.0.0.2' })
    await elsewhere.hello()
    await elsewhere.next('welcome')
    expect(await net.stranger(relay, { localAddress: '127.0.0.3' }).closed()).toBe(4002)
    expect(seen).toEqual(['FULL_ADDRESS 127.0.0.1', 'FULL 127.0.0.3'])
    first.ws.terminate()
    await until(() => relay.clients === 2)
    await net.client(relay)
  })

  test('behind a proxy the address is what addressOf says', async () => {
    const relay = await net.relay({
      limits: { socketsPerAddress: 1 },
      addressOf: ({ headers }) => String(headers['x-real-ip'])
    })
    const seen = refusals(relay)
    const from = (ip: string) => net.stranger(relay, { headers: { 'x-real-ip': ip } })
    for (const ip of ['2001:db8::1', '2001:db8:0:1::1']) {
      const client = from(ip)
      await client.hello()
      await client.next('welcome')
    }
    // of the same /64
    expect(await from('2001:db8::2').closed()).toBe(4002)
    expect(seen).toEqual(['FULL_ADDRESS 2001:db8::2'])
  })

  test('an addressOf that throws lets nobody in, and tells it', async () => {
    const relay = await net.relay({
      addressOf: () => {
        throw new Error('no header')
      }
    })
    const errors: unknown[] = []
    relay.on('error', error => errors.push(error))
    expect(await net.stranger(relay).refused()).toBe(500)
    expect(errors).toMatchObject([{ code: 'TRANSPORT_FAILED' }])
  })

  test('who does not say hello in time is closed, and its place free', async () => {
    const relay = await net.relay({ limits: { hello: 30, sockets: 1 } })
    const seen = refusals(relay)
    expect(await net.stranger(relay).closed()).toBe(4005)
    expect(seen).toEqual(['SILENT 127.0.0.1'])
    await until(() => relay.stats.sockets === 0)
    await net.client(relay)
  })
})

describe('what a client may take', () => {
  test('a topic too many is refused, of one client and of all; one that is left makes room', async () => {
    const relay = await net.relay({ limits: { topics: 2, topicsInAll: 3 } })
    const seen = refusals(relay)
    const [a, b] = [await net.client(relay), await net.client(relay)]
    for (const name of ['one', 'two', 'three']) a.send({ type: 'join', topic: topicOf(name) })
    expect(Buffer.compare((await a.next('refused')).topic, topicOf('three'))).toBe(0)
    for (const name of ['four', 'five']) b.send({ type: 'join', topic: topicOf(name) })
    expect(Buffer.compare((await b.next('refused')).topic, topicOf('five'))).toBe(0)
    expect([relay.topics, seen.map(reason => reason.split(' ')[0])]).toEqual([3, ['TOPICS', 'TOPICS_IN_ALL']])
    // again is no other one
    a.send({ type: 'join', topic: topicOf('two') })
    a.send({ type: 'leave', topic: topicOf('one') })
    await a.flushed()
    b.send({ type: 'join', topic: topicOf('two') })
    await b.next('open')
    expect([a.of('refused').length, b.of('refused').length, relay.topics]).toEqual([1, 1, 2])
  })

  test('joins beyond a burst, and other frames that are neither data nor credit: FLOOD', async () => {
    const relay = await net.relay({ limits: { joins: 5, controls: 20 } })
    const joining = await net.client(relay)
    for (let i = 0; i < 7; i++) joining.send({ type: 'join', topic: topicOf('one') })
    expect(await joining.closed()).toBe(4003)
    const leaving = await net.client(relay)
    for (let i = 0; i < 30; i++) leaving.send({ type: 'leave', topic: topicOf('one') })
    expect(await leaving.closed()).toBe(4003)
    const pinging = await net.client(relay)
    for (let i = 0; i < 30; i++) pinging.ws.ping()
    expect(await pinging.closed()).toBe(4003)
    expect([relay.stats.refusals, relay.topics]).toEqual([{ FLOOD: 3 }, 0])
  })

  test('bytes and frames come no faster than they may: all of them come, the others are served meanwhile', async () => {
    const relay = await net.relay({
      limits: { bytesPerSecond: 100_000, framesPerSecond: 1_000 },
      heartbeat: 1_000
    })
    const { a, b, forA, forB } = await net.pair(relay)
    const other = await net.pair(relay, 'other')
    for (let i = 0; i < 500; i++) a.data(forA, new Uint8Array(1_000))
    other.a.data(other.forA, 'not in a hurry')
    await until(() => other.b.text(other.forB) === 'not in a hurry')
    // a fifth at once, and what was read with it; the rest takes seconds
    expect(b.bytes(forB)).toBeLessThan(400_000)
    await until(() => b.bytes(forB) === 500_000)
    expect(a.code).toBe(null)
  })

  test('bytes that may wait for a client, and for all: SLOW', async () => {
    const relay = await net.relay({
      window: 8 << 20,
      limits: { buffered: 1 << 20, memory: 5 << 20 },
      heartbeat: 60_000
    })
    const { a, b, forA } = await net.pair(relay)
    b.ws.pause()
    const closed = new Promise<string>(resolve => {
      relay.on('client-close', ({ reason }) => resolve(String(reason)))
    })
    // what the system takes comes before
    for (let i = 0; i < 128 && relay.clients === 2; i++) {
      a.data(forA, new Uint8Array(65_000))
      await a.flushed()
    }
    expect(await closed).toBe('SLOW')
    b.ws.resume()
    expect(await b.closed()).toBe(4004)
    expect([(await a.next('reset')).reason, a.code]).toEqual(['GONE', null])
    await until(() => relay.stats.buffered === 0)
  })

  test('beyond what may wait for all together the one with most is closed', async () => {
    const relay = await net.relay({ window: 16 << 20, limits: { memory: 2 << 20 }, heartbeat: 60_000 })
    const greedy = await net.pair(relay, 'greedy')
    const modest = await net.pair(relay, 'modest')
    for (const { b } of [greedy, modest]) b.ws.pause()
    let sent = 0
    while (relay.clients === 4 && sent < 16 << 20) {
      greedy.a.data(greedy.forA, new Uint8Array(60_000))
      modest.a.data(modest.forA, new Uint8Array(6_000))
      await Promise.all([greedy.a.flushed(), modest.a.flushed()])
      expect(relay.stats.buffered).toBeLessThan((2 << 20) + 4 * (1 << 19))
      sent += 60_000
    }
    expect((await greedy.a.next('reset')).reason).toBe('GONE')
    modest.b.ws.resume()
    await until(() => modest.b.bytes(modest.forB) === (sent / 60_000) * 6_000)
    expect(relay.stats.refusals).toEqual({ SLOW: 1 })
  })
})
