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

/** What became of a unit: whether its effects were kept, and which roles it changed (none when it was not applied). */
export interface Outcome {
  readonly applied: boolean
  readonly changes: readonly RoleChange[]
}
