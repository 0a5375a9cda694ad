import { AutobeeError } from '../../../src/index.ts'
import type { KeyValueCursor, KeyValueEntry, KeyValueRange } from '../key-value.ts'
import { bytesOf, checkBound, textOf } from './bytes.ts'
import { type Row, readPage } from './pages.ts'
import { Old, type Spill } from './patch.ts'
import { type Bounds, keyRange, STORES } from './requests.ts'
import { readSpill } from './spills.ts'
import type { View } from './undo.ts'

/** Rows and bytes of a page: a long one makes other reads wait. What rows weigh is known after the first page. */
const PAGE = { first: 32, most: 1024, bytes: 1024 * 1024 }

/** What a cursor needs of its store. */
export interface CursorHost {
  readonly database: IDBDatabase
  /** Runs a read, again if the connection had to be opened anew. */
  run<T>(read: () => Promise<T>): Promise<T>
  /** Resolves when the store is known to be this owner's still; rejects for good when it is not. */
  verified(): Promise<void>
  closedError(): AutobeeError
  /** Called once, when the cursor needs its view no more. */
  onEnd(cursor: Cursor): void
}

/** Sources of one stretch of keys: whoever was asked for `count` rows and has as many, may have more beyond its last. */
interface Stretch {
  readonly stored: readonly Row[]
  readonly spilled: ReadonlyMap<Spill, readonly Row[]>
  readonly noted: readonly (readonly string[])[]
  readonly count: number
}

/** The entries of a range as a snapshot holds them: those in the database, with what the patches of its view say put over them. */
export class Cursor implements KeyValueCursor {
  readonly view: View
  readonly #host: CursorHost
  readonly #reverse: boolean
  #lower: string | null
  #isLowerOpen = false
  #upper: string | null
  #rows = PAGE.first
  #state: 'ready' | 'running' | 'done' | 'closed' = 'ready'

  constructor(host: CursorHost, view: View, { start, end, reverse = false }: KeyValueRange) {
    this.view = view
    this.#host = host
    this.#reverse = reverse
    this.#lower = start ? textOf(start) : null
    this.#upper = end ? textOf(end) : null
  }

