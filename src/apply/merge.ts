import type Hyperbee from 'hyperbee2'
import type Hypercore from 'hypercore'
import { Readable } from 'streamx'
import { type BeeEntry, entryOf, withOwnValue } from './entry.ts'
import { type Change, type ChangeCursor, keyId } from './overlay.ts'

interface MergeOptions {
  readonly changes: ChangeCursor
  /** -1: no limit. */
  readonly limit: number
  readonly reverse: boolean
  /** Opens the tree's side; without it there is none. */
  readonly tree?: () => Hypercore.ReadStream<Hyperbee.Entry>
}

/** Overlay and tree in one order. Where both have a key the overlay's counts; its deletions hide the tree's. */
export class Merge {
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

export class MergedStream extends Readable {
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
