import { AutobeeError } from '../../../src/index.ts'
import type { KeyValueOperation } from '../key-value.ts'

const LONGEST_KEY = 1024
const LONGEST_VALUE = 64 * 1024 * 1024

/** One character per byte: compares as the bytes do, and engines keep it in one byte each. */
export function textOf(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[])
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** IndexedDB clones all of the buffer that a view looks at, 64 KiB for a key of 40 bytes, and refuses shared memory. */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const isWhole = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength
  return isWhole ? (bytes as Uint8Array<ArrayBuffer>) : Uint8Array.from(bytes)
}

export function ownOperation(operation: KeyValueOperation): KeyValueOperation {
  if (operation.type === 'put')
    return { type: 'put', key: ownBytes(operation.key), value: ownBytes(operation.value) }
  if (operation.type === 'delete') return { type: 'delete', key: ownBytes(operation.key) }
  return { type: 'delete-range', start: ownBytes(operation.start), end: ownBytes(operation.end) }
}

export function sizeOf(operation: KeyValueOperation): number {
  if (operation.type === 'put') return operation.key.length + operation.value.length
  return operation.type === 'delete' ? operation.key.length : operation.start.length + operation.end.length
}

/** @throws AutobeeError `INVALID_ARGUMENT` */
export function checkOperation(operation: KeyValueOperation): void {
  switch (operation?.type) {
    case 'put':
      checkKey(operation.key)
      if (!(operation.value instanceof Uint8Array) || operation.value.length > LONGEST_VALUE)
        throw new AutobeeError('INVALID_ARGUMENT', 'a value is a Uint8Array of at most 64 MiB')
      return
    case 'delete':
      checkKey(operation.key)
      return
    case 'delete-range':
      checkBound(operation.start)
      checkBound(operation.end)
      return
    default:
      throw new AutobeeError('INVALID_ARGUMENT', 'an operation is a put, a delete or a delete-range')
  }
}

/** @throws AutobeeError `INVALID_ARGUMENT` */
export function checkKey(key: unknown): void {
  if (key instanceof Uint8Array && key.length > 0 && key.length <= LONGEST_KEY) return
  throw new AutobeeError('INVALID_ARGUMENT', `a key is a Uint8Array of 1 to ${LONGEST_KEY} bytes`)
}

/** A bound of a range is no key: it may be empty, and longer than any. @throws AutobeeError `INVALID_ARGUMENT` */
export function checkBound(bound: unknown): void {
  if (!(bound instanceof Uint8Array))
    throw new AutobeeError('INVALID_ARGUMENT', 'a bound of a range is a Uint8Array')
}
