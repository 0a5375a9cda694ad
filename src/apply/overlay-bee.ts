import type Hyperbee from 'hyperbee2'
import type Hypercore from 'hypercore'
import { AutobeeError } from '../errors.ts'
import { type Bytes, ownBytes, toBytes } from './bytes.ts'
import { type BeeEntry, entryOf, withOwnValue } from './entry.ts'
import { Merge, MergedStream } from './merge.ts'
import type { Overlay } from './overlay.ts'
import { OverlayBatch, WriteLock } from './overlay-batch.ts'

/** What is needed of the Hyperbee 2 below the overlay. */
export type BaseBee = Pick<
  Hyperbee,
  | 'cache'
  | 'checkout'
  | 'closed'
  | 'closing'
  | 'context'
  | 'core'
  | 'cores'
  | 'createChangesStream'
  | 'createDiffStream'
  | 'createReadStream'
  | 'download'
  | 'get'
  | 'head'
  | 'off'
  | 'on'
  | 'once'
  | 'opened'
  | 'opening'
  | 'ready'
  | 'snapshot'
  | 'store'
  | 't'
>

/** A range of keys in byte order; `gte` wins over `gt` and `lte` over `lt`. */
export interface BeeRange extends Omit<Hyperbee.RangeOptions, 'gte' | 'gt' | 'lte' | 'lt'> {
  readonly gte?: Bytes | null | undefined
  readonly gt?: Bytes | null | undefined
  readonly lte?: Bytes | null | undefined
  readonly lt?: Bytes | null | undefined
}

export interface OverlayBeeOptions {
  readonly overlay: Overlay
  /** The tree below. It stands still while a chunk runs. */
  readonly base: () => BaseBee
  /** True when nothing may be read or written any more: everything then fails with CLOSED. Default: never. */
  readonly closed?: () => boolean
}

/**
 * The writable Hyperbee that `apply` gets. It reads the overlay and the tree as one and writes to the overlay;
 * the tree gets it all at the end of the chunk, in one flush (`flushOverlay`).
 *
 * Different from a Hyperbee 2: keys, values and bounds may be strings (UTF-8). What is written is copied, so
 * buffers may be reused, and the values that are read are copies, so they may be changed in place (a Hyperbee 2
 * hands out its cache's own, and then drops the put of the changed value as one that changes nothing).
 * `head`, `checkout`, `snapshot` and the diff and changes streams show the tree as of the chunk's start.
 * `undo`, `move`, `update`, `replicate` and writable checkouts fail with NOT_SUPPORTED.
 */
export class OverlayBee {
  readonly #overlay: Overlay
  readonly #base: () => BaseBee
  readonly #closed: () => boolean
  readonly #lock = new WriteLock()
  readonly #batches = new Set<OverlayBatch>()

  constructor(options: OverlayBeeOptions) {
    this.#overlay = options.overlay
    this.#base = options.base
    this.#closed = options.closed ?? (() => false)
  }

