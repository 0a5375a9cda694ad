import { crc32c } from './checksum.ts'
import type { LogFile } from './file.ts'
import { type KeyText, textOf } from './keys.ts'
import { Changes, COMPLETE, DELETE, DELETE_RANGE, PUT } from './operations.ts'
import { LARGEST_FILE, placeOf } from './place.ts'
import { decodeRecord, RECORD_SIZE, type RecordHeader, viewOf } from './record.ts'

const CHUNK = 1024 * 1024

/** Reads a part of a file from its beginning to its end, a chunk at a time. */
export class ByteReader {
  readonly #file: LogFile
  readonly #end: number
  readonly #chunk: number
  #bytes: Uint8Array = new Uint8Array(0)
  #view = viewOf(this.#bytes)
  /** Where `#bytes` is in the file. */
  #base: number
  #at = 0

  constructor(file: LogFile, { from, end, chunk = CHUNK }: { from: number; end: number; chunk?: number }) {
    this.#file = file
    this.#base = from
    this.#end = end
    this.#chunk = chunk
  }

  get position(): number {
    return this.#base + this.#at
  }

  /** Until the end of the part. */
  get left(): number {
    return this.#end - this.position
  }

  /** What has been read from here on. */
  get buffered(): Uint8Array {
    return this.#bytes.subarray(this.#at)
  }

  has(length: number): boolean {
    return this.#bytes.length - this.#at >= length
  }

  /** Reads on until `length` bytes, which the part has, are buffered; those that were passed are forgotten. */
  async fill(length: number): Promise<void> {
    if (this.has(length)) return
    const rest = this.buffered
    const more = Math.min(Math.max(length - rest.length, this.#chunk), this.left - rest.length)
    const read = await this.#file.read(this.position + rest.length, more)
    this.#base = this.position
    this.#at = 0
    this.#bytes = rest.length === 0 ? read : joined(rest, read)
    this.#view = viewOf(this.#bytes)
  }

  skip(length: number): void {
    this.#at += length
  }

  uint8(at: number): number {
    return this.#bytes[this.#at + at]!
  }

  uint16(at: number): number {
    return this.#view.getUint16(this.#at + at, true)
  }

  uint32(at: number): number {
    return this.#view.getUint32(this.#at + at, true)
  }

  text(at: number, length: number): KeyText {
    return textOf(this.#bytes.subarray(this.#at + at, this.#at + at + length))
  }

  sum(crc: number, length: number): number {
    return crc32c(crc, this.#bytes, { start: this.#at, end: this.#at + length })
  }

  record(id: Uint8Array): RecordHeader | null {
    return decodeRecord(this.#bytes, { at: this.#at, id })
  }
}

export interface ReadRecord {
  readonly header: RecordHeader
  readonly changes: Changes
}

/** The record that begins here, when all of it is whole, and the reader behind it; else null, and the reader anywhere. */
export async function readRecord(reader: ByteReader, id: Uint8Array): Promise<ReadRecord | null> {
  if (reader.left < RECORD_SIZE) return null
  if (!reader.has(RECORD_SIZE)) await reader.fill(RECORD_SIZE)
  const header = reader.record(id)
  if (!header || header.length > reader.left - RECORD_SIZE) return null
  reader.skip(RECORD_SIZE)
  const changes = await new PayloadReader(reader, header.length).read()
  return changes && changes.sum === header.payloadSum ? { header, changes: changes.changes } : null
}

/** Reads a payload without its values, which only go into the checksum: a commit may be larger than the memory. */
class PayloadReader {
  readonly #reader: ByteReader
  readonly #changes = new Changes()
  #left: number
  #sum = 0

  constructor(reader: ByteReader, length: number) {
    this.#reader = reader
    this.#left = length
  }

  /** null when it cannot be understood: it is damaged then. */
  async read(): Promise<{ sum: number; changes: Changes } | null> {
    while (this.#left > 0) {
      const isGood = this.#need(HEAD) || (await this.#fill(HEAD)) ? await this.#operation() : false
      if (!isGood) return null
    }
    return { sum: this.#sum, changes: this.#changes }
  }

  #operation(): boolean | Promise<boolean> {
    const type = this.#reader.uint8(0)
    if (type === COMPLETE) {
      this.#changes.isComplete = true
      return this.#pass(1)
    }
    if (this.#left < HEAD) return false
    const length = this.#reader.uint16(1)
    if (type === PUT) return this.#within(HEAD + length + 4, () => this.#put(length))
    if (type === DELETE) return this.#within(HEAD + length, () => this.#delete(length))
    if (type === DELETE_RANGE) return this.#within(HEAD + 2 + length, () => this.#deleteRange(length))
    return false
  }

  #put(length: number): boolean | Promise<boolean> {
    const size = this.#reader.uint32(HEAD + length)
    const offset = this.#reader.position + HEAD + length
    const whole = HEAD + length + 4 + size + 4
    if (whole > this.#left || offset >= LARGEST_FILE) return false
    this.#changes.put(this.#reader.text(HEAD, length), placeOf(offset, size))
    return this.#reader.has(whole) ? this.#pass(whole) : this.#passAll(whole)
  }

  #delete(length: number): boolean {
    this.#changes.delete(this.#reader.text(HEAD, length))
    return this.#pass(HEAD + length)
  }

  #deleteRange(length: number): boolean | Promise<boolean> {
    const endLength = this.#reader.uint16(HEAD)
    const whole = HEAD + 2 + length + endLength
    return this.#within(whole, () => {
      const start = this.#reader.text(HEAD + 2, length)
      this.#changes.deleteRange(start, this.#reader.text(HEAD + 2 + length, endLength))
      return this.#pass(whole)
    })
  }

  /** Goes on when the payload has that many bytes, and they are buffered: at once where it can, for speed. */
  #within(length: number, next: () => boolean | Promise<boolean>): boolean | Promise<boolean> {
    if (length > this.#left) return false
    if (this.#reader.has(length)) return next()
    return this.#reader.fill(length).then(next)
  }

  #need(length: number): boolean {
    return this.#reader.has(Math.min(length, this.#left))
  }

  async #fill(length: number): Promise<true> {
    await this.#reader.fill(Math.min(length, this.#left))
    return true
  }

  #pass(length: number): boolean {
    this.#sum = this.#reader.sum(this.#sum, length)
    this.#reader.skip(length)
    this.#left -= length
    return true
  }

  async #passAll(length: number): Promise<boolean> {
    for (let left = length; left > 0; ) {
      if (!this.#reader.has(1)) await this.#reader.fill(1)
      const part = Math.min(left, this.#reader.buffered.length)
      this.#pass(part)
      left -= part
    }
    return true
  }
}

/**
 * The highest mark of what had settled, out of all records of this log that still have a whole header, wherever they
 * begin from here on; 0 when there are none.
 */
export async function findSettled(reader: ByteReader, id: Uint8Array): Promise<number> {
  let settled = 0
  while (reader.left >= RECORD_SIZE) {
    if (!reader.has(RECORD_SIZE)) await reader.fill(RECORD_SIZE)
    const header = reader.uint8(0) === id[0] ? reader.record(id) : null
    settled = Math.max(settled, header?.settled ?? 0)
    reader.skip(1 + distanceTo(id[0]!, reader.buffered.subarray(1)))
  }
  return settled
}

function distanceTo(byte: number, bytes: Uint8Array): number {
  const found = bytes.indexOf(byte)
  return found === -1 ? bytes.length : found
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(a.length + b.length)
  bytes.set(a)
  bytes.set(b, a.length)
  return bytes
}

/** Type and first length of an operation. */
const HEAD = 3
