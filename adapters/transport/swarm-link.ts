import b4a from 'b4a'
import { addressOf } from './failure.ts'
import type { Peer } from './handle.ts'
import type { ReplicatesStreams, SwarmConnection } from './swarm-types.ts'

/** How many links use a connection. */
const users = new WeakMap<SwarmConnection, number>()
/** What is replicated over a connection already: nothing takes that back but its end. */
const replicated = new WeakMap<SwarmConnection, WeakSet<ReplicatesStreams>>()

/** One handle's use of a connection that others may use as well. */
export class SwarmLink {
  readonly #connection: SwarmConnection
  readonly #onclose: (peer: Peer | null, error: Error | null) => void
  readonly #listeners: { error(error: Error): void; close(): void }
  #peer: Peer | null = null
  #error: Error | null = null

  /**
   * @param onclose once: the connection ended, or this link was closed; without a peer when it was never open
   * @throws what `replicate` throws
   */
  constructor(
    target: ReplicatesStreams,
    connection: SwarmConnection,
    onclose: (peer: Peer | null, error: Error | null) => void
  ) {
    this.#connection = connection
    this.#onclose = onclose
    const targets = replicated.get(connection) ?? new WeakSet()
    replicated.set(connection, targets)
    if (!targets.has(target)) target.replicate(connection)
    targets.add(target)
    users.set(connection, (users.get(connection) ?? 0) + 1)
    this.#listeners = {
      error: error => {
        this.#error ??= error
      },
      close: () => this.#end()
    }
    connection.on('error', this.#listeners.error)
    connection.once('close', this.#listeners.close)
  }

  /** The connection's handshake is through. */
  open(): Peer {
    const connection = this.#connection
    this.#peer = {
      address: placeOf(connection),
      kind: 'swarm',
      publicKey: connection.remotePublicKey ?? null,
      isInitiator: connection.noiseStream.isInitiator,
      stream: connection
    }
    return this.#peer
  }

  /** Ends the connection, unless another link uses it. */
  async close(): Promise<void> {
    const connection = this.#connection
    if (users.get(connection) !== 1) {
      connection.off('close', this.#listeners.close)
      this.#end()
      return
    }
    if (connection.destroyed) return
    const closed = new Promise<void>(resolve => connection.once('close', () => resolve()))
    connection.destroy()
    await closed
  }

  #end(): void {
    const connection = this.#connection
    users.set(connection, (users.get(connection) ?? 1) - 1)
    this.#onclose(this.#peer, isReplaced(this.#error) ? null : this.#error)
  }
}

/** Both sides dialled at once, or one of them anew: Hyperswarm keeps one of the two connections. */
function isReplaced(error: Error | null): boolean {
  return error?.message === 'Duplicate connection'
}

/** The other side's address where it is known, else its public key. */
function placeOf({ rawStream, noiseStream: { remotePublicKey } }: SwarmConnection): string {
  const { remoteHost, remotePort } = (rawStream ?? {}) as { remoteHost?: unknown; remotePort?: unknown }
  if (typeof remoteHost === 'string' && typeof remotePort === 'number')
    return addressOf({ host: remoteHost, port: remotePort })
  return remotePublicKey ? b4a.toString(remotePublicKey, 'hex') : 'a peer'
}
