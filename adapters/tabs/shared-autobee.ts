import crypto from 'hypercore-crypto'
import { encode } from 'hypercore-id-encoding'
import { checkKeyPair } from '../../src/engine/cores.ts'
import { LocalWriter } from '../../src/engine/local-writer.ts'
import { tell, typedEmitter } from '../../src/events.ts'
import {
  AutobeeError,
  type Bytes,
  type Head,
  type HyperbeeView,
  type KeyLike,
  type KeyPair,
  type OrderedUnit,
  type OrderOptions,
  type Stats,
  type WaitingUnit,
  type WriterInfo
} from '../../src/index.ts'
import { hexOf, toKey, toLength } from '../../src/keys.ts'
import { toQuery } from '../../src/listing/options.ts'
import { setOwner } from '../../src/owner.ts'
import { encodeWith } from '../../src/value-encoding.ts'
import { indexedDb } from '../storage/indexeddb.ts'
import { isKeyValueAdapter, type KeyValueAdapter } from '../storage/key-value.ts'
import { notReady } from './errors.ts'
import { cloned } from './host.ts'
import { compact, ownBytes } from './line.ts'
import type { DatabaseState, Method, OrderPage } from './messages.ts'
import { type SharedAutobeeOptions, type SharedSettings, toSharedSettings } from './options.ts'
import { type SharedAutobeeEvents, Tab, type TabRole } from './tab.ts'

/** The local writer's oplog, as every tab knows it. */
export interface LocalOplog {
  readonly key: Bytes
  /** z-base-32, as Hypercore gives it. */
  readonly id: string
  readonly length: number
}

/**
 * An Autobee that all tabs and workers of a page's origin share: each makes one with the name of the same store, and all have the
 * same database, with one local writer. One of them, the owner, has the store and runs `apply`; the others read and append
 * through it, and one of them is the owner next when it closes, dies, or is frozen.
 *
 * The members are those of an Autobee, with the same errors by code. Appends complete exactly once, and those of one tab in
 * their order, whatever happens to owners; reads wait for the next one. What else may reject with `OWNER_CHANGED` says so.
 */
export class SharedAutobee<View = HyperbeeView> extends typedEmitter<SharedAutobeeEvents>() {
  readonly #tab: Tab<View>
  readonly #settings: SharedSettings<View>
  #closing: Promise<void> | null = null

