import type Hypercore from 'hypercore'

/** A member's oplog, as the transfer of ranges sees it. */
export interface RangeOplog {
  readonly key: Uint8Array
  readonly id: string
  /** null until it is opened. */
  readonly core: Hypercore | null
  /** Is it fetched to wherever it grows? Not on trial, not dragged along. */
  readonly isFollowed: boolean
  /** Nothing of it is taken any more. */
  readonly frozen: object | null
  /** Other peers may have another version of it. */
  readonly isForked: boolean
  /** Length that is on its way in a range; 0 when none is. */
  expected: number
  ready(): Promise<void>
}

/** Counts of what went over the range protocol, for tests and for whoever wonders. */
export interface RangeStats {
  /** Ranges asked for, given and taken. */
  asked: number
  given: number
  taken: number
  blocksGiven: number
  blocksTaken: number
  bytesGiven: number
  /** Answers that did not come, or were not what was asked for. */
  failed: number
  /** Times that an oplog was left to Hypercore's own download. */
  released: number
}

export function noRangeStats(): RangeStats {
  return {
    asked: 0,
    given: 0,
    taken: 0,
    blocksGiven: 0,
    blocksTaken: 0,
    bytesGiven: 0,
    failed: 0,
    released: 0
  }
}
