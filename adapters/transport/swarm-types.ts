import type Hypercore from 'hypercore'
import type { TransportHandle } from './handle.ts'

/** What is replicated with a swarm: an Autobee, a Corestore, or anything else that replicates over a given stream. */
export interface ReplicatesStreams {
  replicate(stream: Hypercore.ReplicationStream): unknown
  /** The default topic. */
  readonly discoveryKey?: Uint8Array | null
}

/** A connection that a swarm made: a Noise stream that is open. */
export interface SwarmConnection extends Hypercore.ReplicationStream {
  readonly isInitiator?: boolean
  readonly remotePublicKey?: Uint8Array | null
  readonly rawStream?: unknown
}

/** One topic that was joined. */
export interface SwarmSession {
  /** Resolves when the topic is announced and looked up. */
  flushed?(): Promise<unknown>
  /** Leaves the topic, unless somebody else on the same swarm has joined it too. */
  destroy(): Promise<unknown>
}

/** Anything shaped like a Hyperswarm. */
export interface Swarm {
  readonly destroyed?: boolean
  /** The open ones. */
  readonly connections?: Iterable<SwarmConnection>
  join(topic: Uint8Array, options: { server: boolean; client: boolean }): SwarmSession
  /** Resolves when everybody found so far is dialled. */
  flush?(): Promise<unknown>
  on(event: 'connection', listener: (connection: SwarmConnection, info: unknown) => void): unknown
  off(event: 'connection', listener: (connection: SwarmConnection, info: unknown) => void): unknown
}

export interface JoinSwarmOptions {
  /** 32 bytes each. Default: the target's `discoveryKey`; a Corestore has none. */
  topics?: Iterable<Uint8Array>
  /** Lets others find this peer; default true. */
  server?: boolean
  /** Looks for others; default true. */
  client?: boolean
}

export interface SwarmHandle extends TransportHandle {
  /** What was joined, 32 bytes each. */
  readonly topics: readonly Uint8Array[]
  /**
   * Resolves when the topics are announced and looked up, and everybody found there is dialled: whoever is not
   * connected then may be nowhere. For `findingPeers()` of a Corestore or Hypercore. Resolves at the closing, too.
   */
  flushed(): Promise<void>
}
