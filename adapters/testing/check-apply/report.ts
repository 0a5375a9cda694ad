import type { AutobeeError } from '../../../src/index.ts'

/**
 * How a replay was fed. `at once` and `again`: everything in one merge. `unit by unit`: in the agreed order, a merge each.
 * `shuffled`: pieces of the oplogs in a random order, closed and opened now and then; what comes late makes it take back and
 * apply again.
 */
export type ReplayKind = 'at once' | 'again' | 'unit by unit' | 'shuffled'

/**
 * What is likely to be wrong. `failure`: `apply` throws or interrupts in a replay. `random`: the same replay twice does not end alike; a
 * clock, a random number, a variable. `chunking`: it matters how many units are merged at a time. `undo`: it matters what was taken back. `original`:
 * all replays agree, but not with the database; another `apply` made its view, or something outside was different then.
 */
export type ApplyFault = 'failure' | 'random' | 'chunking' | 'undo' | 'original'

/** One replay. */
export interface ReplayRun {
  readonly kind: ReplayKind
  /** Of `shuffled`; the same seed gives the same pieces. Else null. */
  readonly seed: number | null
  /** Units applied, tried or skipped; again included. */
  readonly applied: number
  /** Units taken back: 0 where nothing was written side by side. */
  readonly undone: number
  /** Keys of its view. */
  readonly keys: number
  /** Keys that differ. */
  readonly differing: number
  /** The first position of the order with another unit, verdict or roles; null when all are the same. */
  readonly orderDiffersAt: number | null
  /** What `apply` threw, as `APPLY_FAILED`, or `INTERRUPTED`: the replay ended there. */
  readonly failure: AutobeeError | null
  /** How long it took, ms. */
  readonly ms: number
}

/** One key that differs. Of keys and values, the first 1024 bytes. */
export interface ReplayDifference {
  readonly kind: ReplayKind
  readonly seed: number | null
  readonly key: Uint8Array
  /** In the original's view, or, where that cannot be compared, in the first replay's. null: it is not there. */
  readonly expected: Uint8Array | null
  /** In the replay's view. */
  readonly actual: Uint8Array | null
  /** The unit that was the last to change the key when all came unit by unit; null: it is not there then, or that replay failed. */
  readonly changedAt: ReplayPosition | null
}

/** A unit of the order. */
export interface ReplayPosition {
  readonly position: number
  /** Of its writer's oplog, with {@link length} after the unit: what `db.unit()` takes. */
  readonly key: Uint8Array
  readonly length: number
}

/** What {@link checkApply} found. */
export interface ApplyReport {
  /** Do all replays have the original's order, and its view key by key? */
  readonly ok: boolean
  /** Units compared. */
  readonly units: number
  /**
   * Own units of a stranger, which nobody has let in yet. They show in this database alone, and are left out; when there
   * are some, the views of the replays are compared among each other, not with the original's.
   */
  readonly tentative: number
  /** Keys of the view that the others are compared with. */
  readonly keys: number
  readonly runs: readonly ReplayRun[]
  /** At most 20 of each run. */
  readonly differences: readonly ReplayDifference[]
  /**
   * Two replays that got the same units, up to this one, and no longer agree; before it they did. null: all replays agree, it did
   * not happen again, or the history has more than 20,000 units.
   */
  readonly firstAt: ReplayPosition | null
  /** null when all is well. */
  readonly fault: ApplyFault | null
  /** Some sentences for people: what the likely cause is, and where to look. null when all is well. */
  readonly cause: string | null
}
