import type { Socket } from 'node:net'
import NoiseSecretStream from '@hyperswarm/secret-stream'
import type Hypercore from 'hypercore'
import { AutobeeError } from '../../src/index.ts'
import type { Peer, Replicates } from './handle.ts'
import { HandshakeGuard } from './handshake-guard.ts'
import { targetClosed } from './target.ts'
import { ConnectionError } from './tcp-errors.ts'
import type { Timeouts } from './tcp-options.ts'

export interface LinkOptions {
  readonly socket: Socket
  readonly address: string
  readonly isInitiator: boolean
  readonly timeouts: Timeouts
  /** The other side speaks the protocol. */
  onopen(peer: Peer): void
  /** Once; `peer` is null when it never opened, `error` when nothing went wrong. */
  onclose(peer: Peer | null, error: Error | null): void
}

/** One socket and its replication stream, which live and die together. */
export class Link {
  readonly #o: LinkOptions
  readonly #stream: Hypercore.ReplicationStream
  readonly #closed: Promise<void>
  readonly #deadline: ReturnType<typeof setTimeout>
  #peer: Peer | null = null
  #error: Error | null = null

  /** @throws AutobeeError `CLOSED` when the target replicates no more; then the socket is destroyed */
  constructor(target: Replicates, options: LinkOptions) {
    const { socket, isInitiator, timeouts } = options
    this.#o = options
    socket.on('error', error => this.#end(error))
    // on the socket itself: through the pipe that `replicate(isInitiator)` makes, a slow reader would not hold the other side
    // back, and this one would keep all that comes
    this.#stream = new NoiseSecretStream(isInitiator, socket as never)
    try {
      target.replicate(this.#stream)
    } catch (error) {
      this.#stream.on('error', () => {}).destroy()
      socket.destroy()
      throw AutobeeError.is(error, 'CLOSED') ? error : targetClosed(error)
    }
    const stream = this.#stream
    stream.on('error', error => this.#end(error))
    stream.once('close', () => this.#end(null))
    this.#closed = new Promise(resolve => {
      socket.once('close', () => {
        this.#end(null)
        options.onclose(this.#peer, this.#error)
        resolve()
      })
    })
    // every byte would put off a time-out for silence, and one byte now and then is enough to hold the place for ever
    this.#deadline = setTimeout(() => this.#end(this.#late()), timeouts.handshake)
    this.#guard()
    stream.noiseStream.opened.then(isOpen => {
      if (isOpen && !socket.destroyed) this.#open()
    })
  }

  /** Resolves when the socket is closed. */
  async close(): Promise<void> {
    this.#end(null)
    await this.#closed
  }

  #open(): void {
    const { address, isInitiator, timeouts, onopen } = this.#o
    clearTimeout(this.#deadline)
    // without it a half-open connection, or a peer that is frozen, is never noticed
    this.#stream.noiseStream.setTimeout(timeouts.silence)
    this.#peer = { address, kind: 'tcp', publicKey: null, isInitiator, stream: this.#stream }
    onopen(this.#peer)
  }

  /** The first error is the reason, the others follow from it. */
  #end(error: Error | null): void {
    clearTimeout(this.#deadline)
    this.#error ??= error
    this.#stream?.destroy()
    this.#o.socket.destroy()
  }

  #guard(): void {
    const { socket, isInitiator } = this.#o
    const guard = new HandshakeGuard({ isInitiator })
    const check = (chunk: Uint8Array): void => {
      if (!guard.accepts(chunk)) this.#end(new ConnectionError('PROTOCOL', 'it speaks another protocol'))
      if (guard.isDone) socket.off('data', check)
    }
    socket.on('data', check)
  }

  #late(): Error {
    const { handshake } = this.#o.timeouts
    if (this.#o.socket.connecting)
      return new ConnectionError('ETIMEDOUT', `it could not be reached in ${handshake} ms`)
    return new ConnectionError('HANDSHAKE_TIMEOUT', `it did not speak the protocol in ${handshake} ms`)
  }
}
