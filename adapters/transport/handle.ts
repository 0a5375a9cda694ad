import type Hypercore from 'hypercore'
import type { AutobeeError } from '../../src/index.ts'

/** What a transport replicates: an Autobee, a Corestore, or anything else that replicates over a given stream. */
export interface Replicates {
  replicate(stream: Hypercore.ReplicationStream): unknown
}

/** How a peer is connected. Others may come. */
export type PeerKind = 'tcp' | 'swarm' | 'relay' | 'webrtc'

/** The other side of one connection. */
export interface Peer {
  /** Where it is, for people: `host:port`; over a relay, its public key and the relay. */
  readonly address: string
  readonly kind: PeerKind | (string & {})
  /** By what key it is known again, 32 bytes, which it has proven to own; null where peers are anonymous (TCP). */
  readonly publicKey: Uint8Array | null
  /** Did this side dial? */
  readonly isInitiator: boolean
  readonly stream: Hypercore.ReplicationStream
}

/**
 * `listening`: waits for others to dial. `connecting`: dials, or looks for somebody to dial. `connected`: has at least
 * one peer. `waiting`: dials again after a pause. `closed`: for good.
 */
export type TransportStatus = 'listening' | 'connecting' | 'connected' | 'waiting' | 'closed'

/**
 * `FULL`: as many connections as this handle takes. `FULL_ADDRESS`: as many as it takes from one address. `NOT_ALLOWED`:
 * `allow` said no.
 */
export type RefusalReason = 'FULL' | 'FULL_ADDRESS' | 'NOT_ALLOWED'

/** `connecting`: is dialled. `open`: pairs this handle with others. `waiting`: is dialled again later. */
export type RelayStatus = 'connecting' | 'open' | 'waiting' | 'closed'

/** One of several relays, and how it stands with it. */
export interface RelayState {
  readonly url: string
  readonly status: RelayStatus
}

/** All repeat. Nobody need listen to any of them. */
export interface TransportEvents {
  /** A peer is there: both sides have spoken the protocol. What it has to say about a database is not known yet. */
  peer: [Peer]
  /** It is gone, for whatever reason; once for every `peer`. */
  'peer-close': [Peer]
  /** The status changed; `closed` is the last event of a handle. */
  status: [TransportStatus]
  /** Of `connectRelay`: the status of one of its relays changed. */
  relay: [RelayState]
  /** A connection was closed at once, because of a limit or of `allow`. Its other side sees no more than that. */
  refused: [{ readonly address: string; readonly reason: RefusalReason }]
  /** Before a pause, of `delay` ms; `attempt` counts from 1 since the last good connection. */
  retry: [{ readonly attempt: number; readonly delay: number }]
  /**
   * `TRANSPORT_FAILED`: a connection failed, or was not made; the handle goes on. `reason` is the system's code
   * (`ECONNREFUSED`, `ECONNRESET`, `ENOTFOUND`, …) or `ETIMEDOUT` (fell silent, or could not be reached in time),
   * `HANDSHAKE_TIMEOUT` (was reached, and did not speak the protocol in time), `PROTOCOL` (said something else) or
   * `CLOSED` (hung up before it had spoken). Of `connectRelay` also `REFUSED` (the other side does not talk to this one),
   * `ALLOW` (the `allow` of this side threw), `URL` (a relay cannot be dialled from this page) and why a relay closes: `TOKEN`, `FULL`, `FLOOD`, `SLOW`, `SILENT`.
   *
   * `CLOSED`: what was replicated is closed, and so the handle closes by itself.
   */
  error: [AutobeeError]
}

/** One use of a transport. */
export interface TransportHandle {
  readonly peers: readonly Peer[]
  readonly status: TransportStatus
  on<K extends keyof TransportEvents>(event: K, listener: (...args: TransportEvents[K]) => void): this
  once<K extends keyof TransportEvents>(event: K, listener: (...args: TransportEvents[K]) => void): this
  off<K extends keyof TransportEvents>(event: K, listener: (...args: TransportEvents[K]) => void): this
  /**
   * Resolves when there is a peer, at once if there is one.
   * @throws AutobeeError `CLOSED` when the handle is closed first
   */
  connected(): Promise<void>
  /**
   * Ends every connection and makes no more; idempotent. Resolves when the network is let go of. What is replicated
   * stays open.
   */
  close(): Promise<void>
}
