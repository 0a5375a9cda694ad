import { Peaks } from './peaks.ts'
import { spanAt } from './roles.ts'
import type { Mode, UnitFacts, Verdict } from './types.ts'
import { compareVertices, type Lane, type Vertex } from './vertex.ts'

/**
 * The emitted order, and how each position came about: on behalf of which candidate it was filled, in which mode. That is
 * what tells where a unit that arrives later would have been considered.
 */
export class Trace<U extends UnitFacts> {
  readonly #order: Vertex<U>[] = []
  readonly #candidates = new Peaks<U>()
  /** Positions with a mode other than 'indexer', ascending, and their candidates. */
  readonly #trailing: number[] = []
  readonly #trailingCandidates = new Peaks<U>()
  readonly #tentative: number[] = []
  readonly #heads = new Set<Vertex<U>>()
  /** Units that are not emitted although a position was filled on their behalf. */
  readonly #steering = new Set<Vertex<U>>()

  /** Of all emitted units, those below the base included. */
  #entries = 0

  /** @param base positions below it are not kept */
  constructor(readonly base: number) {}

  get length(): number {
    return this.base + this.#order.length
  }

  /** Whether the order is what its own units alone would give. */
  get exact(): boolean {
    return this.#steering.size === 0 && this.#tentative.length === 0
  }

  get entries(): number {
    return this.#entries
  }

  get isTentative(): boolean {
    return this.#tentative.length > 0
  }

  get steering(): Iterable<Vertex<U>> {
    return this.#steering
  }

  /** First position from which on no mode is 'indexer'. */
  get tailStart(): number {
    const trailing = this.#trailing
    // position minus index grows where an indexer's position lies between; the tail is the last run of equal ones
    const gap = this.length - trailing.length
    const index = lowest(trailing.length, i => trailing[i]! - i >= gap)
    return index < trailing.length ? trailing[index]! : this.length
  }

  at(position: number): Vertex<U> | undefined {
    return this.#order[position - this.base]
  }

  from(position: number): Vertex<U>[] {
    return this.#order.slice(Math.max(0, position - this.base))
  }

  /** The last unit of a writer below the base. */
  pushBase(vertex: Vertex<U>, { isHead }: { isHead: boolean }): void {
    vertex.position = this.base - 1
    this.#entries += vertex.unit.length
    if (isHead) this.#heads.add(vertex)
    else vertex.emittedAbove = 1
  }

  /** Position `at`, below the base, was filled on behalf of this unit. */
  steerBase(vertex: Vertex<U>, at: number): void {
    vertex.steered = at
    this.#steering.add(vertex)
  }

