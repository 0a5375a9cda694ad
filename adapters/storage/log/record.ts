import { crc32c } from './checksum.ts'

/**
 * A slot is a header and then records, all numbers little-endian:
 *
 *     header  0 magic 8 | 8 id of this log 8 | 16 generation 6 | 22 state 1 | 23 zero 5 | 28 CRC of 0–28, 4
 *     record  0 id of the log 8 | 8 opening 4 | 12 sequence 6 | 18 settled 6 | 24 length of the payload 4
 *             | 28 CRC of the payload 4 | 32 CRC of the header before it 4 | 36 CRC of 0–36, 4 | 40 payload
 *
 * The id is random for every generation, and never leaves the device: neither older bytes of the slot, nor another
 * store, nor a value that somebody made up is taken for a record. `opening` is random for every time that the log was
 * opened, and every record carries the checksum of the one before: so what an earlier opening left behind the end
 * never continues what was written over it, be it the same bytes in the same place.
 */
export const HEADER_SIZE = 32
export const RECORD_SIZE = 40
const MAGIC = [0x61, 0x62, 0x65, 0x65, 0x6c, 0x6f, 0x67, 0x01]

export interface LogHeader {
  /** 8 random bytes. */
  readonly id: Uint8Array
  readonly generation: number
  /** A later generation has taken its place for good. */
  readonly retired: boolean
}

export interface RecordHeader {
  readonly opening: number
  /** Counts the records of the store, across generations. */
  readonly sequence: number
  /** All records up to this one were on the disk for good when this one was written, as far as could be known. */
  readonly settled: number
  /** Bytes of the payload. */
  readonly length: number
  readonly payloadSum: number
  /** The `sum` of the record before; for the first, of the header. */
  readonly previous: number
  readonly sum: number
}

export function encodeHeader({ id, generation, retired }: LogHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE)
  const view = viewOf(bytes)
  bytes.set(MAGIC)
  bytes.set(id, 8)
  writeUint48(view, { at: 16, value: generation })
  bytes[22] = retired ? 1 : 0
  view.setUint32(28, crc32c(0, bytes, { end: 28 }), true)
  return bytes
}

/** null when that is no header. */
export function decodeHeader(bytes: Uint8Array): LogHeader | null {
  if (bytes.length < HEADER_SIZE || MAGIC.some((byte, i) => bytes[i] !== byte)) return null
  const view = viewOf(bytes)
  if (view.getUint32(28, true) !== crc32c(0, bytes, { end: 28 })) return null
  return { id: bytes.slice(8, 16), generation: readUint48(view, 16), retired: bytes[22] === 1 }
}

/** Can these first bytes of a file be what is left of a header whose writing was interrupted? */
export function isTornHeader(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === undefined || bytes[i] === 0 || bytes[i] === byte)
}

/** What the first record continues. */
export function headerSum(bytes: Uint8Array): number {
  return viewOf(bytes).getUint32(28, true)
}

/** Writes the header of a record over the first 40 bytes of `record`, whose payload is there; gives its `sum`. */
export function sealRecord(
  record: Uint8Array,
  fields: Pick<RecordHeader, 'opening' | 'sequence' | 'settled' | 'previous'> & { id: Uint8Array }
): number {
  const view = viewOf(record)
  record.set(fields.id)
  view.setUint32(8, fields.opening, true)
  writeUint48(view, { at: 12, value: fields.sequence })
  writeUint48(view, { at: 18, value: fields.settled })
  view.setUint32(24, record.length - RECORD_SIZE, true)
  view.setUint32(28, crc32c(0, record, { start: RECORD_SIZE }), true)
  view.setUint32(32, fields.previous, true)
  const sum = crc32c(0, record, { end: 36 })
  view.setUint32(36, sum, true)
  return sum
}

/** The header of the record that begins at `at`; null when there is none of this log. */
export function decodeRecord(
  bytes: Uint8Array,
  { at, id }: { at: number; id: Uint8Array }
): RecordHeader | null {
  if (bytes.length < at + RECORD_SIZE) return null
  for (let i = 0; i < 8; i++) if (bytes[at + i] !== id[i]) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, RECORD_SIZE)
  const sum = view.getUint32(36, true)
  if (sum !== crc32c(0, bytes, { start: at, end: at + 36 })) return null
  return {
    opening: view.getUint32(8, true),
    sequence: readUint48(view, 12),
    settled: readUint48(view, 18),
    length: view.getUint32(24, true),
    payloadSum: view.getUint32(28, true),
    previous: view.getUint32(32, true),
    sum
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function readUint48(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint16(at + 4, true) * 2 ** 32
}

function writeUint48(view: DataView, { at, value }: { at: number; value: number }): void {
  view.setUint32(at, value % 2 ** 32, true)
  view.setUint16(at + 4, Math.floor(value / 2 ** 32), true)
}
