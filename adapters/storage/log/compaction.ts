import type { KeyValueOperation } from '../key-value.ts'
import { crc32c } from './checksum.ts'
import { corruptError } from './errors.ts'
import type { LogFile } from './file.ts'
import { bytesOf } from './keys.ts'
import type { Log } from './log.ts'
import { decodeOperations } from './operations.ts'
import { boundOf } from './place.ts'
import { decodeRecord, RECORD_SIZE } from './record.ts'
import { beginLog, type RecoveryOptions } from './recovery.ts'
import { readValues, type Wanted } from './values.ts'

/** Bytes of values that are copied at once, if it is not a single one. */
const CHUNK = 256 * 1024

export interface CompactionOptions {
  readonly from: Log
  readonly to: LogFile
  readonly generation: number
  readonly recovery: RecoveryOptions
  /** Called between two writes: throws to end the compaction. */
  readonly check: () => void
}

/**
 * Copies a log into the other slot as its next generation, beside commits: first the entries of one moment, then, record
 * by record, what was committed since. The new generation counts from its completion on, which is one write.
 */
export class Compaction {
  readonly #options: CompactionOptions
  #copied: number
  #log: Log | null = null

  constructor(options: CompactionOptions) {
    this.#options = options
    this.#copied = options.from.end
  }

  /** Copies until little is left, while commits go on. */
  async copy(): Promise<void> {
    const { from, to, generation, recovery, check } = this.#options
    // the entries and `#copied` are of one moment: nothing is awaited in between
    const entries = from.index.clone().entries({})
    this.#log = await beginLog(to, { generation, options: recovery })
    let batch: Wanted[] = []
    let bytes = 0
    for (const [text, place] of entries) {
      batch.push({ key: bytesOf(text), place })
      bytes += text.length + boundOf(place) + OVERHEAD
      if (bytes < CHUNK) continue
      check()
      await this.#copyEntries(batch)
      batch = []
      bytes = 0
    }
    if (batch.length > 0) await this.#copyEntries(batch)
    while (from.end - this.#copied > CHUNK) {
      check()
      await this.#catchUp(from.end)
    }
  }

  /** Copies what is left and completes the generation. No commit may run. */
  async complete(): Promise<Log> {
    const log = this.#log!
    await this.#catchUp(this.#options.from.end)
    await log.append([], { complete: true })
    // where it can be known, the generation is safe at once, and the one before can be retired
    await log.sync()
    return log
  }

  async #copyEntries(batch: readonly Wanted[]): Promise<void> {
    const values = await readValues(this.#options.from, batch, { keep: false })
    const operations = batch.map(({ key }, i): KeyValueOperation => ({ type: 'put', key, value: values[i]! }))
    await this.#log!.append(operations)
  }

  async #catchUp(end: number): Promise<void> {
    const { from } = this.#options
    while (this.#copied < end) {
      const head = await from.file.read(this.#copied, RECORD_SIZE)
      const header = decodeRecord(head, { at: 0, id: from.header.id })
      const payload = header && (await from.file.read(this.#copied + RECORD_SIZE, header.length))
      if (!payload || crc32c(0, payload) !== header.payloadSum) {
        throw corruptError('a record of this store is not what was written')
      }
      const operations = decodeOperations(payload)
      if (operations.length > 0) await this.#log!.append(operations)
      this.#copied += RECORD_SIZE + header.length
    }
  }
}

/** Of an entry without a value, in the memory. */
const OVERHEAD = 100
