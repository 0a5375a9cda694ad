import { FirstWins, type Found, type Patch, type Spill } from './patch.ts'

/**
 * What was overwritten from one snapshot to the next newer one: of each key the first value, which is what the snapshot
 * holds. An older snapshot looks here too, after its own.
 */
export class Segment extends FirstWins {
  readonly spills = new Set<Spill>()
  /** Snapshots, their cursors and running reads. */
  uses = 0
  older: Segment | null = null
  newer: Segment | null = null
}

/** What somebody reads: the entries, and patches over them; the first that knows a key is right. */
export class View {
  readonly #layers: readonly Patch[]
  readonly segment: Segment

  /** `layers`: of what is not among the entries yet. */
  constructor(segment: Segment, layers: readonly Patch[]) {
    this.segment = segment
    this.#layers = layers
  }

  *patches(): Generator<Patch, void, undefined> {
    yield* this.#layers
    for (let at: Segment | null = this.segment; at; at = at.newer) yield at
  }

  /** undefined: what the entries say. */
  find(key: string): Found | undefined {
    for (const patch of this.patches()) {
      const found = patch.find(key)
      if (found) return found
    }
    return undefined
  }
}

/**
 * The undo overlay: snapshots cost nothing until something is overwritten among the entries, and then that. A chain of
 * segments, one per snapshot since the one before which something was written.
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

  /** The entries as they are now, with what is being written to them; used once. */
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
}

/** What the older snapshot has of its own comes first. */
function merge(older: Segment, segment: Segment): void {
  for (const [key, old] of segment.points.entries()) older.note(key, old)
  for (const range of segment.ranges) older.ranges.fill(range)
  for (const spill of segment.spills) older.spills.add(spill)
}
