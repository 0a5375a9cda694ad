import module from 'sorted-btree'
import { Intervals } from './intervals.ts'

// CommonJS that says it was a module: Node gives its exports as the default import, some bundlers its default export
const BTree = module.default ?? (module as unknown as typeof module.default)

/** What a key held before a commit: known when the transaction that overwrites it has read it. */
export class Old {
  /** Resolves, never rejects, when the commit has come to its end. */
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

  /** The commit failed before it was known: the key holds what it held. */
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

/** Where to find what a snapshot holds at a key. */
export type Found = Old | Spill

/** In a range whose entries were all noted, and not among them. */
const ABSENT = new Old(null)

/**
 * What commits overwrote from one snapshot to the next newer one: of each key the first value, which is what the snapshot
 * holds. An older snapshot looks here too, after its own.
 */
export class Segment {
  readonly points = new BTree<string, Old>(undefined, compare)
  /** Ranges all of whose entries are in `points` (null), or on disk. */
  readonly ranges = new Intervals<Spill | null>()
  readonly spills = new Set<Spill>()
  /** Snapshots, their cursors and running reads. */
  uses = 0
  older: Segment | null = null
  newer: Segment | null = null

  get isEmpty(): boolean {
    return this.points.isEmpty && this.ranges.isEmpty
  }

  find(key: string): Found | undefined {
    const old = this.points.get(key)
    if (old && !old.isVoid) return old
    const range = this.ranges.find(key)
    return range && (range.source ?? ABSENT)
  }

  note(key: string, old: Old): void {
    if (!this.find(key)) this.points.set(key, old)
  }
}

/**
 * The undo overlay: snapshots cost nothing until a commit overwrites something, and then what was overwritten. A chain of
 * segments, one per snapshot since the one before which something was committed.
 */
export class Undo {
  readonly #free: (spill: Spill) => void
  #newest: Segment | null = null

  /** `free` is called once for each spill, when nobody can ask for it any more. */
  constructor(free: (spill: Spill) => void) {
    this.#free = free
  }

  /** null when no snapshot is open, and so nothing need be noted. */
  get newest(): Segment | null {
    return this.#newest
  }

  /** What the store holds now, commits that run included; used once. */
  open(): Segment {
    let segment = this.#newest
    if (!segment?.isEmpty) {
      segment = new Segment()
      segment.older = this.#newest
      if (this.#newest) this.#newest.newer = segment
      this.#newest = segment
    }
    segment.uses++
    return segment
  }

  release(segment: Segment): void {
    if (--segment.uses > 0) return
    const { older, newer } = segment
    if (newer) newer.older = older
    else this.#newest = older
    if (!older) {
      for (const spill of segment.spills) this.#free(spill)
      return
    }
    older.newer = newer
    merge(older, segment)
  }

  /** undefined: no commit since has touched the key, or has had an effect on it. */
  find(segment: Segment, key: string): Found | undefined {
    for (let at: Segment | null = segment; at; at = at.newer) {
      const found = at.find(key)
      if (found) return found
    }
    return undefined
  }
}

/** What the older snapshot has of its own comes first. */
function merge(older: Segment, segment: Segment): void {
  for (const [key, old] of segment.points.entries()) older.note(key, old)
  for (const range of segment.ranges) older.ranges.fill(range)
  for (const spill of segment.spills) older.spills.add(spill)
}

function compare(a: string, b: string): number {
  if (a < b) return -1
  return a > b ? 1 : 0
}