  heads(): Vertex<U>[] {
    return [...this.#heads].sort(compareVertices)
  }

  push(vertex: Vertex<U>, o: { candidate: Vertex<U>; mode: Mode; verdict: Verdict }): void {
    const position = this.length
    vertex.position = position
    this.#entries += vertex.unit.length - vertex.unit.start
    vertex.mode = o.mode
    vertex.verdict = o.verdict
    this.#order.push(vertex)
    this.#candidates.push(o.candidate)
    if (o.mode !== 'indexer') {
      this.#trailing.push(position)
      this.#trailingCandidates.push(o.candidate)
      if (o.mode === 'tentative') this.#tentative.push(position)
    }
    if (vertex.steered >= 0) this.#steering.delete(vertex)
    if (o.candidate.steered < 0) {
      o.candidate.steered = position
      if (o.candidate !== vertex) this.#steering.add(o.candidate)
    }
    const { previous } = vertex
    if (previous !== null) this.#cover(previous)
    for (const link of vertex.links) this.#cover(link)
    this.#heads.add(vertex)
  }

  /** Un-emits everything from `length` on, and returns it in order. The caller moves lanes and roles back. */
  truncate(length: number): Vertex<U>[] {
    if (length < this.base) throw new RangeError(`Position ${length} lies below the base`)
    const gone = this.#order.splice(length - this.base)
    for (let i = gone.length - 1; i >= 0; i--) {
      const vertex = gone[i]!
      const position = length + i
      vertex.position = -1
      this.#entries -= vertex.unit.length - vertex.unit.start
      if (vertex.steered >= 0) this.#steering.add(vertex)
      const candidate = this.#candidates.at(position - this.base)
      if (candidate.steered === position) {
        candidate.steered = -1
        this.#steering.delete(candidate)
      }
      this.#heads.delete(vertex)
      const { previous } = vertex
      if (previous !== null) this.#uncover(previous)
      for (const link of vertex.links) this.#uncover(link)
    }
    this.#candidates.truncate(length - this.base)
    const trailing = lowest(this.#trailing.length, i => this.#trailing[i]! >= length)
    this.#trailing.length = trailing
    this.#trailingCandidates.truncate(trailing)
    this.#tentative.length = lowest(this.#tentative.length, i => this.#tentative[i]! >= length)
    return gone
  }

  /**
   * The first position, from `from` on, where this unit would be taken before the candidate that was taken there, given
   * that everything its writer wrote before is emitted by then. `length` when there is none.
   */
  considered(unit: U, o: { lane: Lane<U>; from: number }): number {
    const { length } = this
    const { spans } = o.lane
    if (o.from >= length) return length
    for (let i = Math.max(0, spanAt(spans, o.from)); i < spans.length; i++) {
      const span = spans[i]!
      const start = Math.max(o.from, span.from)
      const end = i + 1 < spans.length ? spans[i + 1]!.from : length
      if (start >= end || span.role === 'none') continue
      const position =
        span.role === 'indexer' ? this.#beforeIndexer(unit, start) : this.#beforeWriter(unit, start)
      if (position < end) return position
    }
    return length
  }

  /**
   * A unit of this writer that is stamped later than this changes nothing among what is emitted, given that it comes after
   * what its writer has emitted: what a base says of it. Infinity: there is no such time.
   */
  before(lane: Lane<U>): number {
    const last = lane.units[lane.next - 1]
    const from = last === undefined ? this.base : last.position + 1
    // what was so below the base still is, unless the writer has gone on since
    let before = last === undefined || last.isBase ? lane.before : 0
    for (let i = 0; i < lane.spans.length; i++) {
      const { role } = lane.spans[i]!
      const start = Math.max(from, lane.spans[i]!.from, this.base)
      const end = lane.spans[i + 1]?.from ?? this.length
      if (role === 'none' || start >= end) continue
      before = Math.max(
        before,
        role === 'indexer' ? this.#highest(start, end) : this.#highestTrailing(start, end)
      )
    }
    return before
  }

  #highest(from: number, to: number): number {
    const trailing = this.#trailing[this.#trailingFrom(from)]
    if (trailing !== undefined && trailing < to) return Number.POSITIVE_INFINITY
    return this.#candidates.highest(from - this.base, to - this.base)?.unit.timestamp ?? 0
  }

  #highestTrailing(from: number, to: number): number {
    const range = [this.#trailingFrom(from), this.#trailingFrom(to)] as const
    return this.#trailingCandidates.highest(...range)?.unit.timestamp ?? 0
  }

  // an indexer's unit goes before the greater ones of indexers, and before whatever ordinary writers brought in
  #beforeIndexer(unit: U, from: number): number {
    const trailing = this.#trailing[this.#trailingFrom(from)] ?? this.length
    return Math.min(trailing, this.base + this.#candidates.firstAbove(unit, from - this.base))
  }

  // an ordinary writer's unit never goes before those of indexers, but before all tentative ones
  #beforeWriter(unit: U, from: number): number {
    const tentative =
      this.#tentative[lowest(this.#tentative.length, i => this.#tentative[i]! >= from)] ?? this.length
    const above = this.#trailingCandidates.firstAbove(unit, this.#trailingFrom(from))
    return Math.min(tentative, this.#trailing[above] ?? this.length)
  }

  #trailingFrom(position: number): number {
    return lowest(this.#trailing.length, i => this.#trailing[i]! >= position)
  }

  #cover(vertex: Vertex<U>): void {
    if (vertex.emittedAbove++ === 0) this.#heads.delete(vertex)
  }

  // going back from the end, what it depends on is still emitted, or its own turn comes
  #uncover(vertex: Vertex<U>): void {
    if (--vertex.emittedAbove === 0) this.#heads.add(vertex)
  }
}

/** The lowest index for which `holds` is true, given that it is true for all after it; `length` when there is none. */
function lowest(length: number, holds: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
