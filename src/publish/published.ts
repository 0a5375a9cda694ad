import b4a from 'b4a'
import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import { storeError } from '../engine/atomic.ts'
import { AutobeeError } from '../errors.ts'
import type { AutobeeEvents, TypedEmitter } from '../events.ts'
import { tell, typedEmitter } from '../events.ts'
import { hexOf } from '../keys.ts'
import type { HyperbeeView } from '../view.ts'
import type { MarkedHead } from './mark.ts'
import { comparison, differences, everything, type Operation } from './operations.ts'
import type { PublishSettings } from './options.ts'
import { Tail } from './tail.ts'
import { type StepLimits, Target } from './target.ts'

/** The part of an Autobee that is published from. */
export interface PublishSource extends TypedEmitter<AutobeeEvents> {
  readonly key: Uint8Array | null
  readonly store: Corestore
  readonly local: Hypercore
  readonly bee: HyperbeeView
  readonly closed: boolean
  ready(): Promise<void>
  updated(): Promise<void>
}

/** What a {@link Published} tells. */
export interface PublishedEvents {
  /** A state of the view is published, on disk, and offered to readers. `length`: the core's. */
  update: [{ length: number }]
  /**
   * Nothing more is published until the database changes again, or `updated()` is called: `STORE_FULL`, `STORE_FAILED`,
   * `APPLY_FAILED` (`map` threw), `ENTRY_TOO_LARGE`. After `CONFLICT`, `STORE_CLOSED`, and when it could not be opened, it is closed.
   */
  error: [AutobeeError]
  /** Once. */
  close: []
}

/** How the next step begins. */
type Plan =
  /** What is published is as these states of the view have it. */
  | { readonly kind: 'differences'; readonly heads: readonly MarkedHead[]; readonly length: number }
  /** It is not known what is published: look. */
  | { readonly kind: 'compare'; readonly length: number }
  /** What is published cannot be read. */
  | { readonly kind: 'anew' }

/** More states than this under way: they are compared. */
const MOST_HEADS = 4
/** A step that fails because the database was opened anew under it is tried again so often. */
const RETRIES = 3

export interface PublishedParts {
  readonly db: PublishSource
  readonly settings: PublishSettings
  readonly limits: StepLimits
  /** Resolves when nobody else publishes under that name; returns what gives it free. */
  claim(id: string): Promise<() => void>
}

/**
 * The merged view of a database as an ordinary Hyperbee 1 in one core of its store. Made by `publish`.
 *
 * 1. A reader sees states of the view only, each as a whole, in order (but see docs: a step of more than 16,384 blocks or
 *    16 MiB is seen growing).
 * 2. What a reader may have seen is on disk here.
 * 3. After a crash it goes on from what it finds: only differences are written.
 */
export class Published extends typedEmitter<PublishedEvents>() {
  readonly #o: PublishedParts
  readonly #ready: Promise<void>
  #store: Corestore | null = null
  #target: Target | null = null
  #tail: Tail | null = null
  #plan: Plan = { kind: 'compare', length: 0 }
  #published: MarkedHead | null = null
  #core: Hypercore | null = null
  #release: (() => void) | null = null
  #running: Promise<void> = Promise.resolve()
  #queued: Promise<void> | null = null
  #failures = 0
  #closing: Promise<void> | null = null

  /** @internal Made by `publish`. */
  constructor(parts: PublishedParts) {
    super()
    this.#o = parts
    this.#ready = this.#open()
    this.#ready.catch(noop)
  }

  /** What readers need; null until `ready()`. */
  get key(): Uint8Array | null {
    return this.#core?.key ?? null
  }

  /** {@link key} as z-base-32; null until `ready()`. */
  get id(): string | null {
    return this.#core?.id ?? null
  }

  /** The published core, read-only; null until `ready()`. */
  get core(): Hypercore | null {
    return this.#core
  }

  get closed(): boolean {
    return this.#closing !== null
  }

  /**
   * Resolves when the core is open and its key is known; its content may be old then, see {@link updated}.
   * @throws AutobeeError `ALREADY_PUBLISHED`, `ENCRYPTION_KEY_MISMATCH`, `INVALID_OPTIONS` (an encrypted database, and
   *   nothing said of encryption), `STORE_READONLY`, `CLOSED`, and what `db.ready()` throws
   */
  ready(): Promise<void> {
    return this.#ready
  }

