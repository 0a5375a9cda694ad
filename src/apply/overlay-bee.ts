import b4a from 'b4a'
import type Hyperbee from 'hyperbee2'
import type Hypercore from 'hypercore'
import { Readable } from 'streamx'
import { AutobeeError } from '../errors.ts'
import { Change, type ChangeCursor, keyId, type Overlay } from './overlay.ts'

/** Bytes, or a string that stands for its UTF-8. */
export type Bytes = Uint8Array | string

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

/** An entry as `apply` reads it. One that is not in the tree yet has `core: null, seq: -1, offset: -1`. */
export interface BeeEntry {
  readonly core: Hypercore | null
  readonly seq: number
  readonly offset: number
  readonly key: Uint8Array
  readonly value: Uint8Array
}

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

interface BatchOptions {
  readonly overlay: Overlay
  readonly lock: WriteLock
  readonly assertOpen: () => void
  readonly onclose: (batch: OverlayBatch) => void
}

/**
 * Changes that belong together. Nothing of them shows before `flush()`, which puts them into the overlay in
 * order and at once. Closed by `flush()` or `close()`; then everything but `close()` fails with CLOSED.
 */
export class OverlayBatch {
  readonly #options: BatchOptions
  #changes: Change[] = []
  #clear = false
  #closed = false
  #locked = false
  #locking: Promise<void> | null = null

