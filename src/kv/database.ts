import type Hypercore from 'hypercore'
import type { AutobeeEvents, TypedEmitter } from '../events.ts'
import type { AutobeeOptions, Bytes, Head, HyperbeeView, Stats, WriterInfo } from '../index.ts'

/** What a `KeyValue` needs of the database underneath: an Autobee, or what behaves like one, as a SharedAutobee does. */
export interface KeyValueDatabase extends TypedEmitter<AutobeeEvents> {
  readonly opened: boolean
  readonly closed: boolean
  readonly key: Bytes | null
  readonly discoveryKey: Bytes | null
  readonly id: string | null
  readonly local: { readonly key: Uint8Array; readonly id: string; readonly length: number }
  readonly bee: HyperbeeView
  readonly writable: boolean
  readonly isIndexer: boolean
  readonly writers: Iterable<WriterInfo>
  readonly stats: Stats
  ready(): Promise<void>
  close(): Promise<void>
  append(value: unknown): Promise<Head>
  update(): Promise<void>
  flush(): Promise<void>
  replicate(isInitiator: boolean | Hypercore.ReplicationStream): Hypercore.ReplicationStream
}

/** Makes the database underneath a `KeyValue` with these options: its `apply`, its encoding, and those that it was given. */
export type MakeDatabase<DB extends KeyValueDatabase> = (options: AutobeeOptions) => DB
