import type { Head } from '../keys.ts'
import type { Role } from '../order/index.ts'

/**
 * Why a unit that is ordered has no effect. `NOT_A_WRITER`: its writer had no role there. `NOT_ACKNOWLEDGED`: `apply` did
 * not let a stranger's unit in. `APPLY_FAILED`: `apply` threw on a stranger's unit. `INVALID_VALUE`: a value is not what the value
 * encoding makes. `SKIPPED`: one of these, and which is not known any more: the store keeps that it was skipped, not why.
 */
export type SkipReason = 'NOT_A_WRITER' | 'NOT_ACKNOWLEDGED' | 'APPLY_FAILED' | 'INVALID_VALUE' | 'SKIPPED'

/**
 * Why a unit that is here is not ordered. `CLOCK`: it, or one before it in its oplog, is stamped ahead of the local clock.
 * `LINKS`: what it links to is not here. `RECOVERING`: it is the local writer's, and the oplog is not whole yet. `NOT_A_WRITER`: its
 * writer has no role, and no member refers to it. `INTERRUPTED`: `apply` interrupted a unit. `APPLY_FAILED`: the database has
 * stopped.
 */
export type WaitReason = 'CLOCK' | 'LINKS' | 'RECOVERING' | 'NOT_A_WRITER' | 'INTERRUPTED' | 'APPLY_FAILED'

/** What one `append` call wrote. A plain object: it can be cloned and sent if its values can. */
export interface ListedUnit {
  /** Of its writer's oplog. */
  readonly key: Uint8Array
  /** Length of the oplog before the unit. */
  readonly start: number
  /** Length of the oplog after it. */
  readonly length: number
  /** By the hybrid clock, ms since the epoch; null when it is not known any more: see `isHere`. */
  readonly timestamp: number | null
  /** The heads of others that its writer had ordered; none either when it is not known any more. */
  readonly links: readonly Head[]
  readonly optimistic: boolean
  /** It has no value: an indexer only fixed the place of what it links to. */
  readonly ack: boolean
  /** Are its blocks in the store? Those of a copy that was cleared or opened in part are not; then `values` is null. */
  readonly isHere: boolean
  /** Decoded; null when they are not here, or when one cannot be decoded. Empty in an ack. */
  readonly values: readonly unknown[] | null
}

/** One position of the order. */
export interface OrderedUnit extends ListedUnit {
  readonly state: 'ordered'
  /** From 0 on; holds until the next reorganisation. */
  readonly position: number
  /** The local stranger's own, shown behind the order until somebody lets it in. */
  readonly isTentative: boolean
  readonly verdict: 'applied' | 'skipped'
  /** null when it was applied. */
  readonly reason: SkipReason | null
  /** Roles that it gave or took. */
  readonly roles: readonly { readonly key: Uint8Array; readonly role: Role }[]
}

/** A unit that is here and not ordered. */
export interface WaitingUnit extends ListedUnit {
  readonly state: 'waiting'
  readonly position: null
  readonly isTentative: false
  readonly verdict: null
  /** null: it is about to be ordered. */
  readonly reason: WaitReason | null
  readonly roles: readonly never[]
}

/** Which units {@link Autobee.order} gives, and in which direction. */
export interface OrderOptions {
  /** First position. Default 0. */
  from?: number
  /** The position after the last one. Default and most: `orderLength`. */
  to?: number
  /** From the last one to the first. Default false. */
  reverse?: boolean
  /** Most units. Default: all. */
  limit?: number
}
