import { Candidates } from './candidates.ts'
import { firstDifference } from './difference.ts'
import { Graph } from './graph.ts'
import { Groups } from './groups.ts'
import { Roles } from './roles.ts'
import { Trace } from './trace.ts'
import type { Outcome, Placement, Role, RoleChange, UnitFacts } from './types.ts'
import { MODES, verdictFor } from './verdict.ts'
import { EMPTY, type Lane, type Vertex } from './vertex.ts'

/**
 * The order of a set of units: a pure function of the set, kept up to date while the set changes. The rule, why it holds and
 * what it costs are in docs/ORDER.md.
 *
 * How to drive it: `add()` what has arrived; `settle()`, which moves the order back to where it really changes; then
 * `next()`, apply the unit, `done()`, until `next()` returns null. `add`, `remove` and `takeBack` need a `settle()` before the
 * next `next()`. All methods throw a plain Error when they are called out of turn.
 *
 * What keeps it right:
 * 1. The emitted units of a writer are always its first ones.
 * 2. A unit is emitted after everything that it depends on.
 * 3. After `settle()`, the emitted order is the beginning of the order of all known units.
 */
export class Linearizer<U extends UnitFacts> {
  readonly #graph = new Graph<U>()
  readonly #trace = new Trace<U>()
  readonly #roles = new Roles<U>()
  readonly #candidates: Candidates<U>
  readonly #groups: Groups<U>
  /**
   * A role has changed, so another candidate may come before the group in progress. Units that come or go need no such
   * note: a group in progress has filled a position, and what matters to its candidate makes the order dirty there.
   */
  #recheck = false
  /** Given out by next(), not yet done. */
  #pending: Vertex<U> | null = null
  /** First position that may have to change; Infinity when there is none. */
  #dirty = Number.POSITIVE_INFINITY

  /**
   * @param options.bootstrap hex key of the writer who is an indexer from the start
   * @param options.local hex key of the local writer; while it has no role, its optimistic units are shown on top
   */
  constructor(options: { bootstrap: string; local?: string | undefined }) {
    this.#groups = new Groups(this.#graph)
    this.#candidates = new Candidates(options.local === undefined ? null : this.#graph.lane(options.local))
    this.#roles.set(this.#graph.lane(options.bootstrap), 'indexer', 0)
  }

  /** Positions emitted so far. */
  get length(): number {
    return this.#trace.length
  }

  /** First position such that from it to the end no placement has mode 'indexer'; `length` when there is none. */
  get tailStart(): number {
    return this.#trace.tailStart
  }

  /**
   * Whether the emitted order is exactly what the emitted units alone give. It is not while a tentative unit is emitted, nor
   * while a position was filled on behalf of a unit that is not emitted itself: in the middle of a group, or after the
   * writer of a group's candidate lost its role before its turn came.
   */
  get isExact(): boolean {
    return this.#trace.exact
  }

  at(position: number): Placement<U> {
    const vertex = this.#trace.at(position)
    if (vertex === undefined) throw new RangeError(`Position ${position} is not emitted`)
    return placement(vertex)
  }

  /** The known unit, emitted or not, that contains the writer's entry number `length`. */
  find(writer: string, length: number): U | null {
    return this.#graph.find(writer, length)?.unit ?? null
  }

  /** Length of the writer's oplog after its last known unit, 0 if none. */
  knownLength(writer: string): number {
    return this.#graph.peek(writer)?.units.at(-1)?.unit.length ?? 0
  }

  /** Length of the writer's oplog after its last emitted unit, 0 if none. */
  orderedLength(writer: string): number {
    const lane = this.#graph.peek(writer)
    return lane?.units[lane.next - 1]?.unit.length ?? 0
  }

  /** Role after the emitted prefix. */
  roleOf(writer: string): Role {
    return this.#graph.peek(writer)?.role ?? 'none'
  }

  /** Every writer that ever had a role in the emitted prefix, the first first, with its present one ('none': removed). */
  members(): Iterable<RoleChange> {
    return this.#roles.list()
  }

  everMember(writer: string): boolean {
    const lane = this.#graph.peek(writer)
    return lane !== undefined && this.#roles.has(lane)
  }

  /** Emitted units that no emitted unit depends on, smallest first. */
  heads(): U[] {
    return this.#trace.heads().map(vertex => vertex.unit)
  }

  /** Whether an emitted position was filled on behalf of this unit although it is not emitted itself; see `isExact`. */
  steers(unit: U): boolean {
    const vertex = this.#graph.find(unit.writer, unit.length)
    return vertex !== null && vertex.position < 0 && vertex.steered >= 0
  }

  /**
   * The first position whose unit or verdict changes when this unit is added, `length` when none does. The unit is the next
   * of its writer, its links are known. For several units, the lowest answer holds for all of them together.
   */
  firstDifference(unit: U): number {
    const lane = this.#graph.peek(unit.writer)
    // a writer of whom nothing is known, not even a role
    if (lane === undefined) return this.length
    return firstDifference(unit, {
      graph: this.#graph,
      trace: this.#trace,
      lane,
      from: this.#after(lane.units.at(-1) ?? null)
    })
  }

