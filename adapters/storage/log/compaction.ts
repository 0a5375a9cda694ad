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
const SMALLEST_CHUNK = RECORD_SIZE

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
  readonly #chunk: number
  #copied: number
  #log: Log | null = null
  #isCompleting = false

  constructor(options: CompactionOptions) {
    this.#options = options
    this.#chunk = Math.max(options.recovery.chunk ?? CHUNK, SMALLEST_CHUNK)
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
      if (bytes < this.#chunk) continue
      check()
      await this.#copyEntries(batch)
      batch = []
      bytes = 0
    }
    if (batch.length > 0) await this.#copyEntries(batch)
    // as long as it gets less: commits may come faster than they can be copied
    for (let left = from.end - this.#copied, before = left + 1; left > this.#chunk && left < before; ) {
      check()
      await this.#catchUp(from.end)
      before = left
      left = from.end - this.#copied
    }
  }

  /** It failed, and left a generation that may count at the next opening. */
  get isUncertain(): boolean {
    return this.#isCompleting && this.#log!.broken !== null
  }

  /** Copies what is left and completes the generation. No commit may run. */
  async complete(): Promise<Log> {
    const log = this.#log!
    await this.#catchUp(this.#options.from.end)
    this.#isCompleting = true
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
    while (this.#copied < end) {
      const operations = await this.#readCommitted(end)
      if (operations.length > 0) await this.#log!.append(operations)
    }
  }

  /** The operations of the next records: of one, or of as many as a chunk has. */
  async #readCommitted(end: number): Promise<KeyValueOperation[]> {
    const { file, header } = this.#options.from
    const operations: KeyValueOperation[] = []
    let bytes = await file.read(this.#copied, Math.min(end - this.#copied, this.#chunk))
    for (let at = 0; at + RECORD_SIZE <= bytes.length; ) {
      const record = decodeRecord(bytes, { at, id: header.id })
      if (!record) throw corruptError('a record of this store is not what was written')
      const next = at + RECORD_SIZE + record.length
      if (next > bytes.length && at > 0) break
      if (next > bytes.length) bytes = await file.read(this.#copied, next)
      const payload = bytes.subarray(at + RECORD_SIZE, next)
      if (crc32c(0, payload) !== record.payloadSum) {
        throw corruptError('a record of this store is not what was written')
      }
      for (const operation of decodeOperations(payload)) operations.push(operation)
      this.#copied += next - at
      at = next
    }
    return operations
  }
}

/** Of an entry without a value, in the memory. */
const OVERHEAD = 100