  /**
   * Resolves when all that the view has now is published.
   * @throws AutobeeError what the event `error` tells, and `CLOSED`
   */
  async updated(): Promise<void> {
    await this.#ready
    if (this.#closing) throw closed()
    await this.#next()
  }

  /** Ends publishing, in the middle of a step as well; the next opening goes on. Idempotent. The store stays open. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #open(): Promise<void> {
    const { db, settings, limits, claim } = this.#o
    try {
      await db.ready()
      const { store } = db
      if (store.readOnly || store.storage.readOnly) {
        throw new AutobeeError('STORE_READONLY', 'the store was opened read-only')
      }
      if (settings.encryptionKey === undefined && db.local.encryption !== null) {
        const how = 'the database is encrypted: give an encryptionKey, or null to publish it for all to read'
        throw new AutobeeError('INVALID_OPTIONS', how)
      }
      const name = `autobee/${hexOf(db.key as Uint8Array)}/published/${settings.name}`
      this.#release = await claim(`${hexOf(store.ns)}/${name}`)
      if (this.#closing) throw closed()
      this.#store = store.session({ namespace: store.ns, writable: true })
      await this.#store.ready()
      const encryptionKey = settings.encryptionKey ?? null
      this.#target = await Target.open(this.#store, { name, encryptionKey, limits })
      this.#tail = new Tail(this.#target.core)
      this.#plan = await this.#readPlan(this.#target)
      this.#core = this.#target.core.session({ writable: false })
      await this.#core.ready()
    } catch (error) {
      const failure = toFailure(error)
      if (!this.#closing) {
        tell<PublishedEvents, 'error'>(this, 'error', failure)
        queueMicrotask(() => void this.close())
      }
      throw failure
    }
    this.#target.core.on('conflict', this.#onconflict)
    this.#target.core.on('close', this.#oncoreclose)
    this.#target.core.on('append', this.#onappend)
    db.on('update', this.#onupdate)
    db.on('close', this.#ondbclose)
    if (db.closed) this.#ondbclose()
    else this.#onupdate()
  }

  async #close(): Promise<void> {
    const { db } = this.#o
    db.off('update', this.#onupdate)
    db.off('close', this.#ondbclose)
    await this.#ready.catch(noop)
    db.off('update', this.#onupdate)
    db.off('close', this.#ondbclose)
    this.#tail?.stop()
    await this.#running
    await this.#queued?.catch(noop)
    this.#target?.core.off('conflict', this.#onconflict)
    this.#target?.core.off('close', this.#oncoreclose)
    this.#target?.core.off('append', this.#onappend)
    // the store may have been closed first
    await Promise.allSettled([this.#target?.close(), this.#core?.close()])
    await this.#store?.close().catch(noop)
    this.#release?.()
    this.emit('close')
  }

  readonly #onupdate = () => {
    // the event `error` tells of a failure
    if (!this.#closing) this.#next().catch(noop)
  }

  /** A tail that was lost here came back: readers are to see the view again. */
  readonly #onappend = () => {
    if (this.#target?.isStale) this.#onupdate()
  }

  readonly #ondbclose = () => void this.close()

  readonly #oncoreclose = () =>
    this.#end(new AutobeeError('STORE_CLOSED', 'the store was closed before the database'))

  readonly #onconflict = () =>
    this.#end(
      new AutobeeError(
        'CONFLICT',
        'readers have another version of the published core; publish under another name'
      )
    )

  #end(error: AutobeeError): void {
    if (this.#closing) return
    tell<PublishedEvents, 'error'>(this, 'error', error)
    void this.close()
  }

