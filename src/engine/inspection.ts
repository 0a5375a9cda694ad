import type { Unit } from '../oplog/unit.ts'
import type { Linearizer, Placement } from '../order/index.ts'
import { BOOT_KEY, type Boot, decodeBoot } from '../system/boot.ts'
import type { OrderHashes } from '../system/order-hash.ts'
import type { Cycle } from './cycle.ts'
import type { Engine } from './engine.ts'
import type { Blocked, WriterSet } from './writers.ts'

/** What tests see of an engine, besides what users do. */
export interface Inspection {
  /** The whole order as it stands. */
  placements(): Placement<Unit>[]
  /** Rolling hash of all of it. */
  orderHash(): Uint8Array
  /** The boot record as it is stored. */
  boot(): Promise<Boot | null>
  readonly linearizer: Linearizer<Unit>
  readonly writers: WriterSet
  readonly cycle: Cycle
  readonly blocked: readonly Blocked[]
}

export function inspect(engine: Engine, { hashes }: { hashes: OrderHashes }): Inspection {
  const { linearizer, writers, cycle, blocked } = engine
  return {
    linearizer,
    writers,
    cycle,
    blocked,
    placements: () => Array.from({ length: linearizer.length }, (_, position) => linearizer.at(position)),
    orderHash: () => hashes.at(linearizer.length),
    boot: async () => {
      const record = await engine.own.system.getUserData(BOOT_KEY)
      return record ? decodeBoot(record) : null
    }
  }
}
