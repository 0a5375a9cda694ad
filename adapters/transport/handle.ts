import type Hypercore from 'hypercore'
import type { AutobeeError } from '../../src/index.ts'

/** What a transport replicates: an Autobee, a Corestore, or anything else that makes replication streams. */
export interface Replicates {
  replicate(isInitiator: boolean): Hypercore.ReplicationStream
}

/** The other side of one connection. */
export interface Peer {
  /** Where it is, for people: `host:port`. */
  readonly address: string
  /** Did this side dial? */
  readonly isInitiator: boolean
  readonly stream: Hypercore.ReplicationStream
}

/**
 * `listening`: waits for others to dial. `connecting`: dials. `connected`: has at least one peer. `waiting`: dials
 * again after a pause. `closed`: for good.
 */
export type TransportStatus = 'listening' | 'connecting' | 'connected' | 'waiting' | 'closed'

/** All repeat. */
export interface TransportEvents {
  /** A peer is there: both sides have spoken the protocol. */
  peer: [Peer]
  /** It is gone. */
  'peer-close': [Peer]
  status: [TransportStatus]
  /** A connection failed (`TRANSPORT_FAILED`; `reason`: the system's code, such as `ECONNREFUSED`). Nobody need listen. */
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
  /** Ends every connection and makes no more; idempotent. What is replicated stays open. */
  close(): Promise<void>
}
