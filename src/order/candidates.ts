import { Heap } from './heap.ts'
import type { UnitFacts } from './types.ts'
import type { Lane, Vertex } from './vertex.ts'

const INDEXERS = 1
const WRITERS = 2

/**
 * Whose turn it is: the next unit of every indexer and of every ordinary writer, in two heaps, and the local peer's own
 * optimistic units. A vertex is in a heap at most once; what has become wrong about it is seen when it surfaces.
 */
export class Candidates<U extends UnitFacts> {
  readonly #indexers = new Heap<U>()
  readonly #writers = new Heap<U>()
  readonly #local: Lane<U> | null
  readonly #optimistic: Vertex<U>[] = []

  constructor(local: Lane<U> | null) {
    this.#local = local
  }

  /** To be called when a unit was added. */
  learn(vertex: Vertex<U>): void {
    if (vertex.lane !== this.#local || !vertex.unit.optimistic) return
    this.#purge()
    this.#optimistic.push(vertex)
  }

  /** To be called when the lane's next unit or its role is another one than before. */
  queue(lane: Lane<U>): void {
    const vertex = lane.units[lane.next]
    if (vertex === undefined || lane.role === 'none') return
    const bit = lane.role === 'indexer' ? INDEXERS : WRITERS
    if ((vertex.queued & bit) !== 0) return
    vertex.queued |= bit
    if (bit === INDEXERS) this.#indexers.push(vertex)
    else this.#writers.push(vertex)
  }

  /** K of rule 1, else X of rule 2, else the first local unit that waits to be acknowledged. */
  best(): Vertex<U> | null {
    return this.#top(this.#indexers, INDEXERS) ?? this.#top(this.#writers, WRITERS) ?? this.#ownOptimistic()
  }

  #top(heap: Heap<U>, bit: number): Vertex<U> | null {
    const role = bit === INDEXERS ? 'indexer' : 'writer'
    for (;;) {
      const vertex = heap.peek()
      if (vertex === undefined) return null
      if (vertex.index === vertex.lane.next && vertex.lane.role === role) return vertex
      heap.pop()
      vertex.queued &= ~bit
    }
  }

  #ownOptimistic(): Vertex<U> | null {
    const lane = this.#local
    if (lane === null || lane.role !== 'none' || lane.next === lane.units.length) return null
    const own = this.#optimistic
    this.#purge()
    let low = 0
    let high = own.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (own[middle]!.index >= lane.next) high = middle
      else low = middle + 1
    }
    return own[low] ?? null
  }

  // units are only ever taken from the end of a lane, so those that are no longer known are the last ones
  #purge(): void {
    const own = this.#optimistic
    while (own.length > 0 && own[own.length - 1]!.index < 0) own.pop()
  }
}
