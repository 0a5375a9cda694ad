import type { Server, Socket } from 'node:net'
import type { AutobeeError } from '../../src/index.ts'
import { TransportBase } from './base.ts'
import { addressOf, failure } from './failure.ts'
import type { Replicates } from './handle.ts'
import { Places } from './places.ts'
import { Link } from './tcp-link.ts'
import type { ListenSettings, TcpHandle } from './tcp-options.ts'

/** Replicates with whoever dials. */
export class TcpListener extends TransportBase implements TcpHandle {
  readonly host: string
  readonly port: number
  readonly #target: Replicates
  readonly #server: Server
  readonly #settings: ListenSettings
  readonly #places: Places
  readonly #links = new Set<Link>()

  /** @param server one that listens, and nobody has taken a connection of */
  constructor(target: Replicates, server: Server, settings: ListenSettings) {
    super(target, 'listening')
    this.host = settings.host
    this.port = (server.address() as { port: number }).port
    this.#target = target
    this.#server = server
    this.#settings = settings
    this.#places = new Places({
      most: settings.maxConnections,
      mostPerAddress: settings.maxConnectionsPerAddress
    })
    server.on('error', error => this.fail(failure('the port can take no connection', error)))
    server.on('connection', socket => this.#accept(socket))
  }

  protected async disconnect(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    await Promise.all([...this.#links].map(link => link.close()))
    await closed
  }

  #accept(socket: Socket): void {
    const { remoteAddress: host, remotePort: port } = socket
    // a connection that is gone already has no address
    if (this.isClosing || host === undefined || port === undefined) {
      socket.destroy()
      return
    }
    const address = addressOf({ host, port })
    const reason = this.#places.take(host)
    if (reason) {
      socket.on('error', () => {}).destroy()
      this.tell('refused', { address, reason })
      return
    }
    try {
      const link: Link = new Link(this.#target, {
        socket,
        address,
        isInitiator: false,
        timeouts: this.#settings.timeouts,
        onopen: peer => this.addPeer(peer),
        onclose: (peer, error) => {
          this.#places.free(host)
          this.#links.delete(link)
          if (error) this.fail(failure(`the connection from ${address} failed`, error))
          if (peer) this.removePeer(peer, 'listening')
        }
      })
      this.#links.add(link)
    } catch (error) {
      this.endWithTarget(error as AutobeeError)
    }
  }
}