  /** The step that begins from now on: at most one runs and one waits, however much changes. */
  #next(): Promise<void> {
    this.#queued ??= this.#running.then(() => {
      this.#queued = null
      const step = this.#step()
      this.#running = step.catch(noop)
      return step
    })
    return this.#queued
  }

  async #step(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      if (this.#closing) throw closed()
      try {
        const length = await this.#publish()
        this.#failures = 0
        if (length !== null) tell<PublishedEvents, 'update'>(this, 'update', { length })
        return
      } catch (error) {
        const failure = toFailure(error)
        if (this.#closing) throw closed()
        await this.#recover(failure)
        const isPassing = failure.code === 'WAITING' || failure.code === 'STORE_CLOSED'
        if (isPassing && attempt < RETRIES && !this.#o.db.closed) {
          // it may be opening its cores anew (`setLocal`)
          await this.#o.db.updated()
          continue
        }
        tell<PublishedEvents, 'error'>(this, 'error', failure)
        throw failure
      }
    }
  }

  /** Back to what is stored. Where that is of no use either, all is compared. */
  async #recover(failure: AutobeeError): Promise<void> {
    const target = this.#target as Target
    this.#failures++
    try {
      await target.reset()
      this.#plan = await this.#readPlan(target)
    } catch {
      // the store is gone: what failed says so
      return
    }
    const isStore = failure.code.startsWith('STORE_') || failure.code === 'WAITING'
    if (this.#failures < 2 || isStore) return
    const { length } = target.core
    this.#plan = this.#failures < 4 ? { kind: 'compare', length } : this.#plan
  }

  async #readPlan(target: Target): Promise<Plan> {
    this.#published = null
    // none where blocks are missing, which the tree perhaps needs: who reads all of it finds out
    const mark = await target.readMark()
    const { length } = target.core
    const isKnown = mark && mark.heads.length > 0 && mark.mapVersion === this.#o.settings.mapVersion
    if (!isKnown) return { kind: 'compare', length: mark?.length ?? length }
    return { kind: 'differences', heads: mark.heads, length: mark.length }
  }

  /** One step; returns the core's length, null when nothing was to do. */
  async #publish(): Promise<number | null> {
    const { settings, db } = this.#o
    const target = this.#target as Target
    const to = (settings.bee?.() ?? db.bee).snapshot()
    const head = await markedHead(to)
    await this.#tail?.fetch()
    if (target.isStale) {
      await target.reset()
      this.#plan = await this.#readPlan(target)
    }
    if (this.#published && sameHead(this.#published, head)) return null
    const from = target.core.length
    const write = async () => {
      const { operations, heads } = await this.#begin(to)
      await target.write(operations, {
        isStopped: () => this.#closing !== null,
        onpart: async () => {
          // each key is as one of them has it, or nothing is known of it
          const all = heads.length > 0 && heads.length < MOST_HEADS ? [...heads, head] : []
          await target.commit({ heads: all, mapVersion: settings.mapVersion })
        }
      })
    }
    try {
      await write()
    } catch (error) {
      if (!isUnreadable(error)) throw error
      // blocks of it are not in this store, or are no tree: its readers may have them, but it can do without
      await target.reset()
      this.#plan = { kind: 'anew' }
      await write()
    }
    await target.ensureHeader()
    await target.commit({ heads: [head], mapVersion: settings.mapVersion })
    this.#published = head
    this.#plan = { kind: 'differences', heads: [head], length: target.length }
    return target.core.length > from ? target.core.length : null
  }

  async #begin(
    to: HyperbeeView
  ): Promise<{ operations: AsyncIterable<Operation>; heads: readonly MarkedHead[] }> {
    const { map } = this.#o.settings
    const target = this.#target as Target
    const plan = this.#plan
    const length = plan.kind === 'anew' ? 0 : plan.length
    if (target.length > length && target.length > 0) await target.graft(length)
    if (plan.kind === 'anew' || target.length === 0) return { operations: everything(to, map), heads: [] }
    const from = plan.kind === 'differences' ? await statesOf(plan.heads, to) : null
    if (from && plan.kind === 'differences') {
      return { operations: differences(from, { to, map }), heads: plan.heads }
    }
    return {
      operations: comparison(
        target.entries(length, () => this.#closing !== null),
        { to, map }
      ),
      heads: []
    }
  }
}

/** The states that those heads are of; null when one of them is not in the view's core any more. */
async function statesOf(heads: readonly MarkedHead[], to: HyperbeeView): Promise<HyperbeeView[] | null> {
  for (const head of heads) {
    if (!b4a.equals(head.key, to.core.key) || head.length > to.core.length) return null
    if (!b4a.equals(head.hash, await hashOf(to, head.length))) return null
  }
  return heads.map(({ length }) => to.checkout({ length }))
}

async function markedHead(bee: HyperbeeView): Promise<MarkedHead> {
  const length = bee.head()?.length ?? 0
  return { key: bee.core.key, length, hash: await hashOf(bee, length) }
}

function hashOf(bee: HyperbeeView, length: number): Promise<Uint8Array> | Uint8Array {
  return length === 0 ? b4a.alloc(32) : bee.core.treeHash(length)
}

function sameHead(a: MarkedHead, b: MarkedHead): boolean {
  return a.length === b.length && b4a.equals(a.key, b.key) && b4a.equals(a.hash, b.hash)
}

/** Did Hyperbee find no tree to go on with? What fails to be written, and what is thrown here, is an AutobeeError. */
function isUnreadable(error: unknown): boolean {
  return !AutobeeError.is(error) && toFailure(error).code === 'STORE_FAILED'
}

function toFailure(error: unknown): AutobeeError {
  const code = (error as { code?: unknown } | null)?.code
  if (code !== 'SESSION_CLOSED' && code !== 'REQUEST_CANCELLED') return storeError(error)
  return new AutobeeError('STORE_CLOSED', 'the cores were closed while they were read', { cause: error })
}

function closed(): AutobeeError {
  return new AutobeeError('CLOSED', 'publishing was closed')
}

function noop(): void {}
