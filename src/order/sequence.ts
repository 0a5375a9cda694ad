import { Candidates } from './candidates.ts'
import { Graph } from './graph.ts'
import { Groups } from './groups.ts'
import { Roles } from './roles.ts'
import { Trace } from './trace.ts'
import type { Base, Outcome, UnitFacts } from './types.ts'
import { MODES, verdictFor } from './verdict.ts'
import { EMPTY, type Lane, type Vertex } from './vertex.ts'

/**
 * The emitted units, and all that comes about with them: roles, candidates, the group in progress. It goes on by one unit
 * at a time, and all of it goes back together. Where it has to go back to is not its business.
 */
export class Sequence<U extends UnitFacts> {
  readonly graph: Graph<U>
  readonly trace: Trace<U>
  readonly roles: Roles<U>
  readonly #candidates: Candidates<U>
  readonly #groups: Groups<U>
  /**
   * A role has changed, so another candidate may come before the group in progress. Units that come or go need no such
   * note: a group in progress has filled a position, and what matters to its candidate makes the order dirty there.
   */
  #recheck = false
  /** Emitted, and what became of it is not known yet. */
  #pending: Vertex<U> | null = null

  constructor({
    bootstrap,
    local,
    base
  }: {
    bootstrap: string
    local: string | undefined
    base: Base<U> | null
  }) {
    this.graph = new Graph()
    this.trace = new Trace(base?.position ?? 0)
    this.roles = new Roles()
    this.#groups = new Groups(this.graph)
    for (const { writer, last, isHead, isMember, role, before } of base?.lanes ?? []) {
      const lane = this.graph.lane(writer)
      lane.before = before
      if (last !== null) this.trace.pushBase(this.graph.insertBase(last), { isHead })
      if (isMember) this.roles.begin(lane, role, this.trace.base)
    }
    this.#candidates = new Candidates(local === undefined ? null : this.graph.lane(local))
    if (base === null) this.roles.set(this.graph.lane(bootstrap), 'indexer', 0)
  }

  /** Was a unit emitted that neither `done()` was called for nor `truncate()` took back? */
  get isPending(): boolean {
    return this.#pending !== null
  }

  /** Makes the next unit of its writer known. */
  insert(unit: U): Vertex<U> {
    const vertex = this.graph.insert(unit)
    this.#candidates.learn(vertex)
    if (vertex.index === vertex.lane.next) this.#candidates.queue(vertex.lane)
    return vertex
  }

  /** Emits the next unit; null when what remains has to wait. */
  emit(): Vertex<U> | null {
    if (this.#groups.candidate === null || this.#recheck) this.#groups.turnTo(this.#candidates.best())
    this.#recheck = false
    const { candidate } = this.#groups
    const vertex = this.#groups.take()
    if (vertex === null || candidate === null) return null
    const { lane } = vertex
    const mode = MODES[candidate.lane.role]
    const verdict = verdictFor(vertex.unit, { role: lane.role, mode })
    vertex.applied = false
    vertex.changes = EMPTY
    this.trace.push(vertex, { candidate, mode, verdict })
    lane.next = vertex.index + 1
    this.#candidates.queue(lane)
    this.#pending = vertex
    return vertex
  }

  /** What became of the unit that was emitted last. */
  done(result: Outcome): void {
    const vertex = this.#pending
    if (vertex === null) throw new Error('done() comes after next()')
    if (result.applied && vertex.verdict === 'skip') throw new Error('A skipped unit is not applied')
    if (!result.applied && result.changes.length > 0)
      throw new Error('A unit that is not applied changes no role')
    this.#pending = null
    vertex.applied = result.applied
    vertex.changes = result.changes.length > 0 ? result.changes : EMPTY
    for (const { writer, role } of result.changes) {
      const lane = this.graph.lane(writer)
      if (!this.roles.set(lane, role, this.trace.length)) continue
      this.#candidates.queue(lane)
      this.#recheck = true
    }
  }

  /** Un-emits everything from `position` on, and returns it in order. The units stay known. */
  truncate(position: number): Vertex<U>[] {
    const gone = this.trace.truncate(position)
    if (gone.length === 0) return gone
    this.#pending = null
    const touched = new Set<Lane<U>>()
    for (let i = gone.length - 1; i >= 0; i--) {
      const vertex = gone[i]!
      vertex.lane.next = vertex.index
      touched.add(vertex.lane)
      for (const { writer } of vertex.changes) touched.add(this.graph.lane(writer))
    }
    for (const lane of touched) {
      this.roles.cut(lane, position)
      this.graph.list(lane)
      this.#candidates.queue(lane)
    }
    this.#groups.clear()
    return gone
  }
}
