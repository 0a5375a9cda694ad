import type { Unit } from '../oplog/unit.ts'
import type { Link } from '../order/index.ts'

/** Units by their writers, as the linearizer has them. */
export interface KnownUnits {
  /** null also for what lies too far back to be in memory. */
  find(writer: string, length: number): Pick<Unit, 'timestamp'> | null
  knows(writer: string, length: number): boolean
}

/**
 * The unit as it was ordered: without what it links to in a version of a forked oplog that this peer does not have.
 * Everything else that an ordered unit links to is known, and older.
 */
export function withLiveLinks(unit: Unit, known: KnownUnits): Unit {
  const isLive = ({ writer, length }: Link) => {
    const target = known.find(writer, length)
    return target ? target.timestamp < unit.timestamp : known.knows(writer, length)
  }
  return unit.links.every(isLive) ? unit : { ...unit, links: unit.links.filter(isLive) }
}

/** Units that are read again, in the order that they had. */
export class UnitsAgain implements KnownUnits {
  readonly #units = new Map<string, Unit[]>()

  /** @param lasts the last one of each writer before */
  constructor(lasts: Iterable<Unit>) {
    for (const unit of lasts) this.add(unit)
  }

  add(unit: Unit): void {
    const list = this.#units.get(unit.writer)
    if (list) list.push(unit)
    else this.#units.set(unit.writer, [unit])
  }

  find(writer: string, length: number): Unit | null {
    const list = this.#units.get(writer) ?? []
    let low = 0
    let high = list.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((list[middle] as Unit).length >= length) high = middle
      else low = middle + 1
    }
    const unit = list[low]
    return unit && unit.start < length ? unit : null
  }

  knows(writer: string, length: number): boolean {
    return length <= (this.#units.get(writer)?.at(-1)?.length ?? 0)
  }
}
