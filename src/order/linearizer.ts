import { firstDifference } from './difference.ts'
import type { Graph } from './graph.ts'
import type { Roles } from './roles.ts'
import { Sequence } from './sequence.ts'
import { idOf, summaryOf } from './summary.ts'
import type { Trace } from './trace.ts'
import type { Base, Outcome, PlacedUnit, Placement, Role, RoleChange, UnitFacts } from './types.ts'
import type { Vertex } from './vertex.ts'

/**
 * The order of a set of units: a pure function of the set, kept up to date while the set changes. The rule, why it holds and
 * what it costs are in docs/ORDER.md.
 *
 * How to drive it: `add()` what has arrived; `settle()`, which moves the order back to where it really changes; then
 * `next()`, apply the unit, `done()`, until `next()` returns null. `add`, `remove` and `takeBack` need a `settle()` before the
 * next `next()`. All methods throw a plain Error when they are called out of turn.
 *
 * What lies far back need not be in memory: `summary()` gives the base at the end of the order, and `rebase()` begins at one
 * that was taken earlier. `reaches()` tells which units may change something below it.
 *
 * What keeps it right:
 * 1. The emitted units of a writer are always its first ones.
 * 2. A unit is emitted after everything that it depends on.
 * 3. After `settle()`, the emitted order is the beginning of the order of all known units.
 */
export class Linearizer<U extends UnitFacts> {
  readonly #bootstrap: string
  readonly #local: string | undefined
  #sequence!: Sequence<U>
  #graph!: Graph<U>
  #trace!: Trace<U>
  #roles!: Roles<U>
  /** First position that may have to change; Infinity when there is none. */
  #dirty = Number.POSITIVE_INFINITY
  #touched = Number.POSITIVE_INFINITY
  /** What steers the order from below the base and has not been added yet, by `idOf`. */
  readonly #awaited = new Map<string, number>()

  /**
   * @param options.bootstrap hex key of the writer who is an indexer from the start
   * @param options.base what lies before it is not to be added; default null: the order begins at its beginning
   * @param options.local hex key of the local writer; while it has no role, its optimistic units are shown on top
   */
  constructor(options: { bootstrap: string; local?: string | undefined; base?: Base<U> | null }) {
    this.#bootstrap = options.bootstrap
    this.#local = options.local
    this.#begin(options.base ?? null)
  }

  /** First position that is in memory. */
  get base(): number {
    return this.#trace.base
  }

  /** Known units that are not emitted. */
  get waiting(): number {
    return this.#graph.waiting
  }

  /** Positions emitted so far. */
  get length(): number {
    return this.#trace.length
  }

  /** Entries of all emitted units, those below the base included. */
  get entries(): number {
    return this.#trace.entries
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
    return this.#trace.exact && this.#awaited.size === 0
  }

  /** Is a tentative unit emitted? Then there is no `summary()`. */
  get isTentative(): boolean {
    return this.#trace.isTentative
  }

  at(position: number): Placement<U> {
    const vertex = this.#trace.at(position)
    if (vertex === undefined) throw new RangeError(`Position ${position} is not emitted, or not in memory`)
    return placement(vertex)
  }

  /** The known unit, emitted or not, that contains the writer's entry number `length`; null also for what lies below the base. */
  find(writer: string, length: number): U | null {
    return this.#graph.find(writer, length)?.unit ?? null
  }

  /** Is the writer's entry number `length` known, be it below the base? */
  knows(writer: string, length: number): boolean {
    return this.#graph.knows(writer, length)
  }

  /** Position of the unit that contains the writer's entry number `length`; null when it is not emitted, or not in memory. */
  positionOf(writer: string, length: number): number | null {
    const vertex = this.#graph.find(writer, length)
    return vertex === null || vertex.position < this.base ? null : vertex.position
  }

