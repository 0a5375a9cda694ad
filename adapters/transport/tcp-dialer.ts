import { connect } from 'node:net'
import type { AutobeeError } from '../../src/index.ts'
import { Backoff } from './backoff.ts'
import { TransportBase } from './base.ts'
import { addressOf, failure } from './failure.ts'
import type { Peer, Replicates } from './handle.ts'
import { Link } from './tcp-link.ts'
import type { ConnectSettings, TcpHandle } from './tcp-options.ts'

/** Replicates with one address, over one connection at a time. */
export class TcpDialer extends TransportBase implements TcpHandle {
  readonly host: string
  readonly port: number
  readonly #target: Replicates
  readonly #settings: ConnectSettings
  readonly #backoff: Backoff
  #link: Link | null = null
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(target: Replicates, settings: ConnectSettings) {
    super(target, 'connecting')
    this.#target = target
    this.#settings = settings
    this.#backoff = new Backoff(settings.retry)
    this.host = settings.host
    this.port = settings.port
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
    const { host, port, timeouts } = this.#settings
    let openedAt = 0
    try {
      this.#link = new Link(this.#target, {
        socket: connect({ host, port, noDelay: true }),
        address: addressOf(this),
        isInitiator: true,
        timeouts,
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
      this.endWithTarget(error as AutobeeError)
    }
  }

  #onclose(peer: Peer | null, error: Error | null): void {
    this.#link = null
    const address = addressOf(this)
    if (!peer) this.fail(failure(`cannot connect to ${address}`, error))
    else if (error) this.fail(failure(`the connection to ${address} failed`, error))
    if (peer) this.removePeer(peer, 'waiting')
    else this.setStatus('waiting')
    if (this.isClosing) return
    const pause = this.#backoff.next()
    this.#timer = setTimeout(() => this.#dial(), pause.delay)
    this.tell('retry', pause)
  }
}
