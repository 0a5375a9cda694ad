import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import crypto from 'hypercore-crypto'
import { AtRest } from './at-rest.ts'
import { DatabaseCores, keyOfSigner, type LocalChoice } from './engine/cores.ts'
import type { CycleStats } from './engine/cycle-options.ts'
import { Engine } from './engine/engine.ts'
import type { Emit } from './engine/engine-options.ts'
import { Exchange } from './engine/exchange.ts'
import { giveUpOplog } from './engine/give-up.ts'
import { Notices } from './engine/notices.ts'
import type { OnceTag } from './engine/once.ts'
import { checkRotation } from './engine/opening.ts'
import { expectations, Patience } from './engine/outstanding.ts'
import { type Append, AppendQueue } from './engine/queue.ts'
import { ReadOnlyCopy } from './engine/read-only.ts'
import { notOpen, readOnly } from './engine/refusals.ts'
import type { CycleReport } from './engine/report.ts'
import { AutobeeError, toAutobeeError } from './errors.ts'
import { type Head, hexOf } from './keys.ts'
import { Listing } from './listing/listing.ts'
import type { OrderSource } from './listing/place.ts'
import type { Settings } from './options.ts'
import type { Role } from './order/index.ts'
import { claim, release } from './registry.ts'
import { Signal } from './signal.ts'
import { closeView, Snapshot } from './snapshot.ts'
import type { HyperbeeView } from './view.ts'

/** How often `flush` looks again when nothing tells it to, ms. */
const FLUSH_LOOK = 50

export interface DatabaseOptions<View> {
  readonly settings: Settings<View>
  readonly userStore: Corestore
  /** null: the database that this store created, or creates. */
  readonly key: Uint8Array | null
  readonly stats: CycleStats
  readonly emit: Emit
  /** Opens the user's view on a bee. */
  openView(bee: HyperbeeView): View
}

type State =
  | { readonly state: 'new' | 'open' | 'closed' }
  | { readonly state: 'failed'; readonly error: AutobeeError }

/** The life of an open database: its engine, the peers it talks to, and the view its user reads. */
export class Database<View> {
  readonly #o: DatabaseOptions<View>
  readonly #queue = new AppendQueue()
  readonly #store: Corestore
  #state: State = { state: 'new' }
  #key: Uint8Array | null
  #cores: DatabaseCores | null = null
  #engine: Engine | null = null
  #copy: ReadOnlyCopy | null = null
  #snapshot: Snapshot<View> | null = null
  #local: Hypercore | null = null
  #changing: Promise<unknown> = Promise.resolve()
  readonly #exchange: Exchange
  readonly #forked = new Set<string>()
  readonly #changes = new Signal()
  /** What happened to own cores while the database opened. */
  #staleSince: 'GROWN' | 'CONFLICT' | null = null
  readonly #notices: Notices
  #orderLength = 0
  readonly #atRest = new AtRest()
  readonly listing: Listing

