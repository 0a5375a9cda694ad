/** A reference to an entry of another writer's oplog. `writer` is the hex key, `length` the oplog's length after the entry. */
export interface Link {
  readonly writer: string
  readonly length: number
}

/**
 * What the order needs to know of one unit: the values of one `append()` call by one writer.
 * Entries `start + 1` to `length` of the writer's oplog belong to it.
 */
export interface UnitFacts {
  /** Hex public key. */
  readonly writer: string
  /** Length of the writer's oplog before the unit. */
  readonly start: number
  /** Length of the writer's oplog after the unit's last entry; `start < length`. */
  readonly length: number
  /** Hybrid logical clock, in ms; see `nextTimestamp`. */
  readonly timestamp: number
  /** Entries of other writers. A link into the middle of a unit means the whole unit. */
  readonly links: readonly Link[]
  /** Written by someone who was no writer, in the hope of being acknowledged. */
  readonly optimistic: boolean
}

/** What decides which of two units is smaller. */
export type Rank = Pick<UnitFacts, 'timestamp' | 'writer' | 'length'>

export type Role = 'none' | 'writer' | 'indexer'

export interface RoleChange {
  readonly writer: string
  readonly role: Role
}

/**
 * How a unit came to be considered: by an indexer's entry (rule 1), by an ordinary writer's entry (rule 2), or because it is
 * the local peer's own and nobody has acknowledged it yet. Tentative units are a local addition behind the shared order.
 */
export type Mode = 'indexer' | 'writer' | 'tentative'

/** What to do with a unit: apply it, apply it and keep it only if acknowledged, or count it as ordered without applying. */
export type Verdict = 'apply' | 'try' | 'skip'

/** One position of the order. `applied` and `changes` are the caller's result, as given to `done()`. */
export interface Placement<U> {
  readonly unit: U
  readonly position: number
  readonly mode: Mode
  readonly verdict: Verdict
  readonly applied: boolean
  readonly changes: readonly RoleChange[]
}

/** A unit of the order and what became of it; `tried`: its verdict was `try`. */
export interface PlacedUnit<U> extends Outcome {
  readonly unit: U
  readonly tried: boolean
}

/** What a base keeps of one writer. */
export interface BaseLane<U> {
  readonly writer: string
  /** Its last unit below the base; null while it has none there. */
  readonly last: U | null
  /** No other unit below the base depends on that one. */
  readonly isHead: boolean
  /** Did it ever have a role? */
  readonly isMember: boolean
  /** At the base. */
  readonly role: Role
  /** Its next unit changes nothing below the base if it is stamped later than this, ms; Infinity: whatever it is, it may. */
  readonly before: number
}

/**
 * All that later positions depend on of those before `position`, so that these need not be in memory. Two orders that
 * are alike up to there have the same base.
 */
export interface Base<U> {
  readonly position: number
  /** Members first, in the order in which they became such. */
  readonly lanes: readonly BaseLane<U>[]
  /** Units that are not below the base, though position `at` below it was filled on their behalf. */
  readonly steering: readonly { readonly writer: string; readonly length: number; readonly at: number }[]
}

/** What became of a unit: whether its effects were kept, and which roles it changed (none when it was not applied). */
export interface Outcome {
  readonly applied: boolean
  readonly changes: readonly RoleChange[]
}
