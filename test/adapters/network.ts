import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import type Corestore from 'corestore'
import { afterEach } from 'vitest'
import type { TransportHandle } from '../../adapters/transport/handle.ts'
import type { Autobee, AutobeeError } from '../../src/index.ts'
import { openPeer } from '../support/peers.ts'
import { tempStore } from '../support/store.ts'
import { openProxy, type TcpProxy } from './proxy.ts'

/** What a transport's tests open; all of it is closed after each test, in reverse. */
export class Network {
  readonly #open: (() => unknown)[] = []

  /** Closes with the test. */
  onend(close: () => unknown): void {
    this.#open.push(close)
  }

  kept<H extends TransportHandle>(handle: H): H {
    this.onend(() => handle.close())
    return handle
  }

  async store(): Promise<Corestore> {
    const temp = await tempStore()
    this.onend(() => temp.close())
    return temp.store
  }

  async peer(key: Uint8Array | null = null): Promise<Autobee & { readonly key: Uint8Array }> {
    const db = await openPeer(await this.store(), key)
    this.onend(() => db.close())
    return db as Autobee & { readonly key: Uint8Array }
  }

  /** A server that speaks no protocol; what it accepts goes to `onsocket`. */
  async server(onsocket: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
    const server = createServer({ allowHalfOpen: true }, socket => {
      this.onend(() => socket.destroy())
      socket.on('error', () => {})
      onsocket(socket)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    this.onend(() => server.close())
    return { server, port: (server.address() as { port: number }).port }
  }

  /** A connection without a protocol. It leaves its side open when the other side ends. */
  socket(port: number, options: { localAddress?: string } = {}): Socket & { readonly gone: Promise<void> } {
    const socket = dial({ port, host: '127.0.0.1', allowHalfOpen: true, ...options })
    this.onend(() => socket.destroy())
    const gone = new Promise<void>(resolve => {
      for (const event of ['end', 'close', 'error'] as const) socket.once(event, () => resolve())
    })
    socket.on('error', () => {}).resume()
    return Object.assign(socket, { gone })
  }

  async proxy(to: number): Promise<TcpProxy> {
    const between = await openProxy(to)
    this.onend(() => between.close())
    return between
  }

  async end(): Promise<void> {
    for (const close of this.#open.splice(0).reverse()) await close()
  }
}

export function network(): Network {
  const net = new Network()
  afterEach(() => net.end())
  return net
}

/** Everything a handle tells, in order. */
export function record(handle: TransportHandle) {
  const seen = {
    status: [] as string[],
    errors: [] as AutobeeError[],
    refused: [] as string[],
    retries: [] as { attempt: number; delay: number }[],
    peers: 0,
    gone: 0
  }
  handle.on('status', status => seen.status.push(status))
  handle.on('error', error => seen.errors.push(error))
  handle.on('refused', ({ reason }) => seen.refused.push(reason))
  handle.on('retry', retry => seen.retries.push(retry))
  handle.on('peer', () => seen.peers++)
  handle.on('peer-close', () => seen.gone++)
  return seen
}
