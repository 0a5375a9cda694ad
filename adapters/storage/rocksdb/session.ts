import b4a from 'b4a'
import type { KeyValueReader, KeyValueStore } from '../key-value.ts'
import type { BatchOptions } from './batch-life.ts'
import type { Binary } from './bytes.ts'
import { RangeIterator, type RangeOptions } from './iterator.ts'
import { ReadBatch, type ReadHandle } from './read-batch.ts'
import { SharedSnapshot } from './snapshot.ts'
import { closedError, type NamedColumnFamily, State } from './state.ts'
import { WriteBatch } from './write-batch.ts'

/** Of the binding's, only the name means something here. */
export class ColumnFamily implements NamedColumnFamily {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  destroy(): void {}
}

interface SessionOptions {
  columnFamily?: NamedColumnFamily | string
  /** Default: as this session. */
  snapshot?: boolean
}

interface Entry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/**
 * Stands in for the database of RocksDB's binding (`rocksdb-native`), and for its sessions, in all that hypercore-storage
 * 3.3 asks of them, on a {@link KeyValueStore}. There is one column family, whatever its name: the default one is the same.
 *
 * Where the binding throws errors without a code, this throws `AutobeeError`s; those of the store pass unchanged.
 */
export class RocksDB {
  static readonly ColumnFamily = ColumnFamily

  /**
   * hypercore-storage looks for files of older layouts beside the database, and would remove them. Nobody can have a folder
   * of this name, nor make one in time: it holds 128 random bits.
   */
  readonly path: string
  /** Read by hypercore-storage: `closing` is null while the store is open. */
  readonly _state: State
  /** Read by hypercore-storage: null for a session that sees what is written. */
  readonly _snapshot: SharedSnapshot | null
  /** Read by hypercore-storage: -1 once this session is closed. */
  _index = 0
  readonly #root: RocksDB

  private constructor(state: State, root: RocksDB | null, snapshot: SharedSnapshot | null) {
    this._state = state
    this._snapshot = snapshot
    this.#root = root ?? this
    this.path = root?.path ?? unusedPath()
    state.sessions.add(this)
    snapshot?.use()
  }

  /** The root session of an open store; closing it closes the store. */
  static on(store: KeyValueStore): RocksDB {
    return new RocksDB(new State(store), null, null)
  }

  get opened(): boolean {
    return this._state.opened
  }

  get closed(): boolean {
    return this.isRoot() ? this._state.closed : this._index === -1
  }

  get snapshotted(): boolean {
    return this._snapshot !== null
  }

  isRoot(): boolean {
    return this.#root === this
  }

  ready(): Promise<void> {
    return this._state.ready()
  }

  session({ columnFamily, snapshot = this.snapshotted }: SessionOptions = {}): RocksDB {
    this.#checkOpen()
    if (columnFamily !== undefined) this._state.useColumnFamily(columnFamily)
    const shared = snapshot ? (this._snapshot ?? new SharedSnapshot(this._state.store.snapshot())) : null
    return new RocksDB(this._state, this.#root, shared)
  }

  columnFamily(
    columnFamily: NamedColumnFamily | string,
    options: Omit<SessionOptions, 'columnFamily'> = {}
  ): RocksDB {
    return this.session({ ...options, columnFamily })
  }

  snapshot(): RocksDB {
    return this.session({ snapshot: true })
  }

  /** On the root: waits for batches and iterators that are still in use, then closes all sessions and the store. */
  async close(): Promise<void> {
    if (!this.opened) await this.ready()
    if (this._index !== -1) {
      this._index = -1
      this._state.sessions.delete(this)
      this._snapshot?.release()
    }
    if (this.isRoot()) await this._state.close()
  }

  suspend(): Promise<void> {
    this.#checkOpen()
    return this._state.suspend()
  }

  resume(): Promise<void> {
    this.#checkOpen()
    return this._state.resume()
  }

  /** What was written before survives a power cut. */
  async flush(): Promise<void> {
    this.#checkOpen()
    const { store } = this._state
    await this._state.run(() => store.sync())
  }

  /** Stores tidy up by themselves. */
  async compactRange(): Promise<void> {
    this.#checkOpen()
  }

  read(options: BatchOptions = {}): ReadBatch {
    return new ReadBatch(this.#use(), options)
  }

  write(options: BatchOptions = {}): WriteBatch {
    return new WriteBatch(this.#use(), options)
  }

  iterator(range: RangeOptions = {}, options: RangeOptions = {}): RangeIterator {
    return new RangeIterator(this.#use(), { ...range, ...options })
  }

  /** The first entry of a range; null when it is empty. */
  async peek(range: RangeOptions = {}, options: RangeOptions = {}): Promise<Entry | null> {
    for await (const entry of this.iterator(range, { ...options, limit: 1 })) return entry as Entry
    return null
  }

  async get(key: Binary): Promise<Uint8Array | null> {
    const batch = this.read({ autoDestroy: true })
    const value = batch.get(key)
    batch.tryFlush()
    return value
  }

  async put(key: Binary, value: Binary | null): Promise<void> {
    const batch = this.write({ autoDestroy: true })
    batch.tryPut(key, value)
    await batch.flush()
  }

  async delete(key: Binary): Promise<void> {
    const batch = this.write({ autoDestroy: true })
    batch.tryDelete(key)
    await batch.flush()
  }

  async deleteRange(start: Binary, end: Binary): Promise<void> {
    const batch = this.write({ autoDestroy: true })
    batch.tryDeleteRange(start, end)
    await batch.flush()
  }

  #use(): ReadHandle {
    this.#checkOpen()
    const [state, shared] = [this._state, this._snapshot]
    shared?.use()
    state.handles.add()
    const snapshot: KeyValueReader | null = shared?.reader ?? null
    const release = () => {
      shared?.release()
      state.handles.remove()
    }
    return { state, snapshot, release }
  }

  #checkOpen(): void {
    if (this._state.closing || this._index === -1) throw closedError()
  }
}

function unusedPath(): string {
  return `/autobee-${b4a.toString(crypto.getRandomValues(new Uint8Array(16)), 'hex')}/db`
}
