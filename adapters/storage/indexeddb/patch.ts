import type { KeyValueOperation } from '../key-value.ts'
import { type SortedMap, sortedMap } from '../sorted-map.ts'
import { textOf } from './bytes.ts'
import { Intervals } from './intervals.ts'

type Points = SortedMap<string, Old>

/** A value, null for none; of a key that is about to be overwritten, known when that transaction has read it. */
export class Old {
  /** Resolves, never rejects, when the write has come to its end. */
  readonly settled: Promise<void> | null
  #value: Uint8Array | null | undefined
  #isVoid = false

  constructor(value: Uint8Array | null | undefined, settled: Promise<void> | null = null) {
    this.#value = value
    this.settled = settled
  }

  /** undefined: not known yet. */
  get value(): Uint8Array | null | undefined {
    return this.#value
  }

  /** The write failed before it was known: the key holds what it held. */
  get isVoid(): boolean {
    return this.#isVoid
  }

  learn(value: Uint8Array | null): void {
    this.#value = value
  }

  giveUp(): void {
    if (this.#value === undefined) this.#isVoid = true
  }
}

/** Entries of a range that was deleted, too many for memory; in the object store `undo` under this number. */
export interface Spill {
  readonly number: number
}

/** Where to find the value of a key. */
export type Found = Old | Spill

/** In a range that is empty but for the points that are known. */
const ABSENT = new Old(null)

/** What is known of some keys and ranges, over what the object store of the entries holds. */
export interface Patch {
  readonly points: Points
  /** Ranges of which all is known: it is in `points` (null), or on disk. */
  readonly ranges: Intervals<Spill | null>
  /** undefined: the patch says nothing of the key. */
  find(key: string): Found | undefined
}

/** What commits overwrote: who is first says what was there. See `Undo`. */
export class FirstWins implements Patch {
  readonly points: Points = sortedMap<string, Old>()
  readonly ranges = new Intervals<Spill | null>()

  get isEmpty(): boolean {
    return this.points.isEmpty && this.ranges.isEmpty
  }

  find(key: string): Found | undefined {
    return findIn(this, key)
  }

  note(key: string, old: Old): void {
    if (!this.find(key)) this.points.set(key, old)
  }
}

/** What commits wrote and what is in the log, until it is among the entries: who is last says what is there. */
export class LastWins implements Patch {
  readonly points: Points
  readonly ranges: Intervals<null>
  #bytes = 0
  #copy: Patch | null = null

  constructor() {
    this.points = sortedMap<string, Old>()
    this.ranges = new Intervals<null>()
  }

  get isEmpty(): boolean {
    return this.points.isEmpty && this.ranges.isEmpty
  }

  /** Bytes of keys and values, also of those that were deleted with a range since. */
  get bytes(): number {
    return this.#bytes
  }

  find(key: string): Found | undefined {
    return findIn(this, key)
  }

  apply(operations: readonly KeyValueOperation[]): void {
    this.#copy = null
    for (const operation of operations) {
      if (operation.type === 'put') {
        this.#set(textOf(operation.key), new Old(operation.value))
      } else if (operation.type === 'delete') this.#set(textOf(operation.key), ABSENT)
      else this.#deleteRange(textOf(operation.start), textOf(operation.end))
    }
  }

  /** As it is now. Costs nothing until the next commit, and then a few nodes of the tree. */
  copy(): Patch {
    if (this.#copy) return this.#copy
    const points = this.points.clone()
    const ranges = this.ranges.clone()
    const copy: Patch = { points, ranges, find: key => findIn(copy, key) }
    this.#copy = copy
    return copy
  }

  #set(key: string, old: Old): void {
    const last = this.points.get(key)
    this.#bytes += (old.value?.length ?? 0) - (last?.value?.length ?? 0) + (last ? 0 : key.length)
    this.points.set(key, old)
  }

  #deleteRange(start: string, end: string): void {
    if (start >= end) return
    this.points.deleteRange(start, end, false)
    this.ranges.fill({ start, end, source: null })
    this.#bytes += start.length + end.length
  }
}

function findIn({ points, ranges }: Pick<Patch, 'points' | 'ranges'>, key: string): Found | undefined {
  const old = points.get(key)
  if (old && !old.isVoid) return old
  const range = ranges.isEmpty ? undefined : ranges.find(key)
  return range && (range.source ?? ABSENT)
}
