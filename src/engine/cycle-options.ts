import type { AutobeeError } from '../errors.ts'
import type { Unit } from '../oplog/unit.ts'
import type { Linearizer } from '../order/index.ts'
import type { OrderHashes } from '../system/order-hash.ts'
import type { Applier } from './applier.ts'
import type { History } from './history.ts'
import type { Journal } from './journal.ts'
import type { LocalWriter } from './local-writer.ts'
import type { OnceRecord } from './once.ts'
import type { Append, AppendQueue } from './queue.ts'
import type { CycleReport } from './report.ts'
import type { Blocked, WriterSet } from './writers.ts'

export interface CycleOptions {
  readonly linearizer: Linearizer<Unit>
  readonly hashes: OrderHashes
  readonly applier: Applier
  readonly journal: Journal
  readonly history: History
  readonly writers: WriterSet
  readonly localId: string
  /** null while nothing can be written to the local oplog. */
  local(): LocalWriter | null
  readonly queue: AppendQueue
  readonly once: OnceRecord
  readonly maxClockDrift: number
  readonly stats: CycleStats
  now(): number
  /** The own cores are not what they were when the engine was opened: nothing can be written any more. */
  isStale(): boolean
  /** Can queued appends be looked at? While a lost tail comes back from a peer they wait. */
  mayAppend(): boolean
  /** Why no append is possible now, whatever its value; null when it is. */
  refusal(append: Append): AutobeeError | null
  /** Called after reading, before local appends: tries strangers' units, may put acks into the queue. */
  onready(): Promise<void>
  onreport(report: CycleReport): void
  onblocked(blocked: readonly Blocked[]): void
  oninterrupt(reason: string): void
  /** `apply` threw on a remote entry: nothing is applied any more. */
  onapplyfailed(error: AutobeeError): void
  /** The store failed: memory is ahead of it. */
  onfatal(error: AutobeeError): void
}

export interface CycleStats {
  appends: number
  applies: number
  undos: number
  reapplied: number
  reread: number
  flushes: number
  bytes: number
}
