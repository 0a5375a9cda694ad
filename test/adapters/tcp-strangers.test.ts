import { once } from 'node:events'
import type { Socket } from 'node:net'
import b4a from 'b4a'
import Hypercore from 'hypercore'
import { describe, expect, test } from 'vitest'
import { connectTcp, listenTcp } from '../../adapters/transport/tcp.ts'
import { until } from '../support/peers.ts'
import { network, record } from './network.ts'

const net = network()
const HOUR = 3_600_000

/** A stranger whose Noise handshake is right: what it writes to `stream` goes out encrypted, as any bytes. */
async function handshaken(port: number): Promise<{ socket: Socket; stream: Hypercore.NoiseStream }> {
  const socket = net.socket(port)
  const raw = Hypercore.createProtocolStream(true, { keepAlive: false })
  for (const stream of [raw, raw.noiseStream]) stream.on('error', () => {})
  socket.pipe(raw as never)
  raw.pipe(socket as never, { end: false } as never)
  net.onend(() => raw.destroy())
  await raw.noiseStream.opened
  return { socket, stream: raw.noiseStream }
}

describe('a stranger who is given no more time than handshakeTimeout', () => {
  test('because it says nothing', async () => {
    const server = net.kept(await listenTcp(await net.store(), { handshakeTimeout: 50 }))
    const seen = record(server)
    await net.socket(server.port).gone
    await until(() => seen.errors.length === 1)
    expect(seen.errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'HANDSHAKE_TIMEOUT' })
    expect([seen.peers, server.status]).toEqual([0, 'listening'])
  })

  test('because it says it byte by byte', async () => {
    const server = net.kept(
      await listenTcp(await net.store(), { handshakeTimeout: 200, silenceTimeout: HOUR })
    )
    const seen = record(server)
    const socket = net.socket(server.port)
    socket.write(Uint8Array.of(0, 4, 0))
    let sent = 0
    const timer = setInterval(() => {
      sent++
      socket.write(Uint8Array.of(1))
    }, 2)
    net.onend(() => clearInterval(timer))
    await socket.gone
    expect(sent).toBeGreaterThan(5)
    await until(() => seen.errors.length === 1)
    expect(seen.errors[0]).toMatchObject({ reason: 'HANDSHAKE_TIMEOUT' })
    expect(seen.peers).toBe(0)
  })

  test('because it is a server that says nothing: dialled again', async () => {
    const dials: Socket[] = []
    const { port } = await net.server(socket => dials.push(socket))
    const client = net.kept(
      connectTcp(await net.store(), { port, handshakeTimeout: 50, retry: { first: 1, longest: 1 } })
    )
    const seen = record(client)
    await until(() => dials.length >= 2)
    expect(seen.errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'HANDSHAKE_TIMEOUT' })
    expect(seen.peers).toBe(0)
  })
})

describe('a stranger who is dropped at once, long before any time-out', () => {
  const long = { handshakeTimeout: HOUR, silenceTimeout: HOUR }
  const cases: [string, Uint8Array][] = [
    ['a frame that announces 16 MiB', Uint8Array.of(255, 255, 255)],
    ['a frame of no bytes', Uint8Array.of(0, 0, 0)],
    ['another protocol', b4a.from('GET / HTTP/1.1\r\nHost: here\r\n\r\n')],
    ['a frame of a fitting length, full of garbage', b4a.concat([Uint8Array.of(32, 0, 0), b4a.alloc(32, 7)])]
  ]
  test.for(cases)('who sends %s', async ([, bytes]) => {
    const server = net.kept(await listenTcp(await net.store(), long))
    const seen = record(server)
    const socket = net.socket(server.port)
    socket.write(bytes)
    // a key of 32 bytes is answered; what follows it is not its proof
    socket.write(b4a.concat([Uint8Array.of(64, 0, 0), b4a.alloc(64, 7)]))
    await socket.gone
    await until(() => seen.errors.length === 1)
    expect(seen.errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'PROTOCOL' })
    expect([seen.peers, server.peers, server.status]).toEqual([0, [], 'listening'])
  })

  test('who floods before it has spoken: what it sends is not kept', async () => {
    const server = net.kept(await listenTcp(await net.store(), long))
    const seen = record(server)
    const socket = net.socket(server.port)
    const junk = b4a.alloc(65_536, 9)
    const pour = (): void => {
      while (!socket.destroyed && socket.write(junk)) {}
    }
    socket.on('drain', pour)
    pour()
    await until(() => seen.errors.length === 1)
    expect(seen.errors[0]).toMatchObject({ reason: 'PROTOCOL' })
  })

  test('who hangs up first, or only its own half', async () => {
    const server = net.kept(await listenTcp(await net.store(), long))
    const seen = record(server)
    net.socket(server.port).resetAndDestroy()
    const half = net.socket(server.port)
    half.end()
    await half.gone
    await half.destroy()
    // both places are free again
    const client = net.kept(connectTcp(await net.store(), { port: server.port }))
    await Promise.all([client.connected(), server.connected()])
    expect([seen.peers, server.peers.length]).toEqual([1, 1])
  })

  test('whose server speaks something else: an error, dialled again with growing pauses', async () => {
    const { port } = await net.server(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(20)))
    const client = net.kept(
      connectTcp(await net.store(), { ...long, port, retry: { first: 1, longest: 64, random: () => 1 } })
    )
    const seen = record(client)
    await until(() => seen.retries.length === 5)
    expect(seen.retries.map(({ delay }) => delay)).toEqual([1, 2, 4, 8, 16])
    expect(seen.peers).toBe(0)
    expect(seen.errors.every(error => error.code === 'TRANSPORT_FAILED')).toBe(true)
  })
})