  async next(limit: number): Promise<readonly KeyValueEntry[]> {
    if (!Number.isInteger(limit) || limit < 1)
      throw new AutobeeError('INVALID_ARGUMENT', 'the limit of a page is a whole number from 1')
    if (this.#state === 'running')
      throw new AutobeeError('INVALID_ARGUMENT', 'a cursor takes one call at a time')
    if (this.#state === 'closed') throw this.#host.closedError()
    if (this.#state === 'done') return []
    this.#state = 'running'
    try {
      for (;;) {
        const page = await this.#host.run(() => this.#page(limit))
        if (this.#isClosed()) throw this.#host.closedError()
        if (page.rows.length > 0 || page.isLast) {
          if (page.isLast) this.#end('done')
          return page.rows.map(({ key, value }) => ({ key, value }))
        }
      }
    } finally {
      if (this.#state === 'running') this.#state = 'ready'
    }
  }

  close(): void {
    this.#end('closed')
  }

  #end(state: 'done' | 'closed'): void {
    if (this.#state === 'ready' || this.#state === 'running') this.#host.onEnd(this)
    this.#state = state
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  async #page(limit: number): Promise<{ rows: readonly Row[]; isLast: boolean }> {
    const count = Math.min(limit, this.#rows)
    const options = { count, reverse: this.#reverse }
    const bounds = this.#bounds()
    const stored = await readPage(this.#host.database, STORES.entries, {
      ...options,
      range: keyRange(bounds)
    })
    const spilled = new Map<Spill, readonly Row[]>()
    let isVerified = true
    // what was stored when it was read, and was overwritten since, is noted by now: later notes are as good as earlier ones
    for (;;) {
      const spill = this.#spills().find(spill => !spilled.has(spill))
      const pending = spill ? null : this.#pending({ stored, count })
      if (spill) {
        spilled.set(spill, await readSpill(this.#host.database, spill, { ...options, bounds }))
        isVerified = false
      } else if (pending) await pending
      else if (!isVerified) {
        // read later than the rest: the next owner throws spills away
        await this.#host.verified()
        isVerified = true
      } else return this.#take({ stored, spilled, noted: this.#noted(count), count }, limit)
      if (this.#isClosed()) throw this.#host.closedError()
    }
  }

  /** Puts the sources together as far as all of them reach. */
  #take(stretch: Stretch, limit: number): { rows: readonly Row[]; isLast: boolean } {
    const { stored, spilled, noted, count } = stretch
    const find = (key: string) => this.view.find(key)
    const rows = new Map<string, Row>()
    for (const row of stored) if (!find(row.text)) rows.set(row.text, row)
    for (const text of noted.flat()) {
      const old = find(text)
      if (old instanceof Old && old.value) rows.set(text, { text, key: bytesOf(text), value: old.value })
    }
    for (const [spill, its] of spilled)
      for (const row of its) if (find(row.text) === spill) rows.set(row.text, row)

    const ends = [stored.map(({ text }) => text), ...noted]
    for (const its of spilled.values()) ends.push(its.map(({ text }) => text))
    const reached = ends.flatMap(keys => (keys.length < count ? [] : [keys.at(-1) as string]))
    const bound = reached.sort((a, b) => this.#compare(a, b))[0]
    const inOrder = [...rows.values()]
      .filter(({ text }) => bound === undefined || this.#compare(text, bound) <= 0)
      .sort((a, b) => this.#compare(a.text, b.text))
    const taken = inOrder.slice(0, limit)
    const isCut = taken.length < inOrder.length
    this.#moveTo(isCut ? taken.at(-1)?.text : bound)
    this.#weigh(taken)
    return { rows: taken, isLast: !isCut && bound === undefined }
  }

  #moveTo(key: string | undefined): void {
    if (key === undefined) return
    if (this.#reverse) this.#upper = key
    else {
      this.#lower = key
      this.#isLowerOpen = true
    }
  }

  #weigh(rows: readonly Row[]): void {
    const bytes = rows.reduce((sum, { key, value }) => sum + key.length + value.length, 1)
    const fitting = Math.floor((PAGE.bytes * Math.max(1, rows.length)) / bytes)
    this.#rows = Math.max(1, Math.min(fitting, this.#rows * 4, PAGE.most))
  }

  #bounds(): Bounds {
    return {
      lower: this.#lower === null ? undefined : bytesOf(this.#lower),
      upper: this.#upper === null ? undefined : bytesOf(this.#upper),
      isLowerOpen: this.#isLowerOpen
    }
  }

  #spills(): Spill[] {
    const spills = new Set<Spill>()
    for (const { ranges } of this.view.patches())
      for (const { source } of ranges.overlapping(this.#lower, this.#upper)) if (source) spills.add(source)
    return [...spills]
  }

  /** A commit that runs has yet to learn what a key held. */
  #pending({ stored, count }: { stored: readonly Row[]; count: number }): Promise<void> | null {
    const keys = [...stored.map(({ text }) => text), ...this.#noted(count).flat()]
    for (const key of keys) {
      const old = this.view.find(key)
      if (old instanceof Old && old.value === undefined) return old.settled
    }
    return null
  }

  /** Of each patch, the next keys that it knows. */
  #noted(count: number): string[][] {
    const noted: string[][] = []
    for (const { points } of this.view.patches()) {
      if (points.isEmpty) continue
      const keys: string[] = []
      const entries = this.#reverse
        ? points.entriesReversed(this.#upper ?? undefined, undefined, true)
        : points.entries(this.#lower ?? undefined)
      for (const [key] of entries) {
        if (this.#isBehind(key)) continue
        if (this.#isBeyond(key) || keys.length === count) break
        keys.push(key)
      }
      noted.push(keys)
    }
    return noted
  }

  /** Before the stretch; the tree may begin with the bound itself. */
  #isBehind(key: string): boolean {
    if (this.#reverse) return this.#upper !== null && key >= this.#upper
    return this.#lower !== null && (this.#isLowerOpen ? key <= this.#lower : key < this.#lower)
  }

  #isBeyond(key: string): boolean {
    if (this.#reverse) return this.#lower !== null && key < this.#lower
    return this.#upper !== null && key >= this.#upper
  }

  #compare(a: string, b: string): number {
    if (a === b) return 0
    return a < b !== this.#reverse ? -1 : 1
  }
}

/** @throws AutobeeError `INVALID_ARGUMENT` */
export function checkRange(range: KeyValueRange): void {
  if (typeof range !== 'object' || range === null)
    throw new AutobeeError('INVALID_ARGUMENT', 'a range is an object, such as { start, end }')
  if (range.start !== undefined) checkBound(range.start)
  if (range.end !== undefined) checkBound(range.end)
}