  /** The entry of `key`, or null. Throws INVALID_ARGUMENT when `key` is neither bytes nor a string. */
  async get(key: Bytes, options?: Hyperbee.ReadOptions): Promise<BeeEntry | null> {
    this.#assertOpen()
    const bytes = toBytes(key, 'key')
    const change = this.#overlay.lookup(bytes)
    if (change !== undefined) return entryOf(change)
    if (this.#overlay.cleared) return null
    return withOwnValue(await this.#base().get(bytes, options))
  }

  /** The first entry of the range, or null. */
  async peek(range: BeeRange = {}): Promise<BeeEntry | null> {
    const merge = this.#merge({ ...range, limit: 1 })
    try {
      return await merge.next()
    } finally {
      merge.destroy()
    }
  }

  /**
   * The entries of the range, as of this call: what is written while the stream runs does not show in it.
   * Options as of Hyperbee 2 (`gte`, `gt`, `lte`, `lt`, `reverse`, `limit`, `highWaterMark`, `wait`, …).
   */
  createReadStream(range: BeeRange = {}): Hypercore.ReadStream<BeeEntry> {
    const stream: unknown = new MergedStream(this.#merge(range), range.highWaterMark)
    return stream as Hypercore.ReadStream<BeeEntry>
  }

  /**
   * A batch of changes that lands in the overlay, all at once, with its `flush()`.
   *
   * `key`, `length`, `autoUpdate: false` and `compat` would write to some other tree and throw NOT_SUPPORTED.
   * Options about the shape of blocks have no effect: the blocks of a chunk are made in one flush of its own.
   */
  write(options: Hyperbee.WriteOptions = {}): OverlayBatch {
    this.#assertOpen()
    if (options.key || (options.length ?? -1) >= 0 || options.autoUpdate === false || options.compat) {
      throw notSupported('write() with key, length, autoUpdate or compat')
    }
    const batch = new OverlayBatch({
      overlay: this.#overlay,
      lock: this.#lock,
      assertOpen: () => this.#assertOpen(),
      onclose: batch => this.#batches.delete(batch)
    })
    this.#batches.add(batch)
    return batch
  }

  /**
   * Closes the batches that are still open, and with them their locks. To be called after each unit: a flush
   * that nobody waited for must not land in the next unit, where it would land at different places on
   * different peers.
   */
  closeBatches(): void {
    for (const batch of [...this.#batches]) void batch.close()
  }

  /** The head of the tree as of the chunk's start. */
  head(): Hyperbee.Head | null {
    return this.#base().head()
  }

  /** A read-only view of the tree as of the chunk's start. */
  snapshot(): Hyperbee {
    return this.#open().snapshot()
  }

  /** A read-only view of an earlier tree. */
  checkout(options?: { length?: number; key?: Uint8Array | null; writable?: boolean }): Hyperbee {
    if (options?.writable) throw notSupported('A writable checkout')
    return this.#open().checkout(options)
  }

  /** Differences of the tree as of the chunk's start to `right`. */
  createDiffStream(
    right: Hyperbee | OverlayBee,
    options?: Hyperbee.DiffOptions
  ): Hypercore.ReadStream<Hyperbee.Difference> {
    const tree = right instanceof OverlayBee ? right.snapshot() : right
    return this.#open().createDiffStream(tree, options)
  }

  /** The flushes that made the tree as of the chunk's start, newest first. */
  createChangesStream(options?: Hyperbee.ChangesOptions): Hypercore.ReadStream<Hyperbee.Change> {
    return this.#open().createChangesStream(options)
  }

  /** Resolves when the blocks of the range, in the tree as of the chunk's start, are here. */
  download(range: BeeRange = {}): Promise<void> {
    return this.#open().download(toTreeRange(range))
  }

  /** Keys of the cores that the tree is spread over. */
  cores(options?: Hyperbee.ReadOptions & { local?: boolean }): Promise<Uint8Array[]> {
    return this.#open().cores(options)
  }

  ready(): Promise<void> {
    return this.#base().ready()
  }

  /** Does nothing: the tree is the database's, which closes it. */
  async close(): Promise<void> {}

  undo(): never {
    throw notSupported('undo()')
  }

  move(): never {
    throw notSupported('move()')
  }

  update(): never {
    throw notSupported('update()')
  }

  replicate(): never {
    throw notSupported('replicate()')
  }

  // A view that `open(bee, db)` makes may listen to its bee; what happens happens to the tree.

  on(event: keyof Hyperbee.Events, listener: () => void): this {
    this.#base().on(event, listener)
    return this
  }

  once(event: keyof Hyperbee.Events, listener: () => void): this {
    this.#base().once(event, listener)
    return this
  }

  off(event: keyof Hyperbee.Events, listener: () => void): this {
    this.#base().off(event, listener)
    return this
  }

  get core(): Hypercore {
    return this.#base().core
  }

  get context(): Hyperbee.Context {
    return this.#base().context
  }

  get cache(): Hyperbee.Cache {
    return this.#base().cache
  }

  get store(): Hyperbee['store'] {
    return this.#base().store
  }

  /** Degree of the tree. */
  get t(): number {
    return this.#base().t
  }

  get view(): boolean {
    return false
  }

  get writable(): boolean {
    return true
  }

  get opened(): boolean {
    return this.#base().opened
  }

  get opening(): Promise<void> | null {
    return this.#base().opening
  }

  get closed(): boolean {
    return this.#closed() || this.#base().closed
  }

  get closing(): Promise<void> | null {
    return this.#base().closing
  }

  #merge(range: BeeRange): Merge {
    this.#assertOpen()
    const tree = toTreeRange(range)
    const changes = this.#overlay.entries(tree)
    const limit = range.limit ?? -1
    const nothing = limit !== -1 && !(limit > 0)
    if (this.#overlay.cleared || nothing) return new Merge({ changes, limit, reverse: tree.reverse })

    // Not more of the tree than can come out, or Hyperbee reads ahead in vain, perhaps from other peers: an
    // overwritten entry comes out as well, only deletions make one more necessary.
    if (limit > 0) tree.limit = limit + Math.min(changes.remaining, this.#overlay.deletions)
    const base = this.#base()
    return new Merge({
      changes,
      limit,
      reverse: tree.reverse,
      tree: () => base.createReadStream(tree)
    })
  }

  #open(): BaseBee {
    this.#assertOpen()
    return this.#base()
  }

  #assertOpen(): void {
    if (this.#closed())
      throw new AutobeeError('CLOSED', 'This view can be used while its apply runs, not later.')
  }
}

interface TreeRange extends Hyperbee.RangeOptions {
  reverse: boolean
}

function toTreeRange(range: BeeRange): TreeRange {
  const { gte, gt, lte, lt, reverse, ...options } = range
  const tree: TreeRange = { ...options, reverse: reverse === true }
  if (gte != null) tree.gte = ownBytes(gte, 'bound')
  else if (gt != null) tree.gt = ownBytes(gt, 'bound')
  if (lte != null) tree.lte = ownBytes(lte, 'bound')
  else if (lt != null) tree.lt = ownBytes(lt, 'bound')
  return tree
}

function notSupported(what: string): AutobeeError {
  return new AutobeeError('NOT_SUPPORTED', `${what} is not possible on the view that apply gets.`)
}
