import { compareUnits } from './compare.ts'
import type { UnitFacts } from './types.ts'
import { compareVertices, type Vertex } from './vertex.ts'

const BITS = 4
const FAN = 1 << BITS

/**
 * A list of vertices that answers "the first one, from this index on, that is greater than this unit" in logarithmic time:
 * every level keeps the maximum of each sixteen items of the level below.
 *
 * A prefix maximum alone would not do: a writer's role can begin in the middle of the list, behind a high candidate, and
 * from there the search would be a scan.
 */
export class Peaks<U extends UnitFacts> {
  readonly #levels: Vertex<U>[][] = [[]]

  get length(): number {
    return this.#levels[0]!.length
  }

  at(index: number): Vertex<U> {
    return this.#levels[0]![index]!
  }

  push(item: Vertex<U>): void {
    const levels = this.#levels
    let index = levels[0]!.length
    levels[0]!.push(item)
    for (let l = 1; index > 0 || l < levels.length; l++) {
      index >>= BITS
      if (l === levels.length) {
        // the level below has just got its second item, so its maximum needs a level above
        const below = levels[l - 1]!
        levels.push([compareVertices(below[0]!, item) > 0 ? below[0]! : item])
        return
      }
      const level = levels[l]!
      if (index === level.length) level.push(item)
      else if (compareVertices(level[index]!, item) < 0) level[index] = item
      else return
    }
  }

  truncate(length: number): void {
    const levels = this.#levels
    if (length >= levels[0]!.length) return
    levels[0]!.length = length
    for (let l = 1; l < levels.length; l++) {
      const below = levels[l - 1]!
      const level = levels[l]!
      level.length = (below.length + FAN - 1) >> BITS
      if (level.length === 0) continue
      let i = (level.length - 1) << BITS
      let max = below[i]!
      while (++i < below.length) if (compareVertices(max, below[i]!) < 0) max = below[i]!
      level[level.length - 1] = max
    }
  }

  /** The greatest of the items `from` to `to - 1`. */
  highest(from: number, to: number): Vertex<U> | null {
    const levels = this.#levels
    let best: Vertex<U> | null = null
    for (let index = from; index < to; ) {
      // the largest group that begins here and lies inside
      let l = 0
      let size = 1
      while (l + 1 < levels.length && index % (size * FAN) === 0 && index + size * FAN <= to) {
        l++
        size *= FAN
      }
      const vertex = levels[l]![index / size]!
      if (best === null || compareVertices(best, vertex) < 0) best = vertex
      index += size
    }
    return best
  }

  /** The first index at or after `from` whose vertex is greater than `unit`; `length` when there is none. */
  firstAbove(unit: U, from: number): number {
    const levels = this.#levels
    const top = levels[levels.length - 1]![0]
    const { length } = this
    if (from >= length || top === undefined || compareUnits(top.unit, unit) <= 0) return length
    let index = from
    for (let l = 0; l < levels.length; l++) {
      const level = levels[l]!
      const end = Math.min((index | (FAN - 1)) + 1, level.length)
      for (; index < end; index++)
        if (compareUnits(level[index]!.unit, unit) > 0) return this.#descend(unit, l, index)
      if (index >= level.length) return length
      index >>= BITS
    }
    return length
  }

  #descend(unit: U, from: number, at: number): number {
    let index = at
    for (let l = from - 1; l >= 0; l--) {
      const level = this.#levels[l]!
      index <<= BITS
      while (compareUnits(level[index]!.unit, unit) <= 0) index++
    }
    return index
  }
}
