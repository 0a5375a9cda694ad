import { inject, test } from 'vitest'
import { type LoneEnd, type TransportPair, transportSuite } from '../../../adapters/testing/index.ts'
import { webSocketStream } from '../../../adapters/transport/websocket-stream.ts'

const { sockets, silent } = inject('transports')

function held(...list: readonly WebSocket[]): () => number {
  return () => list.filter(({ readyState }) => readyState !== WebSocket.CLOSED).length
}

let pairs = 0

/** The browser's sockets, each connected with Node, which sends what one says to the other. */
async function pair(): Promise<TransportPair> {
  const url = `${sockets}/${pairs++}`
  const other = new WebSocket(url)
  const second = webSocketStream(other)
  await new Promise(resolve => other.addEventListener('open', resolve))
  const one = new WebSocket(url)
  const first = webSocketStream(one)
  await new Promise(resolve => one.addEventListener('open', resolve))
  return { ends: [first, second], held: held(one, other), destroy() {} }
}

function lone(url: string): LoneEnd {
  const socket = new WebSocket(url)
  return { end: webSocketStream(socket), held: held(socket), destroy() {} }
}

transportSuite({
  test,
  create: pair,
  // a browser's socket takes what comes
  bound: null,
  halfOpen: false,
  // nothing listens on the port of discard
  faults: { opening: () => lone(silent), unreachable: () => lone('ws://127.0.0.1:9') }
})
