import { compareUnits } from './compare.ts'
import type { Mode, Role, RoleChange, UnitFacts, Verdict } from './types.ts'

/** Shared by everything that has no links or no changes, so that a million of them cost nothing. */
export const EMPTY: readonly never[] = Object.freeze([])

/** From position `from` on, until the next span begins, the writer has this role. */
export interface RoleSpan {
  readonly from: number
  readonly role: Role
}

/** One writer: its known units, how many of them are emitted, and its role over the emitted positions. */
export class Lane<U extends UnitFacts> {
  readonly key: string
  /** Where there is a base, the first one may stand for all that lies below it, which is never taken back. */
  readonly units: Vertex<U>[] = []
  /** Index of the first unit that is not emitted. Emitted units are always a prefix, since a unit depends on the one before. */
  next = 0
  /** Role after the emitted prefix. */
  role: Role = 'none'
  /** Ascending. Before the first span the role is 'none'. */
  readonly spans: RoleSpan[] = []
  /** What the base says of it; see `BaseLane`. */
  before = 0
  /** Whether the graph has it on its list of lanes that may hold units which are not emitted. */
  listed = false

  constructor(key: string) {
    this.key = key
  }
}

/**
 * One known unit. The only record kept per unit, so it also carries what its position in the order needs; the fields below
 * `position` mean something only while the unit is emitted.
 */
export class Vertex<U extends UnitFacts> {
  readonly unit: U
  readonly lane: Lane<U>
  readonly links: readonly Vertex<U>[]
  /** Index in its lane; -1 once it is no longer known. */
  index: number
  /** Does it lie below the base, as the last of its writer there? Then nothing is known of its links. */
  readonly isBase: boolean
  /** How many known units link to it (the writer's own next unit is not counted). */
  knownLinks = 0
  /** How many emitted units depend on it (links, and the writer's own next unit). 0 while emitted: it is a head. */
  emittedAbove = 0
  /** First emitted position that was filled on behalf of this unit (its past, or itself); -1 if there is none. */
  steered = -1
  /** Stamp of the last walk that met it. */
  mark = 0
  /** Which heaps hold it: bit 1 for indexers, bit 2 for writers. */
  queued = 0
  /** Position in the order; -1 while not emitted. */
  position = -1
  mode: Mode = 'writer'
  verdict: Verdict = 'skip'
  applied = false
  changes: readonly RoleChange[] = EMPTY

  constructor(
    unit: U,
    lane: Lane<U>,
    { links, isBase = false }: { links: readonly Vertex<U>[]; isBase?: boolean }
  ) {
    this.unit = unit
    this.isBase = isBase
    this.lane = lane
    this.links = links
    this.index = lane.units.length
  }

  /** The writer's unit before this one. */
  get previous(): Vertex<U> | null {
    return this.index > 0 ? this.lane.units[this.index - 1]! : null
  }
}

export function compareVertices<U extends UnitFacts>(a: Vertex<U>, b: Vertex<U>): number {
  return compareUnits(a.unit, b.unit)
}
