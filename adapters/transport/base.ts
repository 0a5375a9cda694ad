import { tell, typedEmitter } from '../../src/events.ts'
import { AutobeeError } from '../../src/index.ts'
import type { Peer, TransportEvents, TransportHandle, TransportStatus } from './handle.ts'
import { onTargetClose, targetClosed } from './target.ts'

interface Waiter {
  resolve(): void
  reject(error: AutobeeError): void
}

/** What all handles have in common: the peers, the status, the events about them, and the end with the target. */
export abstract class TransportBase extends typedEmitter<TransportEvents>() implements TransportHandle {
  readonly #peers = new Set<Peer>()
  readonly #waiters = new Set<Waiter>()
  readonly #unwatch: () => void
  #status: TransportStatus
  #closing: Promise<void> | null = null

  constructor(target: object, status: TransportStatus) {
    super()
    this.#status = status
    this.#unwatch = onTargetClose(target, () => this.endWithTarget(targetClosed()))
  }

  get peers(): readonly Peer[] {
    return [...this.#peers]
  }

  get status(): TransportStatus {
    return this.#status
  }

  connected(): Promise<void> {
    if (this.#closing) return Promise.reject(closedError())
    if (this.#peers.size > 0) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiters.add({ resolve, reject }))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Ends the connections and lets go of the network. Called once. */
  protected abstract disconnect(): Promise<void>

  protected get isClosing(): boolean {
    return this.#closing !== null
  }

  protected addPeer(peer: Peer): void {
    this.#peers.add(peer)
    this.setStatus('connected')
    this.tell('peer', peer)
    for (const { resolve } of this.#waiters) resolve()
    this.#waiters.clear()
  }

  /** @param next the status when it was the last one */
  protected removePeer(peer: Peer, next: TransportStatus): void {
    if (!this.#peers.delete(peer)) return
    if (this.#peers.size === 0) this.setStatus(next)
    this.tell('peer-close', peer)
  }

  protected setStatus(status: TransportStatus): void {
    if (this.#status === status || this.#status === 'closed') return
    // what ends while closing leads nowhere but to `closed`
    if (this.isClosing && status !== 'closed') return
    this.#status = status
    this.tell('status', status)
  }

  /** What ends because of the closing is no failure. */
  protected fail(error: AutobeeError): void {
    if (!this.isClosing) this.tell('error', error)
  }

  /** There is nothing to replicate any more. */
  protected endWithTarget(error: AutobeeError): void {
    if (this.isClosing) return
    this.fail(error)
    this.close()
  }

  protected tell<K extends keyof TransportEvents>(event: K, ...args: TransportEvents[K]): void {
    tell<TransportEvents, K>(this, event, ...args)
  }

  async #close(): Promise<void> {
    // a listener that closes inside an event finds the handle closing
    await Promise.resolve()
    this.#unwatch()
    for (const { reject } of this.#waiters) reject(closedError())
    this.#waiters.clear()
    await this.disconnect()
    this.setStatus('closed')
  }
}

function closedError(): AutobeeError {
  return new AutobeeError('CLOSED', 'the transport is closed')
}