  /** Makes the next unit of its writer known. All its links are known. */
  add(unit: U): void {
    const vertex = this.#graph.insert(unit)
    const { lane, previous } = vertex
    const from = this.#after(previous)
    if (from < this.#dirty) this.#soil(this.#trace.considered(unit, { lane, from }))
    this.#candidates.learn(vertex)
    if (vertex.index === lane.next) this.#candidates.queue(lane)
  }

  /**
   * Takes back the last known unit of its writer, that no known unit links to. If it is emitted, the order ends before it
   * from now on: `length` shrinks here, not in `settle()`.
   */
  remove(unit: U): void {
    this.#idle()
    const lane = this.#graph.peek(unit.writer)
    const vertex = lane?.units.at(-1)
    if (lane === undefined || vertex === undefined || vertex.unit.length !== unit.length) {
      throw new Error('Only the last known unit of a writer can be removed')
    }
    if (vertex.knownLinks > 0) throw new Error('A unit that others link to cannot be removed')
    if (vertex.position >= 0) this.#truncate(vertex.position)
    this.#forget(vertex)
  }

  /**
   * Takes out the units that are not emitted, except those that `keep` returns true for and what they depend on. Returns
   * them in an order in which they can be added again. Taking out a unit that `steers` the order changes the order.
   */
  takeBack(keep: (unit: U) => boolean = () => false): U[] {
    const gone = this.#graph.removable(keep)
    for (let i = gone.length - 1; i >= 0; i--) this.#forget(gone[i]!)
    return gone.map(vertex => vertex.unit)
  }

  /**
   * Brings the emitted order in line with the known units: moves back to the first position whose unit or verdict changes,
   * and returns it (`length` afterwards). Results before it stay; modes may have changed there.
   */
  settle(): number {
    this.#idle()
    if (this.#dirty >= this.length) return this.length
    const gone = this.#truncate(this.#dirty)
    // emitting again overwrites what a vertex says of its place, so what is compared is a copy
    const results = gone.map(({ unit, verdict, applied, changes }) => ({ unit, verdict, applied, changes }))
    for (const result of results) {
      const vertex = this.#emit()
      if (vertex === null) break
      if (vertex.unit !== result.unit || vertex.verdict !== result.verdict) {
        this.cancel()
        break
      }
      this.done(result)
    }
    return this.length
  }

  /** Emits the next unit, or returns null when what remains has to wait. Call `done()` or `cancel()` for it. */
  next(): Placement<U> | null {
    this.#idle()
    if (this.#dirty < this.length) throw new Error('settle() comes before next()')
    const vertex = this.#emit()
    return vertex === null ? null : placement(vertex)
  }

  /** What became of the unit that `next()` gave. */
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
      const lane = this.#graph.lane(writer)
      if (!this.#roles.set(lane, role, this.length)) continue
      this.#candidates.queue(lane)
      this.#recheck = true
    }
  }

  /** Un-emits the unit that `next()` gave and `done()` was not called for. */
  cancel(): void {
    if (this.#pending === null) throw new Error('cancel() comes after next()')
    this.#pending = null
    this.#truncate(this.length - 1)
  }

  /** Forgets the results from a position on. The units stay known. */
  rewind(position: number): void {
    this.#idle()
    if (!Number.isInteger(position) || position < 0) throw new RangeError(`${position} is not a position`)
    this.#truncate(position)
  }

  /**
   * First position where a unit that follows `previous` can be considered: behind it, and nowhere as long as it is not
   * emitted, since it would be taken first.
   */
  #after(previous: Vertex<U> | null): number {
    if (previous === null) return 0
    return previous.position < 0 ? this.length : previous.position + 1
  }

  #emit(): Vertex<U> | null {
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
    this.#trace.push(vertex, { candidate, mode, verdict })
    lane.next = vertex.index + 1
    this.#candidates.queue(lane)
    this.#pending = vertex
    return vertex
  }

  #truncate(position: number): Vertex<U>[] {
    const gone = this.#trace.truncate(position)
    if (gone.length === 0) return gone
    const touched = new Set<Lane<U>>()
    for (let i = gone.length - 1; i >= 0; i--) {
      const vertex = gone[i]!
      vertex.lane.next = vertex.index
      touched.add(vertex.lane)
      for (const { writer } of vertex.changes) touched.add(this.#graph.lane(writer))
    }
    for (const lane of touched) {
      this.#roles.cut(lane, position)
      this.#graph.list(lane)
      this.#candidates.queue(lane)
    }
    this.#groups.clear()
    if (this.#dirty >= position) this.#dirty = Number.POSITIVE_INFINITY
    return gone
  }

  /** The last unit of its lane, not emitted. */
  #forget(vertex: Vertex<U>): void {
    if (vertex.steered >= 0) this.#soil(vertex.steered)
    this.#graph.drop(vertex.lane)
  }

  #soil(position: number): void {
    if (position < this.length && position < this.#dirty) this.#dirty = position
  }

  #idle(): void {
    if (this.#pending !== null) throw new Error('done() or cancel() comes first')
  }
}

function placement<U extends UnitFacts>(vertex: Vertex<U>): Placement<U> {
  const { unit, position, mode, verdict, applied, changes } = vertex
  return { unit, position, mode, verdict, applied, changes }
}
