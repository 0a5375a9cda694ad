/** What the bench asks its child processes for; see `child.ts`. */
import type { Load } from './transfer.ts'

/** A relay; told `usage`, it says what it takes. */
export interface RelayTask {
  readonly task: 'relay'
}

/** A store in memory behind a relay: has blocks, or reads them. */
export interface PeerTask {
  readonly task: 'peer'
  readonly url: string
  /** 32 bytes, hex. */
  readonly topic: string
}

/** Clients that speak frames and nothing else. */
export interface CrowdTask {
  readonly task: 'crowd'
  readonly url: string
}

export type Task = RelayTask | PeerTask | CrowdTask

/** Each message to a child is one of its methods and an argument; it answers with the result. */
export interface Methods {
  relay: {
    usage(o: object): Usage
  }
  peer: {
    hold(load: Load): string
    read(o: { key: string; count: number }): number
    /** ms until a newcomer, that dials this address, is connected with this peer. */
    connect(o: { url: string }): number
  }
  crowd: {
    /** So many clients that join a topic of their own and are silent. */
    idle(o: { count: number }): void
    /** So many pairs that send to each other for so long; bytes that arrived. */
    pump(o: { pairs: number; ms: number }): number
    leave(o: object): void
  }
}

export interface Usage {
  readonly clients: number
  readonly channels: number
  /** Resident, bytes, after a collection. */
  readonly rss: number
  /** JavaScript's heap and its buffers, bytes, after a collection. */
  readonly heap: number
  /** ms of all processors since it began. */
  readonly cpu: number
}