  /** Known units that are not emitted, by writers. */
  *unordered(): Iterable<U> {
    for (const { units, next } of this.#graph.lanes())
      for (let i = next; i < units.length; i++) yield units[i]!.unit
  }

  /** A known entry is stamped no later than this, ms; exactly this if `find` gives it. */
  latestTimeOf(writer: string, length: number): number {
    const vertex = this.#graph.find(writer, length) ?? this.#graph.peek(writer)?.units[0]
    return vertex?.unit.timestamp ?? 0
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

  /** Every writer with a known unit, and every member. */
  *writers(): Iterable<string> {
    for (const lane of this.#graph.lanes()) if (lane.units.length > 0 || this.#roles.has(lane)) yield lane.key
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
    const { graph, trace } = this.#sequence
    return firstDifference(unit, { graph, trace, lane, from: this.#after(lane.units.at(-1) ?? null) })
  }

  /** May the next unit of its writer change something below the base? Then it cannot be added as long as the base is there. */
  reaches(unit: U): boolean {
    const lane = this.#graph.peek(unit.writer)
    if (this.base === 0 || lane === undefined) return false
    const last = lane.units.at(-1)
    if (last !== undefined && !last.isBase) return false
    return unit.timestamp <= lane.before && !this.#awaited.has(idOf(unit))
  }

  /** Makes the next unit of its writer known. All its links are known, and it does not reach below the base. */
  add(unit: U): void {
    if (this.reaches(unit)) throw new Error('The unit may belong below the base')
    this.addLater(unit)
  }

  /** The same for a unit of which it is known that it changes nothing below the base: it was ordered behind it before. */
  addLater(unit: U): void {
    const vertex = this.#sequence.insert(unit)
    const { lane, previous } = vertex
    const from = this.#after(previous)
    if (from < this.#dirty) this.#soil(this.#trace.considered(unit, { lane, from }))
    if (this.#awaited.size > 0) this.#await(vertex)
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
    if (vertex.isBase) throw new Error('What lies below the base stays')
    if (vertex.knownLinks > 0) throw new Error('A unit that others link to cannot be removed')
    if (vertex.position >= 0) this.#truncate(vertex.position)
    this.#forget(vertex)
  }

  /**
   * Takes out the units that are not emitted, except those that `keep` returns true for and what they depend on. Returns
   * them in an order in which they can be added again. Taking out a unit that `steers` the order changes the order; those
   * that steer it from below the base stay.
   */
  takeBack(keep: (unit: U) => boolean = () => false): U[] {
    const isFixed = (unit: U) => {
      const { steered } = this.#graph.find(unit.writer, unit.length)!
      return steered >= 0 && steered < this.base
    }
    const gone = this.#graph.removable(unit => isFixed(unit) || keep(unit))
    for (let i = gone.length - 1; i >= 0; i--) this.#forget(gone[i]!)
    return gone.map(vertex => vertex.unit)
  }

  /**
   * Brings the emitted order in line with the known units: moves back to the first position whose unit or verdict changes,
   * and returns it (`length` afterwards). Results before it stay; modes may have changed there.
   *
   * @param onposition called at each position that is reached anew with the results before it as they were: a summary of an
   * earlier time may be taken again
   */
  settle(onposition: () => void = () => {}): number {
    this.#idle()
    if (this.#dirty >= this.length) return this.length
    const gone = this.#truncate(this.#dirty)
    // emitting again overwrites what a vertex says of its place, so what is compared is a copy
    const results = gone.map(({ unit, verdict, applied, changes }) => ({ unit, verdict, applied, changes }))
    for (const result of results) {
      const vertex = this.#sequence.emit()
      if (vertex === null) break
      if (vertex.unit !== result.unit || vertex.verdict !== result.verdict) {
        this.cancel()
        break
      }
      this.done(result)
      onposition()
    }
    return this.length
  }

  /** Emits the next unit, or returns null when what remains has to wait. Call `done()` or `cancel()` for it. */
  next(): Placement<U> | null {
    this.#idle()
    if (this.#dirty < this.length) throw new Error('settle() comes before next()')
    const vertex = this.#sequence.emit()
    return vertex === null ? null : placement(vertex)
  }

  /** What became of the unit that `next()` gave. */
  done(result: Outcome): void {
    this.#sequence.done(result)
  }

  /** Un-emits the unit that `next()` gave and `done()` was not called for. */
  cancel(): void {
    if (!this.#sequence.isPending) throw new Error('cancel() comes after next()')
    this.#truncate(this.length - 1)
  }

  /** Forgets the results from a position on. The units stay known. */
  rewind(position: number): void {
    this.#idle()
    if (!Number.isInteger(position) || position < 0) throw new RangeError(`${position} is not a position`)
    this.#truncate(position)
  }

  /**
   * What later positions depend on of all that is emitted; `rebase()` can begin with it as long as the order up to there is
   * as it is now, which `takeTouched()` tells. Not while a tentative unit is emitted.
   */
  summary(): Base<U> {
    this.#idle()
    if (this.#dirty < this.length) throw new Error('settle() comes before summary()')
    if (this.isTentative) throw new Error('A tentative order has no summary')
    const { graph, trace, roles } = this.#sequence
    return summaryOf({ graph, trace, roles, awaited: this.#awaited })
  }

  /** First position that was emitted anew since the last call, or Infinity: summaries of later ones no longer hold. */
  takeTouched(): number {
    const touched = this.#touched
    this.#touched = Number.POSITIVE_INFINITY
    return touched
  }

  /**
   * Moves the base: on to a later one, whereupon what lies below is forgotten, or back to an earlier one (null: the very
   * beginning), for which everything between them is needed. The order stays what it is. Throws a plain Error, and must
   * not be used any more, if what is given does not lead to that order.
   */
  rebase(base: Base<U> | null, between: readonly PlacedUnit<U>[] = []): void {
    this.#idle()
    if (this.#dirty < this.length) throw new Error('settle() comes before rebase()')
    const position = base?.position ?? 0
    if (position > this.length || between.length !== Math.max(0, this.base - position))
      throw new RangeError(`There is no way from ${this.base} to ${position}`)
    const kept = this.#trace
      .from(position)
      .map(({ unit, verdict, applied, changes }) => ({ unit, tried: verdict === 'try', applied, changes }))
    const waiting = this.#graph.removable(() => false).map(({ unit }) => unit)
    const touched = this.#touched
    this.#begin(base)
    for (const { unit } of between) this.addLater(unit)
    for (const { unit } of kept) this.addLater(unit)
    for (const unit of waiting) this.addLater(unit)
    for (const placed of [...between, ...kept]) {
      const vertex = this.#sequence.emit()
      if (vertex?.unit !== placed.unit || (vertex.verdict === 'try') !== placed.tried)
        throw new Error(`Another unit belongs at ${this.length - 1} than the one that was there`)
      this.done(placed)
    }
    this.#touched = touched
  }

  #begin(base: Base<U> | null): void {
    this.#awaited.clear()
    for (const unit of base?.steering ?? []) this.#awaited.set(idOf(unit), unit.at)
    this.#sequence = new Sequence({ bootstrap: this.#bootstrap, local: this.#local, base })
    this.#graph = this.#sequence.graph
    this.#trace = this.#sequence.trace
    this.#roles = this.#sequence.roles
  }

  #await(vertex: Vertex<U>): void {
    const id = idOf(vertex.unit)
    const at = this.#awaited.get(id)
    if (at === undefined) return
    this.#awaited.delete(id)
    this.#trace.steerBase(vertex, at)
  }

  /**
   * First position where a unit that follows `previous` can be considered: behind it, and nowhere as long as it is not
   * emitted, since it would be taken first.
   */
  #after(previous: Vertex<U> | null): number {
    if (previous === null) return 0
    return previous.position < 0 ? this.length : previous.position + 1
  }

  #truncate(position: number): Vertex<U>[] {
    const gone = this.#sequence.truncate(position)
    if (gone.length === 0) return gone
    this.#touched = Math.min(this.#touched, position)
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
    if (this.#sequence.isPending) throw new Error('done() or cancel() comes first')
  }
}

function placement<U extends UnitFacts>(vertex: Vertex<U>): Placement<U> {
  const { unit, position, mode, verdict, applied, changes } = vertex
  return { unit, position, mode, verdict, applied, changes }
}
