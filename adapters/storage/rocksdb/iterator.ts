import { Readable } from 'streamx'
import type { KeyValueCursor, KeyValueRange } from '../key-value.ts'
import { after, type Binary, copyIn, copyOut } from './bytes.ts'
import type { ReadHandle } from './read-batch.ts'

export interface RangeOptions {
  gt?: Binary | null
  gte?: Binary | null
  lt?: Binary | null
  lte?: Binary | null
  reverse?: boolean
  /** Entries; negative: all. Default all. */
  limit?: number
}

type Done = (error: Error | null) => void

/** Entries asked of the store at once: few at first, as many ranges are short. */
const PAGE = { first: 16, most: 256 }

/**
 * The entries of a range, as a stream of `{ key, value }` whose bytes are the reader's own. The view is that of the
 * session's snapshot, or of the first read.
 */
export class RangeIterator extends Readable {
  readonly #handle: ReadHandle
  readonly #range: KeyValueRange
  #cursor: KeyValueCursor | null = null
  #left: number
  #page = PAGE.first

  constructor(handle: ReadHandle, { limit = -1, ...options }: RangeOptions) {
    super()
    this.#handle = handle
    this.#range = rangeOf(options)
    this.#left = limit < 0 ? Number.POSITIVE_INFINITY : limit
  }

  override _open(done: Done): void {
    const { snapshot, state } = this.#handle
    const open = async () => {
      this.#cursor = (snapshot ?? state.store).entries(this.#range)
    }
    state.run(open).then(() => done(null), done)
  }

  override _read(done: Done): void {
    this.#next().then(() => done(null), done)
  }

  override _destroy(done: Done): void {
    this.#cursor?.close()
    this.#handle.release()
    done(null)
  }

  async #next(): Promise<void> {
    const cursor = this.#cursor
    const limit = Math.min(this.#page, this.#left)
    this.#page = Math.min(this.#page * 2, PAGE.most)
    const entries = cursor && limit > 0 ? await this.#handle.state.run(() => cursor.next(limit)) : []
    this.#left -= entries.length
    for (const { key, value } of entries) this.push({ key: copyOut(key), value: copyOut(value) })
    if (entries.length === 0 || this.#left === 0) this.push(null)
  }
}

/** Where both bounds of a side are given, the inclusive one counts. No bytes are no bound, as in the binding. */
function rangeOf({ gt, gte, lt, lte, reverse = false }: RangeOptions): KeyValueRange {
  return {
    start: gte?.length ? copyIn(gte) : gt?.length ? after(copyIn(gt)) : undefined,
    end: lte?.length ? after(copyIn(lte)) : lt?.length ? copyIn(lt) : undefined,
    reverse
  }
}
