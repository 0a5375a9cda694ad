import b4a from 'b4a'
import type { Duplex } from 'streamx'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type WebSocketLike, webSocketStream } from '../../adapters/transport/websocket.ts'
import type { Autobee } from '../../src/index.ts'
import { admit, contents, harness, op, sees } from '../core/harness.ts'
import { until } from '../support/peers.ts'
import { type SocketServer, socketServer } from './websocket-server.ts'

const h = harness()
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const like = (socket: WebSocket) => socket as unknown as WebSocketLike

interface Pair {
  readonly server: SocketServer
  readonly client: Duplex
  readonly served: Duplex
  readonly socket: WebSocket
  readonly servedSocket: WebSocket
}

async function pair(): Promise<Pair> {
  let served: Duplex | null = null
  let servedSocket: WebSocket | null = null
  const server = await socketServer(socket => {
    servedSocket = socket
    served = webSocketStream(like(socket))
    served.on('error', () => {})
  })
  closing.push(() => server.close())
  const socket = new WebSocket(server.url)
  socket.on('error', () => {})
  const client = webSocketStream(like(socket))
  client.on('error', () => {})
  await until(() => served !== null)
  return { server, client, served: served!, socket, servedSocket: servedSocket! }
}

function all(stream: Duplex): { bytes(): Uint8Array; ended: Promise<void> } {
  const chunks: Uint8Array[] = []
  stream.on('data', chunk => chunks.push(chunk as Uint8Array))
  return {
    bytes: () => b4a.concat(chunks),
    ended: new Promise((resolve, reject) => {
      stream.once('end', () => resolve())
      stream.once('error', reject)
    })
  }
}

const closed = (stream: Duplex) => new Promise<void>(resolve => stream.once('close', () => resolve()))

test('all bytes come, in order, whatever the sizes of the writes', async () => {
  const { client, served } = await pair()
  const got = all(served)
  const sent: Uint8Array[] = []
  for (const size of [1, 0, 65_536, 3, 1_000_000, 17, 262_144, 262_145]) {
    const chunk = b4a.alloc(size, sent.length + 1)
    sent.push(chunk)
    client.write(chunk)
  }
  client.end(null)
  await got.ended
  expect(b4a.equals(got.bytes(), b4a.concat(sent))).toBe(true)
})

test('a reader that does not read holds the writer back, and loses nothing', async () => {
  const { client, served } = await pair()
  const chunk = b4a.alloc(1 << 20, 7)
  let drained = false
  client.once('drain', () => {
    drained = true
  })
  // far more than sockets hold
  const taken = Array.from({ length: 64 }, () => client.write(chunk))
  expect(taken).toContain(false)
  client.end(null)
  const got = all(served)
  await got.ended
  expect(drained).toBe(true)
  expect(got.bytes().byteLength).toBe(64 << 20)
})

test('the end of one side ends the other without an error', async () => {
  const { client, served, socket } = await pair()
  const gone = [closed(client), closed(served)]
  const got = all(served)
  client.end(b4a.from('last words'))
  await got.ended
  client.resume()
  await Promise.all(gone)
  expect(b4a.toString(got.bytes())).toBe('last words')
  await until(() => socket.readyState === socket.CLOSED)
})

test('a socket that is torn off destroys the stream with TRANSPORT_FAILED', async () => {
  const { client, servedSocket } = await pair()
  const failed = new Promise(resolve => client.once('error', resolve))
  servedSocket.terminate()
  expect(await failed).toMatchObject({ code: 'TRANSPORT_FAILED', reason: '1006' })
})

test('a socket that nobody answers fails with TRANSPORT_FAILED', async () => {
  const server = await socketServer()
  await server.close()
  const socket = new WebSocket(server.url)
  socket.on('error', () => {})
  const stream = webSocketStream(like(socket))
  const failed = new Promise(resolve => stream.once('error', resolve))
  expect(await failed).toMatchObject({ code: 'TRANSPORT_FAILED', reason: '1006' })
})

test('text, where bytes are spoken, ends the stream with the reason PROTOCOL', async () => {
  const { client, servedSocket } = await pair()
  const failed = new Promise(resolve => client.once('error', resolve))
  servedSocket.send('hello')
  expect(await failed).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'PROTOCOL' })
})

test('destroying the stream closes the socket, open or opening', async () => {
  const { client, socket, server } = await pair()
  client.destroy()
  await until(() => socket.readyState === socket.CLOSED)
  const opening = new WebSocket(server.url)
  opening.on('error', () => {})
  webSocketStream(like(opening))
    .on('error', () => {})
    .destroy()
  await until(() => opening.readyState === opening.CLOSED)
  await until(() => server.sockets.length === 0)
})

test('something else than an open WebSocket is refused', async () => {
  const { socket } = await pair()
  expect(() => webSocketStream({} as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  socket.terminate()
  await until(() => socket.readyState === socket.CLOSED)
  expect(() => webSocketStream(like(socket))).toThrow(expect.objectContaining({ code: 'CLOSED' }))
})

/** Replicates over a socket; resolves when that has ended. */
function replicate(db: Autobee, socket: WebSocket, { isInitiator }: { isInitiator: boolean }): Promise<void> {
  socket.on('error', () => {})
  const bytes = webSocketStream(like(socket))
  const stream = db.replicate(isInitiator)
  for (const end of [bytes, stream]) end.on('error', () => {})
  stream.pipe(bytes as never)
  bytes.pipe(stream as never)
  return closed(stream as never)
}

test('two databases converge over a WebSocket, and go on when it is torn off', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  const cut = await admit(a, b)
  await cut()
  const server = await socketServer(socket => replicate(a, socket, { isInitiator: false }))
  closing.push(() => server.close())
  for (const round of [1, 2]) {
    const own = (db: Autobee, name: string) => db.append(op({ put: { [`${name}${round}`]: 1 } }))
    await Promise.all([own(a, 'a'), own(b, 'b')])
    const ended = replicate(b, new WebSocket(server.url), { isInitiator: true })
    await Promise.all([sees(a, `b${round}`), sees(b, `a${round}`)])
    for (const one of server.sockets) one.terminate()
    await ended
  }
  expect(await contents(a)).toEqual(await contents(b))
})
