import type { Graph } from './graph.ts'
import type { UnitFacts } from './types.ts'
import type { Vertex } from './vertex.ts'

/** A candidate, its past that was not emitted when the group began (smallest first), and how far that has come. */
interface Group<U extends UnitFacts> {
  readonly candidate: Vertex<U>
  readonly past: readonly Vertex<U>[]
  taken: number
}

// each holds a list of its past, so there must be a bound
const MAX_INTERRUPTED = 8

/**
 * The group in progress, and some that were interrupted because a role changed. Without these, a large past in which every
 * unit makes somebody an indexer would be walked and sorted again for each of them.
 */
export class Groups<U extends UnitFacts> {
  readonly #graph: Graph<U>
  #current: Group<U> | null = null
  #interrupted: Group<U>[] = []

  constructor(graph: Graph<U>) {
    this.#graph = graph
  }

  get candidate(): Vertex<U> | null {
    return this.#current?.candidate ?? null
  }

  /** Goes on with this candidate's group, or begins it. */
  turnTo(candidate: Vertex<U> | null): void {
    const current = this.#current
    if (current?.candidate === candidate) return
    if (current !== null) this.#interrupted.push(current)
    if (this.#interrupted.length > MAX_INTERRUPTED) this.#interrupted.shift()
    this.#current = candidate === null ? null : (this.#resume(candidate) ?? this.#begin(candidate))
  }

  /** The next unit of the group in progress; the last one is the candidate itself. */
  take(): Vertex<U> | null {
    const group = this.#current
    if (group === null) return null
    // emitted in the past of another one, while this group was interrupted
    while (group.taken < group.past.length && group.past[group.taken]!.position >= 0) group.taken++
    const vertex = group.past[group.taken++]
    if (vertex !== undefined) return vertex
    this.#current = null
    return group.candidate
  }

  /** To be called when units were un-emitted: what belongs to a past is no longer what it was. */
  clear(): void {
    this.#current = null
    this.#interrupted = []
  }

  #resume(candidate: Vertex<U>): Group<U> | undefined {
    const index = this.#interrupted.findIndex(group => group.candidate === candidate)
    return index < 0 ? undefined : this.#interrupted.splice(index, 1)[0]
  }

  #begin(candidate: Vertex<U>): Group<U> {
    const past = this.#graph.past(candidate.links, candidate.previous, Number.POSITIVE_INFINITY)
    return { candidate, past, taken: 0 }
  }
}
