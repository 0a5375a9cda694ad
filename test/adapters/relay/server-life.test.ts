import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createRelay as inPage } from '../../../adapters/entry/unsupported/relay.ts'
import { createRelay } from '../../../adapters/transport/relay.ts'
import { until } from '../../support/peers.ts'
import { CERTIFICATE, KEY } from './server-certificate.ts'
import { RawClient, topicOf } from './server-client.ts'
import { relays } from './server-net.ts'

const net = relays()

async function listening<S extends { listen(port: number, host: string, done: () => void): unknown }>(
  server: S & { close(): unknown; closeAllConnections(): void }
): Promise<S> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  net.onend(() => {
    server.close()
    server.closeAllConnections()
  })
  return server
}

describe('a relay that cannot be', () => {
  test('on a port that is taken, or at an address of another machine: TRANSPORT_FAILED', async () => {
    const { port } = await net.relay()
    await expect(createRelay({ port })).rejects.toMatchObject({
      code: 'TRANSPORT_FAILED',
      reason: 'EADDRINUSE'
    })
    await expect(createRelay({ host: '203.0.113.1' })).rejects.toMatchObject({
      code: 'TRANSPORT_FAILED',
      reason: 'EADDRNOTAVAIL'
    })
  })

  const wrong: [string, object][] = [
    ['port', { port: 70_000 }],
    ['host', { host: '' }],
    ['path', { path: 'relay' }],
    ['token', { token: 'x'.repeat(257) }],
    ['origins', { origins: 'https://example.org' }],
    ['window', { window: 0 }],
    ['frame', { frame: 1.5 }],
    ['heartbeat', { heartbeat: Number.POSITIVE_INFINITY }],
    ['limits', { limits: { channels: -1 } }],
    ['limits', { limits: { sockets: Number.NaN } }]
  ]
  test.for(wrong)('with a wrong %s: INVALID_ARGUMENT', async ([, options]) => {
    await expect(createRelay(options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('in a page: UNSUPPORTED_RUNTIME', () => {
    expect(() => inPage()).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_RUNTIME' }))
  })
})

describe('closing', () => {
  test('sends what waits, then 1001 to all, and the port is free; twice is once', async () => {
    const relay = await createRelay()
    const { port } = relay
    let closes = 0
    relay.on('close', () => closes++)
    const { a, b, forA, forB } = await net.pair(relay)
    a.data(forA, new Uint8Array(200_000).subarray(0, 60_000))
    a.data(forA, 'the last')
    await a.flushed()
    const closing = relay.close()
    expect(relay.close({ grace: 1 })).toBe(closing)
    await closing
    expect([await a.closed(), await b.closed(), closes]).toEqual([1001, 1001, 1])
    expect(b.text(forB).endsWith('the last')).toBe(true)
    expect(relay.stats).toMatchObject({
      ...{ clients: 0, sockets: 0, topics: 0, channels: 0, buffered: 0 },
      closes: { 1001: 2 }
    })
    await net.relay({ port })
  })

  test('what waits for who reads slowly is all sent, if it takes it within the grace', async () => {
    const relay = await net.relay({ window: 16 << 20, heartbeat: 60_000 })
    const { a, b, forA, forB } = await net.pair(relay)
    b.ws.pause()
    let sent = 0
    while (relay.stats.buffered < 1 << 20) {
      a.data(forA, new Uint8Array(60_000))
      await a.flushed()
      sent += 60_000
    }
    const closing = relay.close({ grace: 60_000 })
    b.ws.resume()
    expect(await b.closed()).toBe(1001)
    expect(b.bytes(forB)).toBe(sent)
    await closing
  })

  test('who does not read has no longer than the grace', async () => {
    const relay = await net.relay({ window: 16 << 20, heartbeat: 60_000 })
    const { a, b, forA } = await net.pair(relay)
    b.ws.pause()
    while (relay.stats.buffered < 1 << 20) {
      a.data(forA, new Uint8Array(60_000))
      await a.flushed()
    }
    await relay.close({ grace: 50 })
    expect(await a.closed()).toBe(1001)
    expect(relay.stats).toMatchObject({ clients: 0, sockets: 0, channels: 0, buffered: 0 })
  })

  test('while clients dial, join and say hello: none is left behind', async () => {
    const relay = await net.relay()
    const dialling = Array.from({ length: 40 }, (_, i) => {
      const client = net.stranger(relay)
      if (i % 2 === 0)
        client.hello().then(
          () => client.send({ type: 'join', topic: topicOf('all') }),
          () => {}
        )
      return client
    })
    await Promise.race(dialling.map(({ ws }) => new Promise(resolve => ws.once('open', resolve))))
    await relay.close()
    for (const client of dialling) expect([1001, 1006]).toContain(await client.closed())
    expect(relay.stats).toMatchObject({ clients: 0, sockets: 0, topics: 0, channels: 0 })
    expect(await net.stranger(relay).closed()).toBe(1006)
  })

  test('from inside any of its events', async () => {
    for (const event of ['client', 'client-close', 'refused'] as const) {
      const relay = await net.relay()
      const closed = new Promise<void>(resolve => relay.once('close', () => resolve()))
      relay.on(event, () => void relay.close())
      const { ws } = await net.client(relay).catch(() => net.stranger(relay))
      if (event === 'refused') ws.send('no frame')
      if (event === 'client-close') ws.close()
      await closed
      expect(relay.clients).toBe(0)
    }
  })

  test("a listener's error is the process's, and no client's", async () => {
    const relay = await net.relay()
    const errors: unknown[] = []
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException').on('uncaughtException', error => errors.push(error))
    relay.on('client', () => {
      throw new Error('mine')
    })
    await net.client(relay)
    await until(() => errors.length === 1)
    process.removeAllListeners('uncaughtException')
    for (const listener of others) process.on('uncaughtException', listener)
    expect(relay.clients).toBe(1)
  })
})

describe('a server that was handed in', () => {
  test('stays open, and keeps its own requests and upgrades', async () => {
    const server = await listening(
      createServer((request, response) => {
        if (!relay.handleRequest(request, response)) response.end('mine')
      })
    )
    server.on('upgrade', (request, socket) => {
      if (request.url === '/mine') socket.end('HTTP/1.1 418 Mine\r\n\r\n')
    })
    const relay = await createRelay({ server, path: '/relay' })
    const base = `http://127.0.0.1:${relay.port}`
    expect(relay.url).toBe(`${base.replace('http', 'ws')}/relay`)
    const client = await net.client(relay)
    expect(await (await fetch(base)).text()).toBe('mine')
    expect((await fetch(`${base}/health`)).status).toBe(200)
    const mine = new RawClient(`${base.replace('http', 'ws')}/mine`)
    expect(await mine.refused()).toBe(418)
    await relay.close()
    expect([await client.closed(), server.listening]).toEqual([1001, true])
    expect(await (await fetch(base)).text()).toBe('mine')
    expect([server.listenerCount('upgrade'), server.listenerCount('error')]).toEqual([1, 0])
  })

  test('ends the relay when it is closed, though it would wait for the clients', async () => {
    const server = await listening(createServer())
    const relay = await createRelay({ server, heartbeat: 20 })
    const client = await net.client(relay)
    await until(() => client.of('alive').length > 0)
    const closed = new Promise(resolve => server.close(resolve))
    expect(await client.closed()).toBe(1001)
    await closed
    await relay.close()
  })

  test('may listen later', async () => {
    const server = createServer()
    const relay = await createRelay({ server })
    net.onend(() => relay.close({ grace: 0 }))
    expect(relay.port).toBe(0)
    await listening(server)
    expect(relay.port).toBe((server.address() as AddressInfo).port)
    await net.client(relay)
    expect(await (await fetch(relay.url.replace('ws', 'http'))).text()).toBe('Upgrade Required\n')
  })

  test('makes it wss: when it speaks TLS', async () => {
    const server = await listening(createTlsServer({ key: KEY, cert: CERTIFICATE }))
    const relay = await createRelay({ server })
    net.onend(() => relay.close({ grace: 0 }))
    expect(relay.url).toBe(`wss://127.0.0.1:${relay.port}/`)
    const clients = [0, 1].map(() => net.stranger(relay, { ca: CERTIFICATE, servername: 'localhost' }))
    for (const client of clients) {
      await client.hello()
      client.send({ type: 'join', topic: topicOf('tls') })
    }
    const [a, b] = clients as [RawClient, RawClient]
    const { channel } = await a.next('open')
    const { channel: there } = await b.next('open')
    for (let i = 0; i < 8; i++) a.data(channel, new Uint8Array(60_000).fill(i))
    await until(() => b.bytes(there) === 480_000)
  })
})

describe('what it tells over HTTP', () => {
  test('GET /health and /metrics; anything else is 404, and 426 where WebSockets are taken', async () => {
    const relay = await net.relay()
    const base = `http://127.0.0.1:${relay.port}`
    const { a, b, forA, forB } = await net.pair(relay)
    a.data(forA, new Uint8Array(1_000))
    await until(() => b.bytes(forB) === 1_000)
    b.raw('no frame')
    await b.closed()
    await until(() => relay.stats.sockets === 1)

    const health = await fetch(`${base}/health?from=test`)
    expect(health.headers.get('content-type')).toBe('application/json')
    expect(await health.json()).toEqual({ status: 'ok', clients: 1, topics: 1, channels: 0 })
    const metrics = await (await fetch(`${base}/metrics`)).text()
    const values = Object.fromEntries(
      metrics
        .split('\n')
        .filter(line => line !== '' && !line.startsWith('#'))
        .map(line => line.split(' '))
    )
    expect(values).toMatchObject({
      autobee_relay_clients: '1',
      autobee_relay_sockets: '1',
      autobee_relay_topics: '1',
      autobee_relay_channels: '0',
      autobee_relay_buffered_bytes: '0',
      'autobee_relay_refusals_total{reason="PROTOCOL"}': '1',
      'autobee_relay_closes_total{code="4000"}': '1'
    })
    // two hellos, two joins, the data, the text
    expect(values['autobee_relay_frames_total{direction="in"}']).toBe('6')
    expect(values['autobee_relay_bytes_total{direction="in"}']).toBe(String(2 * 2 + 2 * 33 + 1_005 + 8))
    expect(Number(values['autobee_relay_bytes_total{direction="out"}'])).toBeGreaterThan(1_000)

    const statuses = async (...paths: string[]) =>
      Promise.all(paths.map(async path => (await fetch(base + path)).status))
    expect(await statuses('/', '/?x', '/other', '/health/')).toEqual([426, 426, 404, 404])
    expect((await fetch(`${base}/health`, { method: 'POST' })).status).toBe(404)
    expect(await (await fetch(`${base}/metrics`, { method: 'HEAD' })).text()).toBe('')
    expect(await new RawClient(`${relay.url}other`).refused()).toBe(404)
  })

  test('each can be switched off', async () => {
    const relay = await net.relay({ health: false, metrics: false })
    for (const path of ['health', 'metrics'])
      expect((await fetch(`http://127.0.0.1:${relay.port}/${path}`)).status).toBe(404)
  })

  test('a WebSocket of another subprotocol is 400', async () => {
    const relay = await net.relay()
    const { WebSocket } = await import('ws')
    const status = new Promise(resolve => {
      const ws = new WebSocket(relay.url, 'chat')
      ws.on('error', () => {})
      ws.once('unexpected-response', (_, { statusCode }) => resolve(statusCode))
    })
    expect(await status).toBe(400)
  })
})
