import b4a from 'b4a'
import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import {
  type ApplyNode,
  Autobee,
  AutobeeError,
  type AutobeeEvents,
  type AutobeeOptions,
  type Bytes,
  type KeyLike,
  type Stats,
  type WriterInfo
} from '../index.ts'
import { toKey } from '../keys.ts'
import {
  type Input,
  type KeyRange,
  type ReadRange,
  type TypedBee,
  type TypedEntry,
  typed
} from '../typed/index.ts'
import { type KeySpace, toTreeRange, toWatchBounds } from '../typed/range.ts'
import { applyOperations, type Refusal } from './apply.ts'
import { type BatchOperation, KeyValueBatch } from './batch.ts'
import { KeyValueWatcher } from './changes.ts'
import type { KeyValueDatabase, MakeDatabase } from './database.ts'
import { type Operation, type Operations, pack } from './operations.ts'
import { type Encoders, encodeKey, encodeValue, type KeyValueOptions, toOptions } from './options.ts'

/**
 * A multiwriter key-value database: an Autobee with an `apply` of its own. What peers write at the same time to
 * different keys is merged; of what they write to the same key the last one in the agreed order wins.
 *
 * It emits the events of an {@link Autobee}. A unit that its operations' format or its encodings rule out is skipped on
 * every peer, with the event `rejected` (reason `INVALID_VALUE`, `REMOVES_ITSELF` or `TOO_MANY_OPERATIONS`).
 */
export class KeyValue<K = string, V = unknown, DB extends KeyValueDatabase = Autobee> {
  /** The database underneath; its view has the encoded keys and values. */
  readonly db: DB
  readonly #encoders: Encoders
  readonly #space: KeySpace
  #view: TypedBee<K, V> | null = null
  /** Length of the last unit of each writer that `apply` refused, so that it is told once. */
  readonly #refused = new Map<string, number>()

  /**
   * Opens at once; await {@link ready}.
   * @param store a Corestore; the database never closes it
   * @param key of an existing database (32 bytes, hex or z-base-32); null or left out: the one this store created, or
   *   a new one
   * @throws AutobeeError `INVALID_ARGUMENT`, `INVALID_KEY`, `INVALID_OPTIONS`, `STORE_CLOSED`
   */
  constructor(store: Corestore, key?: KeyLike | null | KeyValueOptions<K, V>, options?: KeyValueOptions<K, V>)
  /** @internal Use {@link over}. */
  constructor(make: MakeDatabase<DB>, key: null, options?: KeyValueOptions<K, V>)
  constructor(
    store: Corestore | MakeDatabase<DB>,
    keyOrOptions: KeyLike | null | KeyValueOptions<K, V> = null,
    options: KeyValueOptions<K, V> = {}
  ) {
    const isKey =
      keyOrOptions === null || typeof keyOrOptions === 'string' || keyOrOptions instanceof Uint8Array
    const { encoders, autobee } = toOptions<K, V>(isKey ? options : keyOrOptions)
    this.#encoders = encoders
    this.#space = { encoder: encoders.keys, prefix: new Uint8Array(0) }
    const all: AutobeeOptions = {
      ...autobee,
      apply: (nodes, view, host) =>
        applyOperations(nodes as unknown as ApplyNode<Operations>[], {
          view,
          host,
          onrefused: (node, reason) => this.#tellRefused(node, reason)
        })
    }
    const key = isKey ? keyOrOptions : null
    // without `over`, DB is what its default says
    this.db = typeof store === 'function' ? store(all) : (new Autobee(store, key, all) as unknown as DB)
  }

  /**
   * A KeyValue on a database that is made otherwise, such as one that all tabs share:
   * `KeyValue.over(all => new SharedAutobee('notes', null, { ...all, connect }))`. Of a shared one, `rejected` is told in the
   * tab that owns the store.
   * @param make called once, at once: makes the database with the options that it is given
   * @throws AutobeeError `INVALID_ARGUMENT`, `INVALID_OPTIONS`, and what `make` throws
   */
  static over<DB extends KeyValueDatabase, K = string, V = unknown>(
    make: MakeDatabase<DB>,
    options: KeyValueOptions<K, V> = {}
  ): KeyValue<K, V, DB> {
    if (typeof make !== 'function') throw invalid('over takes a function that makes the database')
    return new KeyValue<K, V, DB>(make, null, options)
  }