  /** @internal Made by `OverlayBee.write()`. */
  constructor(options: BatchOptions) {
    this.#options = options
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Throws INVALID_ARGUMENT for a key or value that is neither bytes nor a string. */
  tryPut(key: Bytes, value: Bytes): void {
    this.#assertOpen()
    const id = keyId(toBytes(key, 'key'))
    // A Hyperbee 2 keeps the caller's buffers, which spoils the tree when they are reused before the flush; ours
    // is as late as the end of the chunk. So both are copied, 65 ns each; the key's copy is its id.
    this.#changes.push(new Change(id, ownBytes(value, 'value')))
  }

  tryDelete(key: Bytes): void {
    this.#assertOpen()
    this.#changes.push(new Change(keyId(toBytes(key, 'key')), null))
  }

  /** Forgets what was tried before in this batch, and empties everything below it. */
  tryClear(): void {
    this.#assertOpen()
    this.#changes = []
    this.#clear = true
  }

  /**
   * Waits until no other batch of this bee holds the lock, and takes it until `flush()` or `close()`. For those
   * who read, think and write in several promises at once. A flush waits for the lock too.
   */
  async lock(): Promise<void> {
    this.#assertOpen()
    if (this.#locked) return
    this.#locking ??= this.#options.lock.take(this)
    await this.#locking
    this.#assertOpen()
    this.#locked = true
  }

  /** Without a lock held by another batch it has landed when the call returns, awaited or not. */
  async flush(): Promise<void> {
    this.#assertOpen()
    if (this.#options.lock.heldByOther(this)) await this.lock()
    this.#assertOpen()

    const { overlay } = this.#options
    if (this.#clear) overlay.clearAll()
    for (const change of this.#changes) overlay.add(change)
    this.#close()
  }

  /** Drops what was not flushed. Also gives the lock back, which a Hyperbee 2 batch does not. */
  async close(): Promise<void> {
    if (!this.#closed) this.#close()
  }

  #close(): void {
    this.#closed = true
    this.#changes = []
    this.#options.lock.release(this)
    this.#options.onclose(this)
  }

  #assertOpen(): void {
    if (this.#closed) throw new AutobeeError('CLOSED', 'This batch is closed; make a new one with write().')
    this.#options.assertOpen()
  }
}

/** First come, first served. */
class WriteLock {
  #holder: OverlayBatch | null = null
  #waiting: { readonly batch: OverlayBatch; readonly wake: () => void }[] = []

  heldByOther(batch: OverlayBatch): boolean {
    return this.#holder !== null && this.#holder !== batch
  }

  take(batch: OverlayBatch): Promise<void> {
    if (this.#holder === null) {
      this.#holder = batch
      return Promise.resolve()
    }
    return new Promise(wake => this.#waiting.push({ batch, wake }))
  }

  /** Whether it holds the lock or waits for it. One that waited is woken, to find that it is closed. */
  release(batch: OverlayBatch): void {
    if (this.#holder === batch) {
      const next = this.#waiting.shift()
      this.#holder = next?.batch ?? null
      next?.wake()
      return
    }
    const position = this.#waiting.findIndex(waiter => waiter.batch === batch)
    if (position >= 0) this.#waiting.splice(position, 1)[0]!.wake()
  }
}

interface MergeOptions {
  readonly changes: ChangeCursor
  /** -1: no limit. */
  readonly limit: number
  readonly reverse: boolean
  /** Opens the tree's side; without it there is none. */
  readonly tree?: () => Hypercore.ReadStream<Hyperbee.Entry>
}

/** Overlay and tree in one order. Where both have a key the overlay's counts; its deletions hide the tree's. */
class Merge {
  readonly #changes: ChangeCursor
  readonly #reverse: boolean
  readonly #openTree: (() => Hypercore.ReadStream<Hyperbee.Entry>) | undefined
  #left: number
  #stream: Hypercore.ReadStream<Hyperbee.Entry> | null = null
  #iterator: AsyncIterator<Hyperbee.Entry> | null = null
  /** Next of the tree: undefined when it is to be read yet, null at the end. */
  #head: Hyperbee.Entry | null | undefined
  #headId = ''

  constructor(options: MergeOptions) {
    this.#changes = options.changes
    this.#reverse = options.reverse
    this.#openTree = options.tree
    // Of the negative numbers only -1 means "all", as in Hyperbee.
    this.#left = options.limit === -1 ? Number.POSITIVE_INFINITY : options.limit
    this.#head = options.tree ? undefined : null
  }

  /** Opens the tree's side, which fixes its root. */
  open(): void {
    if (this.#stream !== null || this.#openTree === undefined) return
    this.#stream = this.#openTree()
    // At once, since the iterator is what listens for the stream's error.
    this.#iterator = this.#stream[Symbol.asyncIterator]()
  }

  /** The next entry, null at the end, or undefined when `load()` has to be awaited first. */
  take(): BeeEntry | null | undefined {
    while (this.#left > 0) {
      const head = this.#head
      if (head === undefined) return undefined

      const change = this.#changes.current
      if (change === undefined || (head !== null && this.#treeComesFirst(change))) {
        if (head === null) return null
        this.#head = undefined
        this.#left--
        return withOwnValue(head)
      }

      if (head !== null && change.id === this.#headId) this.#head = undefined
      this.#changes.advance()
      const entry = entryOf(change)
      if (entry === null) continue
      this.#left--
      return entry
    }
    return null
  }

  async load(): Promise<void> {
    this.open()
    const { done, value } = await this.#iterator!.next()
    this.#head = done ? null : this.#identified(value)
  }

  async next(): Promise<BeeEntry | null> {
    let entry = this.take()
    while (entry === undefined) {
      await this.load()
      entry = this.take()
    }
    return entry
  }

  destroy(): void {
    this.#stream?.destroy()
  }

  #identified(entry: Hyperbee.Entry): Hyperbee.Entry {
    if (this.#changes.remaining > 0) this.#headId = keyId(entry.key)
    return entry
  }

  #treeComesFirst(change: Change): boolean {
    return this.#reverse ? this.#headId > change.id : this.#headId < change.id
  }
}

class MergedStream extends Readable {
  readonly #merge: Merge

  constructor(merge: Merge, highWaterMark: number | undefined) {
    // Opens eagerly, as Hyperbee's streams do: a stream shows what was there when it was made, not when it is read.
    super(highWaterMark === undefined ? { eagerOpen: true } : { eagerOpen: true, highWaterMark })
    this.#merge = merge
  }

  override _open(callback: (error: Error | null) => void): void {
    try {
      this.#merge.open()
    } catch (error) {
      callback(error as Error)
      return
    }
    callback(null)
  }

  override async _read(callback: (error: Error | null) => void): Promise<void> {
    try {
      let more = true
      while (more && !this.destroying) {
        let entry = this.#merge.take()
        if (entry === undefined) {
          await this.#merge.load()
          entry = this.#merge.take()
          if (entry === undefined) continue
        }
        more = this.push(entry) && entry !== null
      }
    } catch (error) {
      callback(error as Error)
      return
    }
    callback(null)
  }

  /** At once, so that requests to other peers which are under way are called off. */
  override _predestroy(): void {
    this.#merge.destroy()
  }

  override _destroy(callback: (error: Error | null) => void): void {
    this.#merge.destroy()
    callback(null)
  }
}

/** What `flushOverlay` writes to. */
export type FlushTarget = Pick<Hyperbee, 'head' | 'ready' | 'write'>

/**
 * Writes the overlay into `bee` as one flush, in key order, and resolves to whether the tree has changed. The
 * overlay stays as it is: reset it then. When it fails, memory may be ahead of disk: drop the bee.
 *
 * A put of what the tree has, and a deletion of what it has not, changes nothing; when that goes for all of
 * them, Hyperbee 2 writes no block and its head stays.
 */
export async function flushOverlay(overlay: Overlay, bee: FlushTarget): Promise<boolean> {
  if (overlay.size === 0 && !overlay.cleared) return false
  await bee.ready()

  const before = bee.head()
  const empty = before === null || before.length === 0
  const puts = overlay.size - overlay.deletions

  // Nothing but deletions on an empty tree. Hyperbee 2 would write an empty root when its core is empty, and
  // when it is not (after a `move` to length 0) write nothing but move to a root that claims to be block 0.
  if (empty && puts === 0) return false

  const batch = bee.write()
  try {
    if (overlay.cleared) batch.tryClear()
    for (const change of overlay.entries()) {
      if (change.value !== null) batch.tryPut(change.key, change.value)
      else batch.tryDelete(change.key)
    }
    if (overlay.cleared && puts === 0) {
      // A Hyperbee 2 batch of a sole tryClear writes nothing either and moves to the same false root. With a
      // change that undoes itself, the empty tree becomes a block like any other.
      const nothing = b4a.alloc(0)
      batch.tryPut(nothing, nothing)
      batch.tryDelete(nothing)
    }
    await batch.flush()
  } finally {
    if (!batch.closed) await batch.close()
  }

  const after = bee.head()
  return after !== null && (empty || after.length !== before.length || !b4a.equals(after.key, before.key))
}

function entryOf(change: Change): BeeEntry | null {
  if (change.value === null) return null
  // A copy: `apply` may change what it reads, and neither a rollback nor the next reader may see that.
  return { core: null, seq: -1, offset: -1, key: change.key, value: b4a.from(change.value) }
}

/** The tree's entry, with a value that is not the cache's own. */
function withOwnValue(entry: Hyperbee.Entry): BeeEntry
function withOwnValue(entry: Hyperbee.Entry | null): BeeEntry | null
function withOwnValue(entry: Hyperbee.Entry | null): BeeEntry | null {
  // Hyperbee makes the object anew for each reader, but the value is the cache's: changed in place and put, it
  // would be compared with itself and not be written, on those peers alone that have it cached.
  if (entry?.value) (entry as { value: Uint8Array }).value = b4a.from(entry.value)
  return entry
}

function toBytes(value: unknown, what: string): Uint8Array {
  if (typeof value === 'string') return b4a.from(value)
  if (b4a.isBuffer(value)) return value
  throw new AutobeeError('INVALID_ARGUMENT', `A ${what} must be a Uint8Array or a string.`)
}

/** Bytes that the caller does not hold. */
function ownBytes(value: unknown, what: string): Uint8Array {
  const bytes = toBytes(value, what)
  return bytes === value ? b4a.from(bytes) : bytes
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
