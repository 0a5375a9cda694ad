import type Corestore from 'corestore'
import type Hypercore from 'hypercore'

export type Role = 'indexer' | 'writer'

/** One database of one peer: what the cases do with it, whatever it is made of. */
export interface Peer {
  /** Of the database; others open it by this. */
  readonly key: Uint8Array
  /** Resolves when the value is applied and written to the store. */
  append(value: Uint8Array): Promise<unknown>
  /** All or nothing. */
  appendBatch(values: readonly Uint8Array[]): Promise<unknown>
  /** From the view; null when it is not there. */
  get(key: string): Promise<Uint8Array | null>
  /** The whole view as text. */
  contents(): Promise<string>
  /** The value to append for `peer` to become a member. */
  admission(peer: Peer): Uint8Array
  /** Its own oplog's key in hex. */
  readonly writer: string
  /** May this peer append, and does it know of so many indexers? */
  isSettled(indexers: number): boolean
  /** Does what a membership change may wait for. */
  settle(): Promise<unknown>
  replicate(isInitiator: boolean): Hypercore.ReplicationStream
  /** Calls back whenever something may have changed. Returns what ends that. */
  watch(listener: () => void): () => void
  /** Leaves the store open. */
  close(): Promise<void>
}

/** One of the things that are compared. */
export interface Kind {
  readonly name: string
  /** `role`: of those who are added later. Without a key: a new database. */
  open(store: Corestore, options: { key?: Uint8Array; role: Role }): Promise<Peer>
}