  /** Resolves when the database is open. @throws AutobeeError as {@link Autobee.ready} */
  ready(): Promise<void> {
    return this.db.ready()
  }

  /** Settles what is under way; idempotent. The store itself stays open. */
  close(): Promise<void> {
    return this.db.close()
  }

  get opened(): boolean {
    return this.db.opened
  }

  get closed(): boolean {
    return this.db.closed
  }

  /** Public key of the database, 32 bytes; null until `ready()` when it was not given. */
  get key(): Bytes | null {
    return this.db.key
  }

  get discoveryKey(): Bytes | null {
    return this.db.discoveryKey
  }

  /** {@link key} as hex. */
  get id(): string | null {
    return this.db.id
  }

  /** The local writer's oplog: `local.id` is what another writer's {@link addWriter} takes. */
  get local(): DB['local'] {
    return this.db.local
  }

  /** The whole database as a typed bee, moving on with it. @throws AutobeeError `CLOSED` before `ready()` */
  get view(): TypedBee<K, V> {
    const { keyEncoding, valueEncoding } = this.#encoders
    this.#view ??= typed(this.db.bee, { keyEncoding, valueEncoding }) as unknown as TypedBee<K, V>
    return this.#view
  }

  get writable(): boolean {
    return this.db.writable
  }

  get isIndexer(): boolean {
    return this.db.isIndexer
  }

  get writers(): Iterable<WriterInfo> {
    return this.db.writers
  }

  get stats(): Stats {
    return this.db.stats
  }

  /** As {@link Autobee.replicate}. */
  replicate(isInitiator: boolean | Hypercore.ReplicationStream): Hypercore.ReplicationStream {
    return this.db.replicate(isInitiator)
  }

  /** Merges all that is here. @throws AutobeeError as {@link Autobee.update} */
  update(): Promise<void> {
    return this.db.update()
  }

  /** Resolves when all that is known to exist is applied. @throws AutobeeError as {@link Autobee.flush} */
  flush(): Promise<void> {
    return this.db.flush()
  }

  /**
   * Resolves when it is durable and in the view.
   * @throws AutobeeError `NOT_WRITABLE`, `INVALID_ARGUMENT`, `ENTRY_TOO_LARGE` (a key of more than 4096 bytes, a value
   *   of more than 8 MiB), and what else {@link Autobee.append} throws; nothing is written then
   */
  async put(key: Input<K>, value: Input<V>): Promise<void> {
    await this.#append([
      { type: 'put', key: encodeKey(this.#encoders, key), value: encodeValue(this.#encoders, value) }
    ])
  }

  /** Resolves when it is durable and in the view, whether the key was there or not. @throws AutobeeError as {@link put} */
  async del(key: Input<K>): Promise<void> {
    await this.#append([{ type: 'del', key: encodeKey(this.#encoders, key) }])
  }

  /**
   * The value, or null. A stored JSON null reads as null too: {@link getEntry} and {@link has} tell them apart.
   * @throws AutobeeError `INVALID_ARGUMENT`, `CLOSED`
   */
  async get(key: Input<K>): Promise<V | null> {
    return (await this.getEntry(key))?.value ?? null
  }

  /** The entry, or null when there is none. @throws AutobeeError `INVALID_ARGUMENT`, `CLOSED` */
  async getEntry(key: Input<K>): Promise<TypedEntry<K, V> | null> {
    await this.db.ready()
    return this.view.get(key)
  }

  /** @throws AutobeeError `INVALID_ARGUMENT`, `CLOSED` */
  async has(key: Input<K>): Promise<boolean> {
    return (await this.getEntry(key)) !== null
  }

