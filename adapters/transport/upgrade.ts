import type Hypercore from 'hypercore'
import type { Duplex } from 'streamx'
import type { AutobeeError } from '../../src/index.ts'

/**
 * Makes a better way between two peers that are connected over a relay. One object may serve any number of handles and
 * connections.
 */
export interface Upgrade {
  /** What its connections are called, for people: `webrtc`. */
  readonly kind: string
  /**
   * Called once for every connection over the relay, when its handshake is through, the other side is allowed, and in the
   * same turn as anything else that listens on the stream (so that nothing which the other side says is missed). Never throws.
   */
  start(options: UpgradeOptions): UpgradeSession
}

/** What an {@link Upgrade} is given. */
export interface UpgradeOptions {
  /** The connection over the relay: open, and its `remotePublicKey` known. Signals go over it, as a protocol of its Protomux. */
  readonly stream: Hypercore.NoiseStream
  /** Of the relay's connection. The new one has the same. */
  readonly isInitiator: boolean
  /**
   * A way is open: bytes both ways, in order, none lost; neither encrypted nor authenticated as far as this interface goes, so
   * a NoiseSecretStream with the same key pair runs on it, and nobody but the owner of the same `remotePublicKey` is
   * accepted there. It belongs to who is called, who destroys it in the end, also when it is not wanted; it outlives the
   * session and the relay's connection.
   *
   * May come again on the same session, when the one before has closed and the relay's connection is still there.
   *
   * No gap: the side that is not the initiator knows last that the handshake is through on both sides, so that side lets go
   * of the relay's connection, and the other waits for it.
   */
  onchannel(channel: Duplex): void
  /**
   * `TRANSPORT_FAILED`, reason `WEBRTC` (or `PROTOCOL`: the other side signals nonsense): an attempt gave no channel. The
   * relay's connection is as good as before, and the session tries again by itself after a pause. Not called when the
   * other side cannot upgrade, nor for a channel that was handed out: that says by itself why it ended.
   */
  onfail(error: AutobeeError): void
}

/** One attempt at a better way to one peer. */
export interface UpgradeSession {
  /**
   * Gives up what is under way; calls nothing back from then on. A channel that was handed out stays. In every state, any
   * number of times. The end of the stream does the same by itself.
   */
  close(): void
}
