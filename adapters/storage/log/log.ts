import { AutobeeError } from '../../../src/index.ts'
import type { KeyValueOperation } from '../key-value.ts'
import type { ValueCache } from './cache.ts'
import { storeError } from './errors.ts'
import type { LogFile } from './file.ts'
import type { KeyIndex } from './index.ts'
import { type Changes, encodeOperations } from './operations.ts'
import { LARGEST_FILE } from './place.ts'
import { encodeHeader, HEADER_SIZE, type LogHeader, RECORD_SIZE, sealRecord } from './record.ts'
import type { Settled } from './settled.ts'

export interface LogState {
  readonly file: LogFile
  readonly header: LogHeader
  readonly index: KeyIndex
  readonly cache: ValueCache
  readonly settled: Settled
  /** Behind the last record, bytes. */
  readonly end: number
  /** Of the last record. */
  readonly sequence: number
  readonly sum: number
}

export interface AppendOptions {
  /** The generation is whole with this record. Default false. */
  complete?: boolean
  /** Syncs the file before the record counts. Default false. */
  sync?: boolean
}

/**
 * One generation of the log in its slot, and the index of it. Written by one caller at a time.
 *
 * **A write that fails** has no effect: what may have been written of its record is made unreadable before the failure
 * is told. Where that fails too, what is in the file is unknown: the log is `broken`, and refuses all writes until it is
 * opened anew. Reads go on in both cases.
 */
export class Log {
  readonly file: LogFile
  readonly header: LogHeader
  readonly index: KeyIndex
  readonly cache: ValueCache
  readonly settled: Settled
  readonly #opening = new DataView(randomBytes(4).buffer).getUint32(0)
  #end: number
  #sequence: number
  #sum: number
  #marked = 0
  #isWritten = false
  #broken: AutobeeError | null = null
  #pins = 0
  #whenFree: (() => void) | null = null

  constructor(state: LogState) {
    this.file = state.file
    this.header = state.header
    this.index = state.index
    this.cache = state.cache
    this.settled = state.settled
    this.#end = state.end
    this.#sequence = state.sequence
    this.#sum = state.sum
  }

  get end(): number {
    return this.#end
  }

  get sequence(): number {
    return this.#sequence
  }

  get broken(): AutobeeError | null {
    return this.#broken
  }

  /** Was something written since the opening that has settled, and no record says so? */
  get hasNews(): boolean {
    return this.#isWritten && this.settled.sequence > this.#marked
  }

  /** @throws AutobeeError `STORE_FULL`, `STORE_FAILED` (reason `BROKEN` from then on) */
  async append(operations: readonly KeyValueOperation[], options: AppendOptions = {}): Promise<void> {
    if (this.#broken) throw this.#broken
    const { complete = false, sync = false } = options
    const { record, changes } = encodeOperations(operations, { at: this.#end, complete })
    if (this.#end + record.length > LARGEST_FILE) {
      throw new AutobeeError('STORE_FULL', 'the log of this store has reached its largest size, 256 GiB')
    }
    const settled = this.settled.sequence
    const sum = sealRecord(record, {
      id: this.header.id,
      opening: this.#opening,
      sequence: this.#sequence + 1,
      settled,
      previous: this.#sum
    })
    const { length } = record
    await this.#write(record, sync)
    this.#end += length
    this.#sequence++
    this.#sum = sum
    this.#marked = settled
    this.#isWritten ||= operations.length > 0
    this.settled.wrote(this.#sequence)
    if (sync && this.file.sync) this.settled.synced(this.#sequence)
    this.index.apply(changes)
    this.#keep(operations, changes)
  }

  /** @throws AutobeeError `STORE_FAILED`: which writes have reached the disk is unknown then, so it is `broken` */
  async sync(): Promise<void> {
    if (this.#broken) throw this.#broken
    if (!this.file.sync) return
    const sequence = this.#sequence
    try {
      await this.file.sync()
    } catch (error) {
      // a system that failed to write a page forgets that it has to
      this.break(error)
      throw storeError(error, 'what was written could not be synced')
    }
    this.settled.synced(sequence)
  }

  /** Takes no more writes until it is opened anew. */
  break(cause: unknown): void {
    this.#broken ??= brokenError(cause)
  }

  /** Says in the slot that a later generation has taken its place. What was written stays readable. */
  async retire(): Promise<void> {
    await this.file.write(0, encodeHeader({ ...this.header, retired: true }))
  }

  /** Whoever reads keeps the slot from being written anew. */
  pin(): void {
    this.#pins++
  }

  unpin(): void {
    this.#pins--
    if (this.#pins > 0) return
    this.#whenFree?.()
    this.#whenFree = null
  }

  get isPinned(): boolean {
    return this.#pins > 0
  }

  /** Calls `then` once, when nobody has a pin. */
  whenFree(then: () => void): void {
    if (this.#pins === 0) then()
    else this.#whenFree = then
  }

  async #write(record: Uint8Array, sync: boolean): Promise<void> {
    try {
      await this.file.write(this.#end, record)
      if (sync) await this.file.sync?.()
    } catch (error) {
      await this.#undo(error)
      throw storeError(error, 'the store could not be written')
    }
  }

  /** A record that was written whole, though its write failed, would be there again at the next opening. */
  async #undo(error: unknown): Promise<void> {
    try {
      // a write that never came back is not in the size yet: what is written over it comes after it
      const isUncertain = AutobeeError.is(error) && error.reason === 'TIMEOUT'
      const size = await this.file.size()
      const written = isUncertain ? RECORD_SIZE : Math.min(size - this.#end, RECORD_SIZE)
      if (written <= 0) return
      if (this.file.truncate && !isUncertain) await this.file.truncate(this.#end)
      else await this.file.write(this.#end, new Uint8Array(written))
      await this.file.sync?.()
    } catch {
      // `error` is the one to tell; that this failed too is what `broken` says from now on
      this.break(error)
    }
  }

  #keep(operations: readonly KeyValueOperation[], { places }: Changes): void {
    let at = 0
    for (const operation of operations) {
      if (operation.type === 'put') this.cache.set(places[at]!, operation.value)
      at += operation.type === 'delete-range' ? 2 : 1
    }
  }
}

/** Writes the header of a new generation over the beginning of a slot. */
export function newHeader(generation: number): { header: LogHeader; bytes: Uint8Array } {
  const id = randomBytes(8)
  // no byte of text, and rare in other data: what looks for records finds less that is none
  id[0]! |= 0xf8
  const header = { id, generation, retired: false }
  return { header, bytes: encodeHeader(header) }
}

/** A slot shorter than that was never opened to its end: a header, and a record that says it is complete. */
export const CREATION_SIZE = HEADER_SIZE + RECORD_SIZE + 1

function brokenError(cause: unknown): AutobeeError {
  return new AutobeeError(
    'STORE_FAILED',
    'a write failed and could not be undone, so the store takes no more; close it and open it again',
    { cause, reason: 'BROKEN' }
  )
}

function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length))
}