  /**
   * Opens at once; await {@link ready}.
   * @param store the name of a database of IndexedDB, or `indexedDb(name, options)`; every tab gives the same
   * @param key of an existing database (32 bytes, hex or z-base-32); null or left out: the one this store created, or
   *   a new one
   * @throws AutobeeError `INVALID_ARGUMENT`, `INVALID_KEY`, `INVALID_OPTIONS`, `UNSUPPORTED_RUNTIME` where there is no
   *   BroadcastChannel
   */
  constructor(
    store: string | KeyValueAdapter,
    key?: KeyLike | null | SharedAutobeeOptions<View>,
    options?: SharedAutobeeOptions<View>
  )
  constructor(
    store: string | KeyValueAdapter,
    keyOrOptions: KeyLike | null | SharedAutobeeOptions<View> = null,
    options: SharedAutobeeOptions<View> = {}
  ) {
    super()
    const isKey =
      keyOrOptions === null || typeof keyOrOptions === 'string' || keyOrOptions instanceof Uint8Array
    const given = (isKey ? options : keyOrOptions) ?? {}
    const key = isKey && keyOrOptions !== null ? toKey(keyOrOptions) : null
    const adapter = typeof store === 'string' ? indexedDb(store) : store
    if (!isKeyValueAdapter(adapter)) {
      const message = 'the first argument is the name of a store, or indexedDb(name, options)'
      throw new AutobeeError('INVALID_ARGUMENT', message)
    }
    this.#settings = toSharedSettings(given, key)
    this.#tab = new Tab<View>({
      adapter,
      settings: this.#settings,
      emit: (event, ...args) => tell<SharedAutobeeEvents, typeof event>(this, event, ...args),
      openView: bee => {
        setOwner(bee, this)
        return given.open ? given.open(bee, this) : (bee as View)
      }
    })
  }

  /**
   * Resolves when the database is open, here or in the tab that owns the store.
   * @throws AutobeeError what opening an Autobee or its store throws; `ENCRYPTION_KEY_MISMATCH`, `OPTIONS_MISMATCH` when another tab
   *   has it open with other options; `UPGRADE_REQUIRED` when that is another build of the page; `CLOSED`
   */
  ready(): Promise<void> {
    return this.#tab.ready()
  }

  /**
   * Settles the appends of this tab, then leaves the others alone; idempotent. The owner gives the store free, for the next
   * tab if there is one.
   */
  close(): Promise<void> {
    this.#closing ??= this.#tab.close().then(() => {
      this.emit('close')
    })
    return this.#closing
  }

  /** `owner`: this tab has the store. `follower`: another one serves it. `none`: nobody does, before `ready()` or for a moment. */
  get role(): TabRole {
    return this.#tab.role
  }

  get opened(): boolean {
    return this.#tab.state === 'open'
  }

  get closed(): boolean {
    return this.#tab.state === 'closed'
  }

  /** Public key of the database, 32 bytes; null until `ready()` when it was not given. */
  get key(): Bytes | null {
    const { given } = this.#settings
    return (this.#state?.key ?? (given.key && toKey(given.key))) as Bytes | null
  }

  /** What peers find each other by: it does not give the key away. */
  get discoveryKey(): Bytes | null {
    const { key } = this
    return key && (crypto.discoveryKey(key) as Bytes)
  }

  /** {@link key} as hex. */
  get id(): string | null {
    const { key } = this
    return key && hexOf(key)
  }

  /** The local writer's oplog, which all tabs write to; null until `ready()`. */
  get local(): LocalOplog {
    const local = this.#state?.local
    return (local ? { ...local, id: encode(local.key) } : null) as LocalOplog
  }

  /** The user's view on the snapshot. @throws AutobeeError `CLOSED` before `ready()` */
  get view(): View {
    const { snapshot } = this.#tab.mirror
    if (!snapshot) throw notReady()
    return snapshot.view
  }

  /** The view's bee, read-only, moved on after each cycle. @throws AutobeeError `CLOSED` before `ready()` */
  get bee(): HyperbeeView {
    const { snapshot } = this.#tab.mirror
    if (!snapshot) throw notReady()
    return snapshot.bee
  }

  /** May this origin's local writer append? */
  get writable(): boolean {
    return this.#state?.writable ?? false
  }

  get isIndexer(): boolean {
    return this.#state?.isIndexer ?? false
  }

  /** Every writer that was ever added, the first one first. */
  get writers(): Iterable<WriterInfo> {
    return this.#tab.mirror.writers
  }

  /** Units that are ordered, those without effect included; 0 until `ready()`. Moves with {@link view}. */
  get orderLength(): number {
    return this.#state?.orderLength ?? 0
  }

  /** Counters of the owner's instance, as of the last event. */
  get stats(): Stats {
    const none = {
      appends: 0,
      applies: 0,
      undos: 0,
      reapplied: 0,
      reread: 0,
      fastForwards: 0,
      flushes: 0,
      bytes: 0
    }
    return { ...none, ...this.#state?.stats }
  }

  /** The system and view cores in use, and how much of each. */
  views(): Head[] {
    return [...(this.#state?.views ?? [])]
  }

  /** The oplogs that this database consists of, as far as it is known here, and how much of each. */
  oplogs(): Head[] {
    return [...this.#tab.mirror.oplogs]
  }

  /**
   * Appends one unit: one value, or several that are ordered and applied whole or not at all. Resolves when it is applied and
   * durable, to the head of the local oplog after it. It completes exactly once, also when the owner dies over it; appends of
   * this tab keep their order. On rejection nothing is written.
   * @param options.optimistic append although this origin may be no writer; kept only if `apply` acknowledges it
   * @throws AutobeeError what `append` of an Autobee throws. `OWNER_CHANGED`: this tab slept while 64 others came and appended,
   *   and nobody knows any more whether this was written; `CLOSED` when the tab was closed before any owner was asked
   */
  async append(value: unknown, options: { optimistic?: boolean } = {}): Promise<Head> {
    const given = Array.isArray(value) ? value : [value]
    if (given.length === 0) throw new AutobeeError('INVALID_ARGUMENT', 'append takes a value or several')
    const values = given.map(one => ownBytes(encodeWith(this.#settings.codec, one)))
    LocalWriter.check(values)
    this.#check()
    return this.#tab.requests.append(values, { optimistic: options.optimistic === true })
  }

  /** Runs an apply cycle in the owner; of the next one, if it changes. @throws AutobeeError as that of an Autobee */
  async update(): Promise<void> {
    await this.#ask('update', [], { mayRepeat: true })
  }

  /** Resolves when no apply cycle runs. */
  async updated(): Promise<void> {
    await this.#ask('updated', [], { mayRepeat: true })
  }

  /**
   * Resolves when all entries of all known writers, up to their known lengths, are applied.
   * @throws AutobeeError as that of an Autobee
   */
  async flush(): Promise<void> {
    await this.#ask('flush', [], { mayRepeat: true })
  }

  /** Hints that an oplog with at least `length` entries exists. @throws AutobeeError `INVALID_KEY`, `INVALID_ARGUMENT` */
  wakeup(hint: { key: KeyLike; length: number }): void {
    if (!hint) throw new AutobeeError('INVALID_ARGUMENT', 'wakeup takes { key, length }')
    const head = { key: toKey(hint.key), length: toLength(hint.length) }
    this.ready().then(() => this.#tab.say({ type: 'wakeup', ...head }), noop)
  }

  /**
   * Rotates the local writer of all tabs.
   * @throws AutobeeError as that of an Autobee; `OWNER_CHANGED`: perhaps it was done, see {@link local}
   */
  async setLocal(local: KeyLike | KeyPair, _options: Record<string, never> = {}): Promise<void> {
    const isKey = typeof local === 'string' || local instanceof Uint8Array
    const choice = isKey ? toKey(local) : checkKeyPair(local)
    await this.#ask('setLocal', [compact(choice)], { mayRepeat: false })
  }

  /**
   * Runs `calls[name](db, argument)` in the owner, and resolves to what it gives. Argument and result are cloned.
   * @throws AutobeeError `INVALID_ARGUMENT` (no such call, or what cannot be cloned), `OWNER_CHANGED`: perhaps it was done;
   *   what the call throws: an AutobeeError with its code, else an Error with its message
   */
  async call(name: string, argument?: unknown): Promise<unknown> {
    const args = [name, cloned(argument, 'the argument')]
    return this.#ask('call', args, { mayRepeat: false })
  }

  /**
   * The units in the order in which they were applied, as of the moment when the first one is asked for; see `order` of an Autobee.
   * @throws AutobeeError `INVALID_ARGUMENT`; the iterator: what that of an Autobee throws, and `OWNER_CHANGED` beyond 128 units
   */
  order(options: OrderOptions & { waiting: true }): AsyncGenerator<WaitingUnit>
  order(options?: OrderOptions): AsyncGenerator<OrderedUnit>
  order(options: OrderOptions & { waiting?: boolean } = {}): AsyncGenerator<OrderedUnit | WaitingUnit> {
    toQuery(options)
    return this.#list({ ...options })
  }

  /** The unit that contains an entry; see `unit` of an Autobee, which throws the same. */
  async unit(head: { key: KeyLike; length: number }): Promise<OrderedUnit | WaitingUnit | null> {
    if (!head) throw new AutobeeError('INVALID_ARGUMENT', 'unit takes { key, length }')
    const entry = { key: ownBytes(toKey(head.key)), length: toLength(head.length) }
    const unit = await this.#ask('unit', [entry], { mayRepeat: true })
    return unit as OrderedUnit | WaitingUnit | null
  }

  /** Only the owner's own database replicates: give `connect`. @throws AutobeeError `NOT_OWNER` */
  replicate(_isInitiator?: unknown): never {
    const message = 'tabs replicate through their owner: do it in the option connect(db)'
    throw new AutobeeError('NOT_OWNER', message)
  }

  get #state(): DatabaseState | null {
    return this.#tab.mirror.state
  }

  #check(): void {
    const { refusal } = this.#tab
    if (refusal) throw refusal
  }

  async #ask(method: Method, args: readonly unknown[], options: { mayRepeat: boolean }): Promise<unknown> {
    this.#check()
    return this.#tab.requests.ask(method, args, options)
  }

  async *#list(options: object): AsyncGenerator<never> {
    let page = (await this.#ask('order', [options], { mayRepeat: true })) as OrderPage
    for (;;) {
      yield* page.units as never[]
      if (page.cursor === null) return
      page = (await this.#ask('order', [page.cursor], { mayRepeat: false })) as OrderPage
    }
  }
}

function noop(): void {}
