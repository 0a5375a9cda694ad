import { createServer } from 'node:net'
import { test } from 'vitest'
import { WebSocket } from 'ws'
import { type LoneEnd, type TransportPair, transportSuite } from '../../../adapters/testing/index.ts'
import { type WebSocketLike, webSocketStream } from '../../../adapters/transport/websocket-stream.ts'
import { socketServer } from '../websocket-server.ts'

interface SocketPair extends TransportPair {
  readonly sockets: readonly WebSocket[]
}

function streamOf(socket: WebSocket) {
  socket.on('error', () => {})
  return webSocketStream(socket as unknown as WebSocketLike)
}

function held(...sockets: readonly WebSocket[]): () => number {
  return () => sockets.filter(({ readyState }) => readyState !== WebSocket.CLOSED).length
}

/** Sockets of the package `ws`; the first is still opening. */
async function pair(): Promise<SocketPair> {
  let accept: (socket: WebSocket) => void
  const accepted = new Promise<WebSocket>(resolve => {
    accept = resolve
  })
  const server = await socketServer(socket => accept(socket))
  const socket = new WebSocket(server.url)
  const first = streamOf(socket)
  const other = await accepted
  const sockets = [socket, other]
  return { ends: [first, streamOf(other)], sockets, held: held(...sockets), destroy: () => server.close() }
}

/** Somebody takes the connection and says nothing. */
async function opening(): Promise<LoneEnd> {
  const silent = createServer(socket => socket.on('error', () => {}).resume())
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  const socket = new WebSocket(`ws://127.0.0.1:${(silent.address() as { port: number }).port}`)
  const destroy = () => new Promise<void>(resolve => silent.close(() => resolve()))
  return { end: streamOf(socket), held: held(socket), destroy }
}

async function unreachable(): Promise<LoneEnd> {
  const server = await socketServer()
  await server.close()
  const socket = new WebSocket(server.url)
  return { end: streamOf(socket), held: held(socket), destroy() {} }
}

transportSuite({
  test,
  create: pair,
  // a MiB in each socket, and what the system's buffers hold
  bound: 18 * 1024 * 1024,
  halfOpen: false,
  faults: {
    cut: ({ sockets }) => {
      for (const socket of sockets) socket.terminate()
    },
    opening,
    unreachable
  }
})
