import type Corestore from 'corestore'
import type Hyperbee from 'hyperbee2'
import type Hypercore from 'hypercore'
import crypto from 'hypercore-crypto'
import type { Bytes } from './bytes.ts'
import { Database } from './database.ts'
import type { ApplyNode } from './engine/applier.ts'
import { checkKeyPair, type KeyPair, type LocalChoice } from './engine/cores.ts'
import { LocalWriter } from './engine/local-writer.ts'
import { AutobeeError, toAutobeeError } from './errors.ts'
import { type AutobeeEvents, tell, typedEmitter } from './events.ts'
import { type Head, hexOf, type KeyLike, toKey, toLength } from './keys.ts'
import { type Query, toQuery } from './listing/options.ts'
import type { OrderedUnit, OrderOptions, WaitingUnit } from './listing/types.ts'
import { type AutobeeOptions, INSPECT, toSettings } from './options.ts'
import { setOwner } from './owner.ts'
import { SHARED, type Shared } from './shared.ts'
import { type DecodeOptions, decodeValue, type EncodeOptions, encodeValue } from './value.ts'
import { type Codec, encodeWith } from './value-encoding.ts'
import type { HyperbeeView } from './view.ts'
import { type WriterInfo, writersOf } from './writer-info.ts'

const MARK = Symbol.for('autobee')

/** Counters since this instance was made. */
export interface Stats {
  /** Units appended here. */
  appends: number
  /** Units applied, tried or skipped; again after an undo included. */
  applies: number
  undos: number
  /** Units taken back by undos. */
  reapplied: number
  /** Units of the far past read again, since something came that might belong there. */
  reread: number
  fastForwards: number
  /** Atomic writes. */
  flushes: number
  /** Bytes appended to the local oplog. */
  bytes: number
}

type Opening = { readonly state: 'opening' | 'open' | 'failed' | 'closed' }

/**
 * A multiwriter Hyperbee: many peers each append to their own Hypercore; `apply` merges all of them into one view,
 * the same on every peer with the same entries. docs/ORDER.md states the order.
 */
export class Autobee<View = HyperbeeView, Value = Bytes> extends typedEmitter<AutobeeEvents>() {
  /** The head of an empty database. */
  static readonly GENESIS: { readonly length: 0; readonly key: null } = Object.freeze({
    length: 0,
    key: null
  })

  readonly stats: Stats = {
    appends: 0,
    applies: 0,
    undos: 0,
    reapplied: 0,
    reread: 0,
    fastForwards: 0,
    flushes: 0,
    bytes: 0
  }
  readonly #database: Database<View>
  readonly #codec: Codec
  readonly #ready: Promise<void>
  #opening: Opening = { state: 'opening' }
  #closing: Promise<void> | null = null

