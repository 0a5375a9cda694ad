import { compareUnits } from './compare.ts'
import type { UnitFacts } from './types.ts'
import { compareVertices, EMPTY, Lane, Vertex } from './vertex.ts'

/** All known units, emitted or not, and what depends on what. Every walk is a loop: a chain of a million is not too deep. */
export class Graph<U extends UnitFacts> {
  readonly #lanes = new Map<string, Lane<U>>()
  // every lane with units that are not emitted is on it, so that nothing has to look through all writers
  #backlog: Lane<U>[] = []
  #stamp = 0

  lane(key: string): Lane<U> {
    let lane = this.#lanes.get(key)
    if (lane === undefined) {
      lane = new Lane(key)
      this.#lanes.set(key, lane)
    }
    return lane
  }

  peek(key: string): Lane<U> | undefined {
    return this.#lanes.get(key)
  }

  lanes(): Iterable<Lane<U>> {
    return this.#lanes.values()
  }

  /** Is that entry known, be it below the base? */
  knows(key: string, length: number): boolean {
    return length <= (this.#lanes.get(key)?.units.at(-1)?.unit.length ?? 0)
  }

  /** The unit that contains the entry which made the writer's oplog this long; null for most of those below the base. */
  find(key: string, length: number): Vertex<U> | null {
    const units = this.#lanes.get(key)?.units
    if (units === undefined || units.length === 0 || length <= units[0]!.unit.start) return null
    let high = units.length - 1
    if (units[high]!.unit.length < length) return null
    // links mostly point to the newest unit
    if (units[high]!.unit.start < length) return units[high]!
    let low = 0
    while (low < high) {
      const middle = (low + high) >> 1
      if (units[middle]!.unit.length >= length) high = middle
      else low = middle + 1
    }
    return units[low]!
  }

  /** What a unit links to, as far as it may matter: not what lies deep below the base. Throws when it is not known, or not smaller than the unit: then causes would not sort first. */
  resolve(unit: U): readonly Vertex<U>[] {
    if (unit.links.length === 0) return EMPTY
    const found: Vertex<U>[] = []
    for (const { writer, length } of unit.links) {
      const vertex = this.find(writer, length)
      if (vertex === null) {
        if (length > 0 && this.knows(writer, length)) continue
        throw new Error(`Linked entry ${writer}:${length} is not known`)
      }
      if (compareUnits(vertex.unit, unit) >= 0)
        throw new Error(`Linked entry ${writer}:${length} is not older`)
      found.push(vertex)
    }
    return found
  }

  /** The last unit of a writer below the base. */
  insertBase(unit: U): Vertex<U> {
    const lane = this.lane(unit.writer)
    const vertex = new Vertex(unit, lane, { links: EMPTY, isBase: true })
    lane.units.push(vertex)
    lane.next = 1
    return vertex
  }

  insert(unit: U): Vertex<U> {
    const links = this.resolve(unit)
    const lane = this.lane(unit.writer)
    const last = lane.units[lane.units.length - 1]
    if (unit.start !== (last?.unit.length ?? 0) || unit.length <= unit.start) {
      throw new Error(`Unit ${unit.start}-${unit.length} is not the next one of ${unit.writer}`)
    }
    if (last !== undefined && compareUnits(last.unit, unit) >= 0)
      throw new Error('Unit is older than the one before')
    const vertex = new Vertex(unit, lane, { links })
    lane.units.push(vertex)
    for (const link of links) link.knownLinks++
    this.list(lane)
    return vertex
  }

  /** Forgets the last unit of a lane. */
  drop(lane: Lane<U>): void {
    const vertex = lane.units.pop()
    if (vertex === undefined) return
    vertex.index = -1
    for (const link of vertex.links) link.knownLinks--
  }

  /** Call it for a lane that may have got units which are not emitted. */
  list(lane: Lane<U>): void {
    if (lane.listed) return
    lane.listed = true
    this.#backlog.push(lane)
  }

  /** Units that are not emitted. */
  get waiting(): number {
    return this.#backlog.reduce((count, lane) => count + lane.units.length - lane.next, 0)
  }

  /**
   * The causal past of a unit, as far as it is not emitted before position `before`; smallest first, the unit itself not
   * included. A unit that was emitted earlier ends the walk: its own past was emitted before it.
   */
  past(links: readonly Vertex<U>[], previous: Vertex<U> | null, before: number): Vertex<U>[] {
    const stamp = ++this.#stamp
    const found: Vertex<U>[] = []
    const meet = (vertex: Vertex<U> | null) => {
      if (vertex === null || vertex.mark === stamp) return
      if (vertex.position >= 0 && vertex.position < before) return
      vertex.mark = stamp
      found.push(vertex)
    }
    meet(previous)
    for (const link of links) meet(link)
    // `found` is the result and the queue of the walk at once
    for (let i = 0; i < found.length; i++) {
      const vertex = found[i]!
      meet(vertex.previous)
      for (const link of vertex.links) meet(link)
    }
    return found.length > 1 ? found.sort(compareVertices) : found
  }

  /** Units that are not emitted, `keep` does not want and no kept unit depends on; dependencies first. */
  removable(keep: (unit: U) => boolean): Vertex<U>[] {
    this.#backlog = this.#backlog.filter(lane => {
      lane.listed = lane.next < lane.units.length
      return lane.listed
    })
    const stamp = ++this.#stamp
    const kept: Vertex<U>[] = []
    const meet = (vertex: Vertex<U> | null) => {
      if (vertex === null || vertex.mark === stamp || vertex.position >= 0) return
      vertex.mark = stamp
      kept.push(vertex)
    }
    for (const lane of this.#backlog) {
      for (let i = lane.next; i < lane.units.length; i++) if (keep(lane.units[i]!.unit)) meet(lane.units[i]!)
    }
    for (let i = 0; i < kept.length; i++) {
      const vertex = kept[i]!
      meet(vertex.previous)
      for (const link of vertex.links) meet(link)
    }
    const rest: Vertex<U>[] = []
    for (const lane of this.#backlog) {
      for (let i = lane.next; i < lane.units.length; i++) {
        if (lane.units[i]!.mark !== stamp) rest.push(lane.units[i]!)
      }
    }
    return rest.sort(compareVertices)
  }
}
