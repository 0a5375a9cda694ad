import type { OpenStoreOptions } from './adapter.ts'

/**
 * The contract of a key-value store that a Corestore can live in: an ordered map from bytes to bytes, written atomically,
 * with snapshots. `storageSuite` of `autobee/testing` has a case for every promise made here.
 *
 * **Order.** Keys are compared byte by byte, unsigned; a key comes before those that it is a prefix of. Keys are 1 to
 * 1,024 bytes long, values 0 to 64 MiB; an empty value is a value.
 *
 * **Time.** A commit takes effect at one moment between its call and its resolution, with all of its operations, for every
 * reader; one that rejects takes no effect, not later either. (Of one that rejects with reason `LOST`, only the next opening
 * tells: it took effect, as a whole, before the store was lost, or never.) What was called after a commit has resolved sees it. Reads
 * that run while a commit does see either all of it or nothing of it.
 *
 * **Bytes.** Nobody changes bytes that were handed over: a store may keep the arrays that it is given and hand out the
 * arrays that it keeps. (Who cannot promise that copies, as the stand-in for RocksDB's binding does.)
 *
 * **Errors** are `AutobeeError`s: `STORE_CLOSED` after `close()`, or when the place is gone (reasons `DELETED`, `LOST`);
 * `STORE_LOCKED` (reason `TAKEN_OVER`) when somebody else owns the place by now, for good; `STORE_FULL` when there is no
 * room: the commit had no effect, reads go on, and so do commits once there is room; `STORE_CORRUPT` when what is
 * stored is not what was written; `STORE_FAILED` for all else.
 */
export interface KeyValueStore extends KeyValueReader {
  /** Where others may take the store over: a number that is higher for each owner than for all before it. */
  readonly epoch?: number
  /** Another one when the place was deleted and made anew. */
  readonly id?: string

  /**
   * Writes all operations, in their order, or none. Resolved means: a killed process loses nothing of it; after a power
   * cut the last commits may be missing, whole and from the end, unless `sync()` has resolved since. Commits take
   * effect in the order of their calls. Called with nothing to write, it does nothing.
   */
  commit(operations: readonly KeyValueOperation[]): Promise<void>

  /** Resolves when everything that was committed before the call survives a power cut, as far as the platform can tell. */
  sync(): Promise<void>

  /** What the store holds now, for as long as the snapshot is open, whatever is committed meanwhile. Costs no copy. */
  snapshot(): KeyValueSnapshot

  /**
   * Lets what was called before come to its end, then gives the place free; may be called again. Snapshots and cursors that
   * are still open are closed. Later calls of anything else reject, or throw, with `STORE_CLOSED`.
   */
  close(): Promise<void>
}

/** What can be read: of a store what it holds now, of a snapshot what the store held then. */
export interface KeyValueReader {
  /** The values of the keys, each in its key's place; null where there is none. All of one moment, for up to 1,024 keys. */
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | null)[]>

  /** The entries of a range, all of the moment of this call, in order. */
  entries(range: KeyValueRange): KeyValueCursor
}

/**
 * From `start` (inclusive; default the first key) to `end` (exclusive; default after the last). Empty when start ≥ end.
 * Bounds are any bytes up to 1,025, not only keys: none at all come before every key.
 */
export interface KeyValueRange {
  readonly start?: Uint8Array | undefined
  readonly end?: Uint8Array | undefined
  /** From the last to the first. Default false. */
  readonly reverse?: boolean | undefined
}

/** A key, 1 to 1,024 bytes, and its value, 0 to 64 MiB. */
export interface KeyValueEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Entries, read a few at a time. */
export interface KeyValueCursor {
  /** The next entries, one at least and `limit` (1 or more) at most; none at the end, and ever after. One call at a time. */
  next(limit: number): Promise<readonly KeyValueEntry[]>
  /**
   * Gives free what the cursor holds; may be called again, also while `next` runs, which then rejects or resolves. Later
   * calls of `next` reject with `STORE_CLOSED`.
   */
  close(): void
}

/** A state of the store that stays as it is. */
export interface KeyValueSnapshot extends KeyValueReader {
  /** Gives free what the snapshot holds; may be called again. Its cursors go on; later reads reject with `STORE_CLOSED`. */
  close(): void
}

/** One change of a commit. */
export type KeyValueOperation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: Uint8Array }
  /** As {@link KeyValueRange}, with both bounds: `start` inclusive, `end` exclusive; nothing when start ≥ end. */
  | { readonly type: 'delete-range'; readonly start: Uint8Array; readonly end: Uint8Array }

/** A place for a {@link KeyValueStore}, as `memory()` and `indexedDb(name)` give it; `openStore` takes it. */
export interface KeyValueAdapter {
  /** What messages call it. */
  readonly name: string
  /**
   * Opens the store, creating it when there is none. A store is open once at a time: a second opening rejects with
   * `STORE_LOCKED`, or waits when told to. What was committed is there again. After a rejection nothing stays open or locked.
   * @throws AutobeeError `STORE_LOCKED`, `STORE_CORRUPT`, `STORE_FULL`, `STORE_FAILED`, `UNSUPPORTED_RUNTIME`, and
   *   `NOT_SUPPORTED` for an option that this place cannot honour
   */
  openKeyValue(options?: OpenStoreOptions): Promise<KeyValueStore>
}

/** @internal */
export function isKeyValueAdapter(value: unknown): value is KeyValueAdapter {
  return (
    typeof value === 'object' &&
    value !== null &&
    'openKeyValue' in value &&
    typeof value.openKeyValue === 'function'
  )
}