describe('a peer', () => {
  test('that is frozen without hanging up is noticed by both sides', async () => {
    const [left, right] = [await net.store(), await net.store()]
    const server = net.kept(await listenTcp(left, { silenceTimeout: 300 }))
    const between = await net.proxy(server.port)
    const client = net.kept(connectTcp(right, { port: between.port, silenceTimeout: 300 }))
    const [near, far] = [record(client), record(server)]
    await Promise.all([client.connected(), server.connected()])
    between.freeze()
    await until(() => near.gone === 1 && far.gone === 1)
    for (const { errors } of [near, far])
      expect(errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'ETIMEDOUT' })
  })

  test('is given 8 s by default, and says something every 5 s itself', async () => {
    const server = net.kept(await listenTcp(await net.store()))
    const client = net.kept(connectTcp(await net.store(), { port: server.port }))
    await Promise.all([client.connected(), server.connected()])
    for (const { stream } of [...server.peers, ...client.peers])
      expect([stream.noiseStream.timeout, stream.noiseStream.keepAlive]).toEqual([8_000, 5_000])
  })

  test('that closes only its own half after the handshake is gone', async () => {
    const server = net.kept(await listenTcp(await net.store(), { silenceTimeout: HOUR }))
    const seen = record(server)
    const { socket } = await handshaken(server.port)
    await server.connected()
    socket.end()
    await until(() => seen.gone === 1)
    expect(server.peers).toEqual([])
  })

  test('that sends garbage once it is a peer does not disturb the others', async () => {
    const store = await net.store()
    const server = net.kept(await listenTcp(store))
    const seen = record(server)
    const { stream } = await handshaken(server.port)
    await until(() => seen.peers === 1)
    for (let i = 0; i < 100; i++) stream.write(b4a.alloc(10_000, i))
    await serves(store, server.port)
  })

  test('that floods is slowed down, not buffered', async () => {
    const store = await net.store()
    const server = net.kept(await listenTcp(store))
    const { stream, socket } = await handshaken(server.port)
    // well-formed, and for nobody
    Hypercore.getProtocolMuxer(stream).createChannel({ protocol: 'none' })?.open()
    const junk = b4a.concat([Uint8Array.of(1, 0), b4a.alloc(60_000, 1)])
    const before = process.memoryUsage.rss()
    let written = 0
    const pour = (): void => {
      while (written < 200_000_000 && !socket.destroyed) {
        written += junk.length
        if (!stream.write(junk)) return
      }
    }
    stream.on('drain', pour)
    pour()
    await until(() => written >= 200_000_000 || socket.destroyed)
    await serves(store, server.port)
    expect(process.memoryUsage.rss() - before).toBeLessThan(150_000_000)
  })
})

describe('limits', () => {
  test('in all: one more is closed at once and told; a place that is left is given again', async () => {
    const store = await net.store()
    const server = net.kept(await listenTcp(store, { maxConnections: 2 }))
    const seen = record(server)
    const [first, second] = [net.socket(server.port), net.socket(server.port)]
    await Promise.all([once(first, 'connect'), once(second, 'connect')])
    const third = net.socket(server.port)
    await third.gone
    await until(() => seen.refused.length === 1)
    expect(seen.refused).toEqual(['FULL'])
    first.destroy()
    second.destroy()
    await serves(store, server.port)
  })

  test('from one address: the others have theirs', async () => {
    const store = await net.store()
    const server = net.kept(await listenTcp(store, { maxConnectionsPerAddress: 1 }))
    const seen = record(server)
    const first = net.socket(server.port, { localAddress: '127.0.0.2' })
    await once(first, 'connect')
    await net.socket(server.port, { localAddress: '127.0.0.2' }).gone
    await until(() => seen.refused.length === 1)
    expect(seen.refused).toEqual(['FULL_ADDRESS'])
    await serves(store, server.port)
  })
})

/** An honest peer gets a block. */
async function serves(store: Awaited<ReturnType<typeof net.store>>, port: number): Promise<void> {
  const core = store.get({ name: 'log' })
  await core.append(b4a.from('hello'))
  const other = await net.store()
  net.kept(connectTcp(other, { port, retry: { first: 1, longest: 8 } }))
  expect(b4a.toString((await other.get({ key: core.key }).get(0)) as Uint8Array)).toBe('hello')
}
