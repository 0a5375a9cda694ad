import { AutobeeError } from '../../../src/index.ts'
import { Compaction } from './compaction.ts'
import { closedError, storeError } from './errors.ts'
import type { LogFile, LogFiles } from './file.ts'
import type { Log } from './log.ts'
import { HEADER_SIZE } from './record.ts'
import type { Recovered, RecoveryOptions } from './recovery.ts'

export interface MaintenanceOptions {
  readonly recovery: RecoveryOptions
  /** Garbage that is never worth a compaction, bytes. */
  readonly minGarbage: number
  /** Runs after the commits that were called before, and before those that are called later. */
  readonly exclusively: <T>(task: () => Promise<T>) => Promise<T>
  readonly onerror: (error: AutobeeError) => void
}

/**
 * Keeps the log at no more than twice the size of what it holds. `evaluate` decides, whenever something changed:
 * 1. The generation before this one is retired once this one has settled: until then it is what a power cut falls back on.
 * 2. Its slot is given free once nobody reads it any more.
 * 3. Then, when more than half of the log is garbage, the next generation is made there.
 */
export class Maintenance {
  readonly #files: LogFiles
  readonly #options: MaintenanceOptions
  #log: Log
  /** The generation before, as long as its slot may not be written. */
  #previous: { log: Log; isRetired: boolean } | null
  /** The record with which the current generation was complete, or was read. */
  #settlesAt: number
  #generation: number
  #running: Promise<void> | null = null
  #isStopped = false
  /** After a failure: not before the log is that long. */
  #notBefore = 0

  constructor(files: LogFiles, { log, other, generation }: Recovered, options: MaintenanceOptions) {
    this.#files = files
    this.#options = options
    this.#log = log
    this.#previous = other && { log: other, isRetired: false }
    this.#settlesAt = log.sequence
    this.#generation = generation
  }

  /** The generation that counts. */
  get log(): Log {
    return this.#log
  }

  evaluate(): void {
    if (this.#running || this.#isStopped || this.#log.broken || this.#log.end < this.#notBefore) return
    const task = this.#next()
    if (!task) return
    this.#running = task.then(
      () => this.#ended(),
      error => this.#failed(error)
    )
  }

  /** Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
  }

  /** Last thing before the files are closed: were the current generation lost, the one before would be taken for it. */
  async finish(): Promise<void> {
    const retiring = this.#retireSettled()
    if (retiring) await retiring.catch(error => this.#failed(error))
  }

  #next(): Promise<void> | null {
    const previous = this.#previous
    if (previous && !previous.isRetired) return this.#retireSettled()
    if (previous) return previous.log.isPinned ? null : this.#free(previous.log)
    const garbage = this.#log.end - HEADER_SIZE - this.#log.index.liveBytes
    return garbage > Math.max(this.#options.minGarbage, this.#log.index.liveBytes) ? this.#compact() : null
  }

  #retireSettled(): Promise<void> | null {
    const previous = this.#previous
    if (!previous || previous.isRetired || this.#log.settled.sequence < this.#settlesAt) return null
    return this.#retire(previous)
  }

  async #retire(previous: { log: Log; isRetired: boolean }): Promise<void> {
    await previous.log.retire()
    previous.isRetired = true
    previous.log.whenFree(() => this.evaluate())
  }

  async #free({ file }: Log): Promise<void> {
    await file.truncate?.(HEADER_SIZE)
    this.#previous = null
  }

  async #compact(): Promise<void> {
    const before = this.#log
    const to = this.#otherSlot(before)
    const compaction = new Compaction({
      from: before,
      to,
      generation: ++this.#generation,
      recovery: this.#options.recovery,
      check: () => {
        if (this.#isStopped) throw closedError()
      }
    })
    try {
      await compaction.copy()
    } catch (error) {
      await this.#clear(to)
      throw error
    }
    await this.#options.exclusively(async () => this.#switch(before, await this.#complete(compaction, to)))
  }

  async #complete(compaction: Compaction, to: LogFile): Promise<Log> {
    try {
      return await compaction.complete()
    } catch (error) {
      const isGone = await this.#clear(to)
      // what was committed from now on would be lost, if the next opening took the other one
      if (compaction.isUncertain && !isGone) this.#log.break(error)
      throw error
    }
  }

  #switch(before: Log, log: Log): void {
    this.#log = log
    this.#previous = { log: before, isRetired: false }
    this.#settlesAt = log.sequence
  }

  /** Gives the room back that a compaction took, as far as it can: what made it fail is the error to tell. */
  async #clear(slot: LogFile): Promise<boolean> {
    if (!slot.truncate) return false
    try {
      await slot.truncate(0)
      await slot.sync?.()
      return true
    } catch {
      return false
    }
  }

  #otherSlot({ file }: Log): LogFile {
    const [first, second] = this.#files.slots
    return file === first ? second : first
  }

  #ended(): void {
    this.#running = null
    this.evaluate()
  }

  #failed(error: unknown): void {
    this.#running = null
    this.#notBefore = this.#log.end * 2
    if (!AutobeeError.is(error, 'STORE_CLOSED')) {
      this.#options.onerror(storeError(error, 'the store could not be compacted'))
    }
  }
}
