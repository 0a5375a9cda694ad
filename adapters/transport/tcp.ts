import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import { AutobeeError } from '../../src/index.ts'
import { Backoff } from './backoff.ts'
import { TransportBase } from './base.ts'
import type { Peer, Replicates, TransportHandle } from './handle.ts'
import { type Address, addressOf, failure, listenError } from './tcp-errors.ts'
import { type Link, openLink } from './tcp-link.ts'

export type { Peer, Replicates, TransportEvents, TransportHandle, TransportStatus } from './handle.ts'

const DEFAULT_HOST = '127.0.0.1'

export interface ListenTcpOptions {
  /** Default 0: any free one. */
  port?: number
  /** Default `127.0.0.1`, this machine only; `0.0.0.0` or `::` for every network it is in. */
  host?: string
}

export interface ConnectTcpOptions {
  port: number
  /** Default `127.0.0.1`. */
  host?: string
}

export interface TcpHandle extends TransportHandle {
  readonly host: string
  /** Where it listens, or what it dials. */
  readonly port: number
}

/**
 * Replicates with every peer that dials. Resolves when it listens.
 * @throws AutobeeError `TRANSPORT_FAILED` (`reason`: `EADDRINUSE` for a port that is taken), `INVALID_ARGUMENT`
 */
export async function listenTcp(target: Replicates, options: ListenTcpOptions = {}): Promise<TcpHandle> {
  const { port = 0, host = DEFAULT_HOST } = options
  checkTarget(target)
  checkAddress({ host, port, lowest: 0 })
  const server = createServer({ noDelay: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(listenError(error, { host, port })))
    server.listen({ port, host }, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
  return new TcpListener(target, server, host)
}

/**
 * Replicates with the peer at an address: dials, and dials again whenever the connection ends or cannot be made, with
 * growing pauses of up to 10 s, until it is closed. What fails is told by `error` events.
 * @throws AutobeeError `INVALID_ARGUMENT`
 */
export function connectTcp(target: Replicates, options: ConnectTcpOptions): TcpHandle {
  const { port, host = DEFAULT_HOST } = options ?? {}
  checkTarget(target)
  checkAddress({ host, port, lowest: 1 })
  return new TcpDialer(target, { host, port })
}

class TcpListener extends TransportBase implements TcpHandle {
  readonly host: string
  readonly port: number
  readonly #server: Server
  readonly #links = new Set<Link>()

  constructor(target: Replicates, server: Server, host: string) {
    super('listening')
    this.host = host
    this.port = (server.address() as { port: number }).port
    this.#server = server
    server.on('error', error => this.fail(failure('the port can take no connection', error)))
    server.on('connection', socket => this.#accept(target, socket))
  }

  protected async disconnect(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    await Promise.all([...this.#links].map(link => link.close()))
    await closed
  }

  #accept(target: Replicates, socket: Socket): void {
    if (this.isClosing) {
      socket.destroy()
      return
    }
    const address = addressOf({ host: socket.remoteAddress ?? '?', port: socket.remotePort ?? 0 })
    try {
      const link: Link = openLink(target, {
        socket,
        address,
        isInitiator: false,
        onopen: peer => this.addPeer(peer),
        onclose: (peer, error) => {
          this.#links.delete(link)
          if (error) this.fail(failure(`the connection from ${address} failed`, error))
          if (peer) this.removePeer(peer, 'listening')
        }
      })
      this.#links.add(link)
    } catch (error) {
      this.fail(error as AutobeeError)
    }
  }
}

class TcpDialer extends TransportBase implements TcpHandle {
  readonly host: string
  readonly port: number
  readonly #target: Replicates
  readonly #backoff = new Backoff()
  #link: Link | null = null
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(target: Replicates, { host, port }: Address) {
    super('connecting')
    this.#target = target
    this.host = host
    this.port = port
    // listeners first
    queueMicrotask(() => this.#dial())
  }

  protected async disconnect(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer)
    await this.#link?.close()
  }

  #dial(): void {
    if (this.isClosing) return
    this.#timer = null
    this.setStatus('connecting')
    let openedAt = 0
    try {
      this.#link = openLink(this.#target, {
        socket: dial({ host: this.host, port: this.port, noDelay: true }),
        address: addressOf(this),
        isInitiator: true,
        onopen: peer => {
          openedAt = performance.now()
          this.addPeer(peer)
        },
        onclose: (peer, error) => {
          if (peer) this.#backoff.ended(performance.now() - openedAt)
          this.#onclose(peer, error)
        }
      })
    } catch (error) {
      // nothing to replicate any more
      this.fail(error as AutobeeError)
      this.close()
    }
  }

  #onclose(peer: Peer | null, error: Error | null): void {
    this.#link = null
    if (!this.isClosing) {
      this.#timer = setTimeout(() => this.#dial(), this.#backoff.next())
      if (error || !peer) this.fail(failure(`cannot connect to ${addressOf(this)}`, error))
    }
    if (peer) this.removePeer(peer, 'waiting')
    else this.setStatus('waiting')
  }
}

function checkTarget(target: Replicates): void {
  if (typeof target?.replicate === 'function') return
  throw new AutobeeError('INVALID_ARGUMENT', 'a transport replicates an Autobee or a Corestore')
}

function checkAddress({ host, port, lowest }: Address & { lowest: 0 | 1 }): void {
  if (!Number.isInteger(port) || port < lowest || port > 65_535)
    throw new AutobeeError('INVALID_ARGUMENT', `a port is a whole number from ${lowest} to 65535`)
  if (typeof host !== 'string' || host === '')
    throw new AutobeeError('INVALID_ARGUMENT', 'a host is a name or an address')
}
