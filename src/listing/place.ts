import type { Unit } from '../oplog/unit.ts'
import type { RoleChange } from '../order/index.ts'
import type { Placed } from '../system/segment.ts'
import type { SkipReason, WaitReason } from './types.ts'

/** Which unit, and what of it is in memory. */
export interface Known {
  /** Hex. */
  readonly writer: string
  readonly start: number
  readonly length: number
  readonly unit: Unit | null
}

export interface OrderedPlace extends Known {
  readonly position: number
  readonly isTentative: boolean
  readonly applied: boolean
  readonly tried: boolean
  readonly changes: readonly RoleChange[]
  /** null: to be found out from the values. */
  readonly reason: SkipReason | null
}

export interface WaitingPlace extends Known {
  readonly position: null
  readonly reason: WaitReason | null
}

export type Place = OrderedPlace | WaitingPlace

/** The order at a moment when it is whole and durable. Of use only at that moment: what is wanted of it is copied at once. */
export interface OrderSource {
  readonly length: number
  /** Positions before it are in the system tree alone. */
  readonly base: number
  /** Length of the system tree. */
  readonly systemHead: number
  /** From `base` on. */
  at(position: number): OrderedPlace
  /** Position of the unit that contains a writer's entry; null when it is not ordered or lies below the base. */
  positionOf(writer: string, length: number): number | null
  /** Entries of the writer that are ordered. */
  orderedLength(writer: string): number
  waiting(): Iterable<WaitingPlace>
}

export function placeBelow(placed: Placed, position: number): OrderedPlace {
  return { ...placed, position, unit: null, isTentative: false, reason: null }
}
