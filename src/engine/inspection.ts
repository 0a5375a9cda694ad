import type { Unit } from '../oplog/unit.ts'
import type { Linearizer, PlacedUnit, Placement } from '../order/index.ts'
import { type Boot, readBoot } from '../system/boot.ts'
import type { OrderHashes } from '../system/order-hash.ts'
import type { Cycle } from './cycle.ts'
import type { Engine } from './engine.ts'
import type { History } from './history.ts'
import type { Blocked, WriterSet } from './writers.ts'

/** What tests see of an engine, besides what users do. */
export interface Inspection {
  /** The order as it stands, as far as it is in memory. */
  placements(): Placement<Unit>[]
  /** What lies before. */
  past(): Promise<PlacedUnit<Unit>[]>
  /** Rolling hash of all of it, or up to a position that is in memory. */
  orderHash(position?: number): Uint8Array
  /** The boot record as it is stored. */
  boot(): Promise<Boot | null>
  readonly linearizer: Linearizer<Unit>
  readonly writers: WriterSet
  readonly cycle: Cycle
  readonly blocked: readonly Blocked[]
}

export function inspect(
  engine: Engine,
  { hashes, history }: { hashes: OrderHashes; history: History }
): Inspection {
  const { linearizer, writers, cycle, blocked } = engine
  return {
    linearizer,
    writers,
    cycle,
    blocked,
    placements: () =>
      Array.from({ length: linearizer.length - linearizer.base }, (_, i) =>
        linearizer.at(linearizer.base + i)
      ),
    past: () => history.past(),
    orderHash: position => hashes.at(position ?? linearizer.length),
    boot: () => readBoot(engine.own.system)
  }
}