  /**
   * The entries of a range as of this call, in the order of their keys' bytes (for strings: of their UTF-8).
   * @throws AutobeeError `INVALID_ARGUMENT`; reading throws `CLOSED`
   */
  list(range: ReadRange<K> = {}): AsyncIterableIterator<TypedEntry<K, V>, undefined> {
    // at once, since reading begins later
    toTreeRange(range, this.#space)
    return this.#list(range, this.db.opened && !this.db.closed ? this.view.snapshot() : null)
  }

  /**
   * What changes from this call on, by whomever, see {@link KeyValueWatcher}.
   * @throws AutobeeError `INVALID_ARGUMENT`, `CLOSED`
   */
  watch(range: KeyRange<K> = {}): KeyValueWatcher<K, V> {
    toWatchBounds(range, this.#space)
    const open = () => this.view.watch(range)
    if (this.db.opened || this.db.closed) return new KeyValueWatcher(Promise.resolve(open()), range)
    const opening = this.db.ready().then(open)
    opening.catch(noop)
    return new KeyValueWatcher(opening, range)
  }

  /** Changes that are written together, or not at all. @throws AutobeeError for a list, as {@link put} */
  batch(): KeyValueBatch<K, V>
  batch(operations: Iterable<BatchOperation<K, V>>): Promise<void>
  batch(operations?: Iterable<BatchOperation<K, V>>): KeyValueBatch<K, V> | Promise<void> {
    const batch = new KeyValueBatch<K, V>(this.#encoders, operations => this.#append(operations))
    return operations === undefined ? batch : flushAll(batch, operations)
  }

  /**
   * Lets `key` (another peer's `local.id`) write, or changes its role. An indexer (default) takes part in settling the
   * order; make indexers only of those you trust. Every writer may call this.
   * @throws AutobeeError `INVALID_KEY`, `INVALID_ARGUMENT`, and as {@link put}
   */
  async addWriter(key: KeyLike, { isIndexer = true }: { isIndexer?: boolean } = {}): Promise<void> {
    if (typeof isIndexer !== 'boolean') throw invalid('isIndexer is true or false')
    await this.#append([{ type: 'addWriter', key: toKey(key), isIndexer }])
  }

  /**
   * What `key` writes from then on is no longer taken; what it wrote stays. Every writer may call this, but not on
   * itself: a database would be left without writers.
   * @throws AutobeeError `INVALID_KEY`, `INVALID_ARGUMENT` for the own key, and as {@link put}
   */
  async removeWriter(key: KeyLike): Promise<void> {
    const bytes = toKey(key)
    await this.db.ready()
    if (b4a.equals(bytes, this.local.key)) {
      throw invalid('a writer cannot remove itself; another one has to')
    }
    await this.#append([{ type: 'removeWriter', key: bytes }])
  }

  on<E extends keyof AutobeeEvents>(event: E, listener: (...args: AutobeeEvents[E]) => void): this {
    this.db.on(event, listener)
    return this
  }

  once<E extends keyof AutobeeEvents>(event: E, listener: (...args: AutobeeEvents[E]) => void): this {
    this.db.once(event, listener)
    return this
  }

  off<E extends keyof AutobeeEvents>(event: E, listener: (...args: AutobeeEvents[E]) => void): this {
    this.db.off(event, listener)
    return this
  }

  async #append(operations: readonly Operation[]): Promise<void> {
    await this.db.append(pack(operations))
  }

  async *#list(
    range: ReadRange<K>,
    snapshot: TypedBee<K, V> | null
  ): AsyncGenerator<TypedEntry<K, V>, undefined> {
    await this.db.ready()
    yield* (snapshot ?? this.view).createReadStream(range)
  }

  #tellRefused(node: ApplyNode<Operations>, reason: Refusal): void {
    const id = b4a.toString(node.key, 'hex')
    if ((this.#refused.get(id) ?? 0) >= node.length) return
    this.#refused.set(id, node.length)
    const rejected = { key: node.key, length: node.length, reason }
    // not inside `apply`, where a listener that throws would stop the database
    queueMicrotask(() => this.db.emit('rejected', rejected))
  }
}

async function flushAll<K, V>(
  batch: KeyValueBatch<K, V>,
  operations: Iterable<BatchOperation<K, V>>
): Promise<void> {
  if (typeof operations?.[Symbol.iterator] !== 'function') throw notAList()
  for (const operation of operations) {
    if (operation?.type === 'put') batch.put(operation.key, operation.value)
    else if (operation?.type === 'del') batch.del(operation.key)
    else throw notAList()
  }
  await batch.flush()
}

function notAList(): AutobeeError {
  return invalid("batch takes a list of { type: 'put', key, value } and { type: 'del', key }")
}

function invalid(message: string): AutobeeError {
  return new AutobeeError('INVALID_ARGUMENT', message)
}

function noop(): void {}