  constructor(options: DatabaseOptions<View>) {
    this.#o = options
    this.#key = options.key
    this.#notices = new Notices(options.emit)
    const { userStore, settings } = options
    this.listing = new Listing({
      codec: settings.codec,
      cores: () => this.#cores && this.#key && { cores: this.#cores, key: this.#key },
      atRest: take => this.#takeAtRest(take)
    })
    this.#exchange = new Exchange({
      ...settings,
      queue: this.#queue,
      wakeup: settings.user.wakeup ?? null,
      ack: () => this.append([null], { optimistic: false, ack: true }).catch(noop),
      isOpen: () => this.#state.state === 'open',
      onpeer: () => this.#changes.tell()
    })
    this.#store = userStore.session({ namespace: userStore.ns, writable: !userStore.readOnly })
  }

  get key(): Uint8Array | null {
    return this.#key
  }

  get userStore(): Corestore {
    return this.#o.userStore
  }

  get store(): Corestore {
    return this.#store
  }

  get local(): Hypercore | null {
    return this.#local
  }

  /** @throws AutobeeError `CLOSED`, or what made the database fail */
  get snapshot(): Snapshot<View> {
    if (this.#snapshot) return this.#snapshot
    throw notOpen()
  }

  get engine(): Engine | null {
    return this.#engine
  }

  /** In a store that cannot be written to, in place of the engine. */
  get copy(): ReadOnlyCopy | null {
    return this.#copy
  }

  /** The local writer's role as of the last cycle that is whole and durable. */
  get role(): Role {
    return this.#notices.role
  }

  /** Positions of the order, as of the last cycle that is whole and durable. */
  get orderLength(): number {
    return this.#orderLength
  }

  /** Reads the whole local state; see {@link Engine.open} for what it throws. */
  async open(): Promise<void> {
    const { settings, userStore } = this.#o
    await this.#store.ready()
    this.#cores = new DatabaseCores(this.#store, settings.encryptionKey)
    this.#key ??= settings.keyPair ? keyOfSigner(settings.keyPair.publicKey) : await this.#cores.ownKey()
    if (userStore.readOnly || userStore.storage.readOnly) return this.#openReadOnly(this.#key)
    claim(userStore, this.#key)
    try {
      await this.#openEngine({
        local: settings.keyPair ? { keyPair: settings.keyPair } : null,
        localFrozen: false
      })
    } catch (error) {
      release(userStore, this.#key)
      await this.#store.close()
      throw error
    }
    this.#state = { state: 'open' }
    this.#exchange.connect({ key: this.#key, discoveryKey: crypto.discoveryKey(this.#key) })
    this.#engine?.cycle.kick()
    if (this.#staleSince) this.#onstale(this.#staleSince)
  }

  async #openReadOnly(key: Uint8Array): Promise<void> {
    const { settings, emit, openView } = this.#o
    try {
      const copy = await ReadOnlyCopy.open({
        cores: this.#cores as DatabaseCores,
        key,
        encrypted: settings.encryptionKey !== null,
        codec: settings.codec
      })
      this.#copy = copy
      this.#orderLength = copy.order.length
      const onerror = (error: AutobeeError) => emit('error', error)
      this.#snapshot = new Snapshot(copy.bee, { openView, user: settings.user, onerror })
      this.#local = copy.oplog.session({ writable: false })
      await this.#local.ready()
    } catch (error) {
      await this.#store.close()
      throw error
    }
    this.#state = { state: 'open' }
  }

  async close(): Promise<void> {
    if (this.#state.state === 'closed') return
    const wasOpen = this.#state.state !== 'new' && this.#copy === null
    this.#state = { state: 'closed' }
    this.#exchange.pause()
    await this.#changing.catch(noop)
    await this.#engine?.close()
    this.#exchange.close()
    this.#queue.rejectAll(new AutobeeError('CLOSED', 'the database was closed'))
    await this.#snapshot?.close()
    this.#changes.tell()
    await this.listing.close()
    await this.#store.close()
    if (wasOpen && this.#key) release(this.#o.userStore, this.#key)
  }

  append(
    values: readonly (Uint8Array | null)[],
    options: { optimistic: boolean; ack?: boolean; once?: OnceTag }
  ): Promise<Head> {
    return new Promise((resolve, reject) => {
      const refused = this.#refusal()
      if (refused) return reject(refused)
      const append: Append = {
        values,
        optimistic: options.optimistic,
        ack: !!options.ack,
        extra: null,
        once: options.once ?? null,
        resolve,
        reject
      }
      this.#queue.push(append)
      this.#engine?.cycle.kick()
    })
  }

  /** One cycle that merges what is here. @throws AutobeeError of a failed `apply` or store */
  async update(): Promise<void> {
    await this.#changing
    if (this.#copy && this.#state.state === 'open') return
    const engine = this.#openEngineOrThrow()
    engine.cycle.kick({ force: true })
    await engine.cycle.idle()
    const failure = this.#engine?.cycle.failure ?? (this.#state.state === 'failed' ? this.#state.error : null)
    if (failure) throw failure
  }

  async updated(): Promise<void> {
    await this.#changing
    await this.#engine?.cycle.idle()
  }

  /** @throws AutobeeError `WAITING`, and what {@link update} throws */
  async flush(): Promise<void> {
    const patience = new Patience()
    for (;;) {
      await this.update()
      if (this.#copy) return
      const waiting = expectations(this.#openEngineOrThrow())
      if (waiting.length === 0) return
      patience.check(waiting, { isConnected: this.#exchange.isConnected, progress: this.#progress() })
      await this.#changes.next(FLUSH_LOOK)
    }
  }

  /** Changes whenever something came or was ordered. */
  #progress(): string {
    return `${this.#engine?.linearizer.length}/${this.#engine?.writers.lastNews}`
  }

  /** Another local oplog; see {@link checkRotation} for what it throws. */
  rotate(choice: NonNullable<LocalChoice>): Promise<void> {
    return this.#exclusively(async () => {
      this.#openEngineOrThrow()
      await checkRotation(this.#cores as DatabaseCores, { key: this.#key as Uint8Array, choice })
      await this.#reopen({ local: choice, localFrozen: false, givesUp: true })
    })
  }

  attach(stream: Hypercore.ReplicationStream): void {
    this.#exchange.attach(stream)
  }

  hint(head: Head): void {
    this.#exchange.hint(head)
  }

  async #openEngine(options: { local: LocalChoice; localFrozen: boolean }): Promise<void> {
    const { settings, emit, openView, stats } = this.#o
    const key = this.#key as Uint8Array
    const engine = await Engine.open({
      ...settings,
      ...options,
      cores: this.#cores as DatabaseCores,
      forked: this.#forked,
      key,
      discoveryKey: crypto.discoveryKey(key),
      encrypted: settings.encryptionKey !== null,
      raw: settings.user.raw === true,
      queue: this.#queue,
      stats,
      emit,
      openView: bee => openView(bee as unknown as HyperbeeView),
      closeView: async view => {
        await this.#snapshot?.told()
        await closeView(view as View, { user: settings.user, onerror: error => emit('error', error) })
      },
      apply: (nodes, view, host) => settings.user.apply?.(nodes, view as View, host),
      refusal: append => (append.ack ? null : this.#exchange.clockRefusal),
      onready: from => this.#exchange.tryStrangers(from),
      onreport: report => this.#onreport(report),
      onstale: reason => this.#onstale(reason),
      onfatal: error => this.#fail(error)
    })
    this.#engine = engine
    this.#orderLength = engine.linearizer.length
    this.#snapshot = new Snapshot(engine.bee, {
      since: this.#snapshot?.head,
      openView,
      user: settings.user,
      onerror: error => emit('error', error)
    })
    this.#local = engine.own.oplog.session({ writable: false })
    await this.#local.ready()
    this.#exchange.follow(engine)
    this.#notices.begin(engine, { isBehind: this.#snapshot.isBehind })
  }

  async #reopen({
    givesUp = false,
    ...options
  }: {
    local: LocalChoice
    localFrozen: boolean
    /** Drop the own oplog if it is frozen by a conflict. */
    givesUp?: boolean
  }): Promise<void> {
    this.#exchange.pause()
    await this.#engine?.close()
    await this.#snapshot?.close()
    await this.#local?.close()
    try {
      if (givesUp) await this.#giveUp()
      await this.#openEngine(options)
    } catch (error) {
      this.#fail(
        toAutobeeError(error, { code: 'STORE_FAILED', message: 'the database could not be reopened' })
      )
      throw error
    }
    if (this.#engine) this.#notices.tellWritable(this.#engine)
    this.#exchange.announceLocal()
    this.#engine?.cycle.kick({ force: true })
  }

  async #giveUp(): Promise<void> {
    const given = await giveUpOplog(this.#cores as DatabaseCores, { key: this.#key as Uint8Array })
    // the others' version of it is no fork
    if (given) this.#forked.delete(hexOf(given))
  }

  #onreport(report: CycleReport): void {
    const engine = this.#engine
    if (!engine || this.#state.state === 'closed') return
    if (report.complete) this.#orderLength = engine.linearizer.length
    if (this.#notices.isShownBy(report)) this.#snapshot?.move()
    this.#notices.tell(report, engine)
    // last: whoever reads the order has heard by then that it moved
    if (report.complete) this.#atRest.reached(engine)
    this.#exchange.tell(report, engine)
    this.#changes.tell()
  }

  /** As the order is between two cycles. */
  async #takeAtRest<T>(take: (source: OrderSource) => T): Promise<T> {
    for (;;) {
      await this.#changing
      if (this.#copy && this.#state.state === 'open') return take(this.#copy.order)
      const found = await this.#atRest.look(this.#openEngineOrThrow(), engine => take(engine.order()))
      if (found) return found.taken
    }
  }

  #onstale(reason: 'GROWN' | 'CONFLICT'): void {
    if (this.#state.state === 'new') this.#staleSince = reason
    if (this.#state.state !== 'open') return
    this.#exclusively(() => {
      if (this.#state.state !== 'open') return Promise.resolve()
      const key = this.#engine?.localKey
      return this.#reopen({ local: key ? { key } : null, localFrozen: reason === 'CONFLICT' })
    }).catch(noop)
  }

  #exclusively<T>(run: () => Promise<T>): Promise<T> {
    const next = this.#changing.catch(noop).then(run)
    this.#changing = next.catch(noop)
    return next
  }

  #fail(error: AutobeeError): void {
    if (this.#state.state === 'failed' || this.#state.state === 'closed') return
    this.#state = { state: 'failed', error }
    this.#queue.rejectAll(error)
    this.#o.emit('error', error)
    this.#changes.tell()
  }

  #refusal(): AutobeeError | null {
    if (this.#state.state === 'failed') return this.#state.error
    if (this.#state.state === 'closed') return new AutobeeError('CLOSED', 'the database is closed')
    return this.#copy ? readOnly() : (this.#engine?.cycle.failure ?? null)
  }

  #openEngineOrThrow(): Engine {
    if (this.#state.state === 'failed') throw this.#state.error
    if (this.#state.state === 'open' && this.#copy) throw readOnly()
    if (this.#state.state === 'closed' || !this.#engine) throw notOpen()
    return this.#engine
  }
}

function noop(): void {}
