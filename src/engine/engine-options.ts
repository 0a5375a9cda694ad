import type { ApplyHost } from '../apply/host.ts'
import type { AutobeeError } from '../errors.ts'
import type { AutobeeEvents } from '../events.ts'
import type { Codec } from '../value-encoding.ts'
import type { ApplyNode } from './applier.ts'
import type { DatabaseCores, LocalChoice } from './cores.ts'
import type { CycleStats } from './cycle-options.ts'
import type { Engine } from './engine.ts'
import type { HistoryLimits } from './history.ts'
import type { FlushPhase } from './journal.ts'
import type { Append, AppendQueue } from './queue.ts'
import type { CycleReport } from './report.ts'
import type { ViewWriter } from './view-writer.ts'

export type Emit = <K extends keyof AutobeeEvents>(event: K, ...args: AutobeeEvents[K]) => void

export interface EngineOptions {
  readonly cores: DatabaseCores
  readonly key: Uint8Array
  readonly discoveryKey: Uint8Array
  readonly local: LocalChoice
  /** Oplogs that were found forked since the database was opened: it stays so when an engine replaces another. */
  readonly forked: Set<string>
  /** A conflict was just seen on the local oplog. */
  readonly localFrozen: boolean
  readonly codec: Codec
  readonly encrypted: boolean
  readonly durability: 'relaxed' | 'sync'
  readonly maxClockDrift: number
  readonly raw: boolean
  readonly history: HistoryLimits
  readonly queue: AppendQueue
  readonly stats: CycleStats
  now(): number
  emit: Emit
  onphase(phase: FlushPhase): void
  /** Opens the user's view on the writable bee. */
  openView(bee: ViewWriter['bee']): unknown
  /** Closes the user's view on the writable bee. Never throws. */
  closeView(view: unknown): Promise<void>
  /** The user's `apply`. */
  apply(nodes: ApplyNode[], view: unknown, host: ApplyHost): unknown
  /** Why no append is possible, beside what the engine knows; null when it is. */
  refusal(append: Append): AutobeeError | null
  onready(engine: Engine): Promise<void>
  onreport(report: CycleReport): void
  /** The engine's state no longer matches its cores: open a new one. */
  onstale(reason: 'GROWN' | 'CONFLICT'): void
  onfatal(error: AutobeeError): void
}
