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

/** A connection of an older swarm: raw bytes both ways, in order, with the events of a stream of Node's. */
export interface OlderConnection {
  readonly destroyed?: boolean
  write(bytes: Uint8Array): boolean
  end(): unknown
  pause(): unknown
  resume(): unknown
  destroy(): unknown
  on(event: 'data', listener: (bytes: Uint8Array) => void): unknown
  on(event: 'drain' | 'end' | 'close', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** What an older swarm says of a connection. */
export interface OlderInfo {
  /** Did this side dial? */
  readonly client?: boolean
}

/**
 * Anything shaped like Hyperswarm 2, such as `hyperswarm-web` in a page: `join` gives nothing, and connections are raw. What
 * it takes for a topic is its own: a Buffer, so give `topics: [Buffer.from(db.discoveryKey)]`.
 */
export interface OlderSwarm {
  readonly destroyed?: boolean
  /** Those that are there. */
  readonly peers?: Iterable<{ readonly connection: OlderConnection; readonly info: OlderInfo }>
  join(topic: Uint8Array, options: { lookup: boolean; announce: boolean }): void
  leave(topic: Uint8Array): unknown
  on(event: 'connection', listener: (connection: OlderConnection, info: OlderInfo) => void): unknown
  off(event: 'connection', listener: (connection: OlderConnection, info: OlderInfo) => void): unknown
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

/** How {@link joinSwarm} looks for others. */
export interface JoinSwarmOptions {
  /** 32 bytes each. Default: the target's `discoveryKey`; a Corestore has none. */
  topics?: Iterable<Uint8Array>
  /** Lets others find this peer; default true. */
  server?: boolean
  /** Looks for others; default true. */
  client?: boolean
}

/** What {@link joinSwarm} gives. */
export interface SwarmHandle extends TransportHandle {
  /** What was joined, 32 bytes each. */
  readonly topics: readonly Uint8Array[]
  /**
   * Resolves when the topics are announced and looked up, and everybody found there is dialled: whoever is not
   * connected then may be nowhere. For `findingPeers()` of a Corestore or Hypercore. Resolves at the closing, too.
   */
  flushed(): Promise<void>
}