  /**
   * Opens at once; await {@link ready}.
   * @param store a Corestore; the database never closes it
   * @param key of an existing database (32 bytes, hex or z-base-32); null or left out: the one this store created, or
   *   a new one
   * @throws AutobeeError `INVALID_ARGUMENT`, `INVALID_KEY`, `INVALID_OPTIONS`, `STORE_CLOSED`
   */
  constructor(
    store: Corestore,
    key?: KeyLike | null | AutobeeOptions<View, Value>,
    options?: AutobeeOptions<View, Value>
  )
  constructor(
    store: Corestore,
    keyOrOptions: KeyLike | null | AutobeeOptions<View, Value> = null,
    options: AutobeeOptions<View, Value> = {}
  ) {
    super()
    Object.defineProperty(this, MARK, { value: true })
    Object.defineProperty(this, SHARED, { value: this.#shared() })
    Object.defineProperty(this, INSPECT, { value: () => this.#database.engine?.inspect() ?? null })
    const isKey =
      keyOrOptions === null || typeof keyOrOptions === 'string' || keyOrOptions instanceof Uint8Array
    const given = (isKey ? options : keyOrOptions) ?? {}
    if (!isCorestore(store)) throw new AutobeeError('INVALID_ARGUMENT', 'the first argument is a Corestore 7')
    if (store.closing || store.root?.closing) throw new AutobeeError('STORE_CLOSED', 'the store is closed')
    // what `apply` gets is what the encoding that was given decodes
    const settings = toSettings(given as AutobeeOptions<View>)
    this.#codec = settings.codec
    this.#database = new Database<View>({
      settings,
      userStore: store,
      key: isKey && keyOrOptions !== null ? toKey(keyOrOptions) : null,
      stats: this.stats,
      // an error that nobody listens for is reported by append, update and flush as well
      emit: (event, ...args) => tell<AutobeeEvents, typeof event>(this, event, ...args),
      openView: bee => {
        setOwner(bee, this)
        return given.open ? given.open(bee, this) : (bee as View)
      }
    })
    this.#ready = this.#open()
    this.#ready.catch(noop)
  }

  /** Is `value` an Autobee, of this copy of the package or another? */
  static isAutobee(value: unknown): value is Autobee<unknown> {
    return typeof value === 'object' && value !== null && MARK in value
  }

  /** A value as a block of an oplog. @throws AutobeeError `INVALID_ARGUMENT` */
  static encodeValue(value: unknown, options?: EncodeOptions): Uint8Array {
    return encodeValue(value, options)
  }

  /** The value in a decrypted block of an oplog, or null. @throws AutobeeError `INVALID_ENTRY`, `UPGRADE_REQUIRED` */
  static decodeValue(block: Uint8Array, options?: DecodeOptions): unknown {
    return decodeValue(block, options)
  }

  /**
   * Resolves when the database is open.
   * @throws AutobeeError `ENCRYPTION_KEY_MISMATCH`, `OPTIONS_MISMATCH`, `STORE_LOCKED`, `STORE_CORRUPT`,
   *   `STORE_CLOSED`, `UPGRADE_REQUIRED`, `CLOSED`
   */
  ready(): Promise<void> {
    return this.#ready
  }

  /** Settles appends under way, then lets go of the store; idempotent. The store itself stays open. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  get opened(): boolean {
    return this.#opening.state === 'open'
  }

  get closed(): boolean {
    return this.#opening.state === 'closed'
  }

  /** Public key of the database, 32 bytes; null until `ready()` when it was not given. */
  get key(): Bytes | null {
    return this.#database.key as Bytes | null
  }

  /** What peers find each other by: it does not give the key away. */
  get discoveryKey(): Bytes | null {
    const { key } = this.#database
    return key && (crypto.discoveryKey(key) as Bytes)
  }

  /** The Corestore that it was opened in. */
  get store(): Corestore {
    return this.#database.userStore
  }

  /** {@link key} as hex. */
  get id(): string | null {
    const { key } = this.#database
    return key && hexOf(key)
  }

  /** The local writer's oplog, read-only; null until `ready()`. */
  get local(): Hypercore {
    return this.#database.local as Hypercore
  }

  /** The user's view on the snapshot. @throws AutobeeError `CLOSED` before `ready()` */
  get view(): View {
    return this.#database.snapshot.view
  }

  /** The view's bee, read-only, moved on after each cycle. @throws AutobeeError `CLOSED` before `ready()` */
  get bee(): Hyperbee {
    return this.#database.snapshot.bee
  }

  /** May this instance append? */
  get writable(): boolean {
    return this.#database.role !== 'none'
  }

  get isIndexer(): boolean {
    return this.#database.role === 'indexer'
  }

  /** Every writer that was ever added, the first one first. */
  get writers(): Iterable<WriterInfo> {
    return writersOf(this.#database)
  }

  /**
   * Appends one unit: one value, or several that are ordered and applied whole or not at all. Resolves when it is
   * applied and durable, to the head of the local oplog after it. On rejection nothing is written.
   * @param options.optimistic append although this instance may be no writer; kept only if `apply` acknowledges it
   * @throws AutobeeError `NOT_WRITABLE`, `APPLY_FAILED` (cause: what `apply` threw), `INTERRUPTED`, `ENTRY_TOO_LARGE`,
   *   `INVALID_ARGUMENT`, `CLOCK_SKEW`, `CONFLICT`, `STORE_READONLY`, `STORE_FULL`, `STORE_FAILED`, `CLOSED`
   */
  async append(value: unknown, options: { optimistic?: boolean } = {}): Promise<Head> {
    const given = Array.isArray(value) ? value : [value]
    if (given.length === 0) throw new AutobeeError('INVALID_ARGUMENT', 'append takes a value or several')
    const values = given.map(one => encodeWith(this.#codec, one))
    LocalWriter.check(values)
    if (this.#closing) throw new AutobeeError('CLOSED', 'the database is closed')
    await this.#ready
    return this.#database.append(values, { optimistic: options.optimistic === true })
  }

  /**
   * Runs an apply cycle: merges all that is here, and tries again what was interrupted.
   * @throws AutobeeError `APPLY_FAILED`, `STORE_FAILED`, `CLOSED`
   */
  async update(): Promise<void> {
    await this.#ready
    await this.#database.update()
  }

  /** Resolves when no apply cycle runs. */
  async updated(): Promise<void> {
    await this.#ready
    await this.#database.updated()
  }

  /**
   * Resolves when all entries of all known writers, up to their known lengths, are applied.
   * @throws AutobeeError `WAITING` (its `reason`: `CLOCK`, `LINKS`, `BLOCKS`, `INTERRUPTED`) when that cannot be, and
   *   what {@link update} throws
   */
  async flush(): Promise<void> {
    await this.#ready
    await this.#database.flush()
  }

  /**
   * Replicates the whole store, and tells the other side of this database's writers.
   * @param isInitiator of a new Noise stream, or a stream that replicates already
   * @throws AutobeeError `INVALID_ARGUMENT`, `CLOSED`
   */
  replicate(isInitiator: boolean | Hypercore.ReplicationStream): Hypercore.ReplicationStream {
    if (typeof isInitiator !== 'boolean' && typeof isInitiator?.pipe !== 'function') {
      throw new AutobeeError(
        'INVALID_ARGUMENT',
        'replicate takes whether this side is the initiator, or a stream'
      )
    }
    if (this.#closing) throw new AutobeeError('CLOSED', 'the database is closed')
    const stream = this.#database.store.replicate(isInitiator)
    this.#database.attach(stream)
    return stream
  }

  /** Hints that an oplog with at least `length` entries exists. @throws AutobeeError `INVALID_KEY`, `INVALID_ARGUMENT` */
  wakeup(hint: { key: KeyLike; length: number }): void {
    if (!hint) throw new AutobeeError('INVALID_ARGUMENT', 'wakeup takes { key, length }')
    const head = { key: toKey(hint.key), length: toLength(hint.length) }
    this.#ready.then(() => this.#database.hint(head), noop)
  }

  /**
   * Rotates the local writer; it becomes a member when a writer adds its key. Appends under way settle first.
   * @param local a key pair, or the key of an oplog whose secret key this store has
   * @throws AutobeeError `INVALID_KEY`, `INVALID_OPTIONS`, `NOT_WRITABLE`
   */
  async setLocal(local: KeyLike | KeyPair, _options: Record<string, never> = {}): Promise<void> {
    const isKey = typeof local === 'string' || local instanceof Uint8Array
    const choice: NonNullable<LocalChoice> = isKey ? { key: toKey(local) } : { keyPair: checkKeyPair(local) }
    await this.#ready
    await this.#database.rotate(choice)
  }

  /** The system and view cores in use, and how much of each. */
  views(): Head[] {
    return this.#database.engine?.views() ?? this.#database.copy?.views() ?? []
  }

  /**
   * The oplogs that this database consists of, as far as it is known here, and how much of each: of every writer, also
   * those that were removed, and of strangers whose entries were let in. Who has them all has the database: they are what
   * a mirror stores. In a store opened read-only, those of the writers.
   */
  oplogs(): Head[] {
    const { engine, copy } = this.#database
    return engine?.oplogs() ?? (copy?.writers ?? []).map(({ key, length }) => ({ key, length }))
  }

  /** Units that are ordered, those without effect included; 0 until `ready()`. Moves with {@link view}. */
  get orderLength(): number {
    return this.#database.orderLength
  }

  /**
   * The units in the order in which they were applied, as of the moment when the first one is asked for: what is ordered or moved
   * later does not show. During a merge it waits for the end of it. Acks and what was skipped are included and marked. What lies far
   * back is read from the store, piece by piece; of what the store does not have, values are null and `isHere` false.
   * With `waiting: true`: units that are here and not ordered, by writers; `from` and `to` mean nothing there.
   * In a store opened read-only, the order as it was last written.
   * @throws AutobeeError `INVALID_ARGUMENT`; the iterator: `CLOSED`, `STORE_CORRUPT`, `STORE_FAILED`
   */
  order(options: OrderOptions & { waiting: true }): AsyncGenerator<WaitingUnit>
  order(options?: OrderOptions): AsyncGenerator<OrderedUnit>
  order(options?: OrderOptions & { waiting?: boolean }): AsyncGenerator<OrderedUnit | WaitingUnit> {
    const query = toQuery(options)
    return this.#list(query)
  }

  /**
   * The unit that contains an entry: the `length`th of the oplog `key`. With its position when it is ordered, else with what it
   * waits for; null when it is not here, or is beyond what was taken of a frozen writer.
   * @throws AutobeeError `INVALID_KEY`, `INVALID_ARGUMENT`, `CLOSED`, `STORE_CORRUPT`, `STORE_FAILED`
   */
  async unit(head: { key: KeyLike; length: number }): Promise<OrderedUnit | WaitingUnit | null> {
    if (!head) throw new AutobeeError('INVALID_ARGUMENT', 'unit takes { key, length }')
    const entry = { key: toKey(head.key), length: toLength(head.length) }
    await this.#ready
    return this.#database.listing.unit(entry)
  }

  async *#list(query: Query): AsyncGenerator<OrderedUnit | WaitingUnit> {
    await this.#ready
    const { listing } = this.#database
    yield* query.isWaiting ? listing.waiting(query) : listing.order(query)
  }

  #shared(): Shared {
    const engine = () => this.#database.engine
    return {
      get tick() {
        return engine()?.once.tick ?? 0
      },
      append: (values, options) => this.#database.append(values, options),
      forget: client => engine()?.once.forget(client)
    }
  }

  async #open(): Promise<void> {
    try {
      await this.#database.open()
    } catch (error) {
      if (this.#opening.state === 'opening') this.#opening = { state: 'failed' }
      throw openError(error)
    }
    if (this.#opening.state !== 'opening') return
    this.#opening = { state: 'open' }
    this.emit('ready')
    if (this.writable) this.emit('writable')
  }

  async #close(): Promise<void> {
    const wasOpen = await this.#ready.then(
      () => true,
      () => false
    )
    if (wasOpen) await this.#database.close()
    this.#opening = { state: 'closed' }
    this.emit('close')
  }
}

export type { ApplyNode, WriterInfo }

function openError(error: unknown): AutobeeError {
  if (AutobeeError.is(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  if (/lock/i.test(message)) {
    return new AutobeeError('STORE_LOCKED', 'another process has this store open', { cause: error })
  }
  if (/clos/i.test(message)) return new AutobeeError('STORE_CLOSED', 'the store is closed', { cause: error })
  return toAutobeeError(error, { code: 'STORE_FAILED', message: 'the store could not be opened' })
}

function isCorestore(store: unknown): boolean {
  const like = store as Partial<Corestore> | null
  return typeof like === 'object' && typeof like?.get === 'function' && typeof like.replicate === 'function'
}

function noop(): void {}
