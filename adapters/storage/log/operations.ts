import { AutobeeError } from '../../../src/index.ts'
import type { KeyValueOperation } from '../key-value.ts'
import { crc32c } from './checksum.ts'
import { type KeyText, textOf } from './keys.ts'
import { type Place, placeOf } from './place.ts'
import { RECORD_SIZE, viewOf } from './record.ts'

/**
 * A payload is a sequence of operations, each with a type of one byte:
 *
 *     put           1 | length of the key 2 | key | length of the value 4 | value | CRC of key and value 4
 *     delete        2 | length of the key 2 | key
 *     delete-range  3 | length of start 2 | length of end 2 | start | end
 *     complete      4 : the generation holds all that the one before it held
 *
 * A value has a checksum of its own, with its key, so that a read of one value proves what it read.
 */
export const PUT = 1
export const DELETE = 2
export const DELETE_RANGE = 3
export const COMPLETE = 4

const LONGEST_KEY = 1024
const LONGEST_VALUE = 64 * 1024 * 1024
/** What an entry takes in the log besides its key and value, bytes. */
export const ENTRY_OVERHEAD = 11

/** What a record does to the index, in its order. */
export class Changes {
  readonly keys: KeyText[] = []
  /** One for each of `keys`; a range takes two. */
  readonly places: Place[] = []
  isComplete = false

  put(key: KeyText, place: Place): void {
    this.keys.push(key)
    this.places.push(place)
  }

  delete(key: KeyText): void {
    this.keys.push(key)
    this.places.push(Changes.DELETE)
  }

  deleteRange(start: KeyText, end: KeyText): void {
    this.keys.push(start, end)
    this.places.push(Changes.DELETE_RANGE, Changes.DELETE_RANGE)
  }

  static readonly DELETE = -1
  static readonly DELETE_RANGE = -2
}

export interface EncodedRecord {
  /** With room for the record's header. */
  readonly record: Uint8Array
  readonly changes: Changes
}

/** A record of these operations, to be written at the offset `at` of a file. */
export function encodeOperations(
  operations: readonly KeyValueOperation[],
  { at, complete = false }: { at: number; complete?: boolean }
): EncodedRecord {
  const record = new Uint8Array(RECORD_SIZE + sizeOf(operations) + (complete ? 1 : 0))
  const writer = new PayloadWriter(record, at)
  for (const operation of operations) writer.write(operation)
  if (complete) writer.complete()
  return { record, changes: writer.changes }
}

class PayloadWriter {
  readonly changes = new Changes()
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #base: number
  #at = RECORD_SIZE

  constructor(bytes: Uint8Array, base: number) {
    this.#bytes = bytes
    this.#view = viewOf(bytes)
    this.#base = base
  }

  write(operation: KeyValueOperation): void {
    if (operation.type === 'put') this.#put(operation.key, operation.value)
    else if (operation.type === 'delete') this.#delete(operation.key)
    else this.#deleteRange(operation.start, operation.end)
  }

  complete(): void {
    this.#bytes[this.#at++] = COMPLETE
    this.changes.isComplete = true
  }

  #put(key: Uint8Array, value: Uint8Array): void {
    this.#bytes[this.#at] = PUT
    this.#view.setUint16(this.#at + 1, key.length, true)
    this.#bytes.set(key, this.#at + 3)
    this.#at += 3 + key.length
    this.changes.put(textOf(key), placeOf(this.#base + this.#at, value.length))
    this.#view.setUint32(this.#at, value.length, true)
    this.#bytes.set(value, this.#at + 4)
    this.#at += 4 + value.length
    this.#view.setUint32(this.#at, entrySum(key, value), true)
    this.#at += 4
  }

  #delete(key: Uint8Array): void {
    this.#bytes[this.#at] = DELETE
    this.#view.setUint16(this.#at + 1, key.length, true)
    this.#bytes.set(key, this.#at + 3)
    this.#at += 3 + key.length
    this.changes.delete(textOf(key))
  }

  #deleteRange(start: Uint8Array, end: Uint8Array): void {
    this.#bytes[this.#at] = DELETE_RANGE
    this.#view.setUint16(this.#at + 1, start.length, true)
    this.#view.setUint16(this.#at + 3, end.length, true)
    this.#bytes.set(start, this.#at + 5)
    this.#bytes.set(end, this.#at + 5 + start.length)
    this.#at += 5 + start.length + end.length
    this.changes.deleteRange(textOf(start), textOf(end))
  }
}

export function entrySum(key: Uint8Array, value: Uint8Array): number {
  return crc32c(crc32c(0, key), value)
}

/** The operations of a payload that was proved whole. Their arrays are views of it. */
export function decodeOperations(payload: Uint8Array): KeyValueOperation[] {
  const view = viewOf(payload)
  const operations: KeyValueOperation[] = []
  let at = 0
  const take = (length: number) => {
    at += length
    return payload.subarray(at - length, at)
  }
  while (at < payload.length) {
    const type = payload[at++]
    if (type === COMPLETE) continue
    const length = view.getUint16(at, true)
    at += 2
    if (type === DELETE_RANGE) {
      const endLength = view.getUint16(at, true)
      at += 2
      operations.push({ type: 'delete-range', start: take(length), end: take(endLength) })
    } else if (type === DELETE) {
      operations.push({ type: 'delete', key: take(length) })
    } else {
      const key = take(length)
      const valueLength = view.getUint32(at, true)
      at += 4
      operations.push({ type: 'put', key, value: take(valueLength) })
      at += 4
    }
  }
  return operations
}

export function checkOperations(operations: readonly KeyValueOperation[]): void {
  for (const operation of operations) {
    if (operation.type === 'delete-range') {
      if (operation.start.length <= LONGEST_BOUND && operation.end.length <= LONGEST_BOUND) continue
      throw new AutobeeError('INVALID_ARGUMENT', `an end of a range has at most ${LONGEST_BOUND} bytes`)
    }
    if (operation.key.length < 1 || operation.key.length > LONGEST_KEY)
      throw new AutobeeError('INVALID_ARGUMENT', `keys have 1 to ${LONGEST_KEY} bytes`)
    if (operation.type === 'put' && operation.value.length > LONGEST_VALUE)
      throw new AutobeeError('INVALID_ARGUMENT', 'values have at most 64 MiB')
  }
}

const LONGEST_BOUND = 0xffff

function sizeOf(operations: readonly KeyValueOperation[]): number {
  let size = 0
  for (const operation of operations) {
    if (operation.type === 'put') size += ENTRY_OVERHEAD + operation.key.length + operation.value.length
    else if (operation.type === 'delete') size += 3 + operation.key.length
    else size += 5 + operation.start.length + operation.end.length
  }
  return size
}
