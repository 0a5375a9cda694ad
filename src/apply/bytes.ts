import b4a from 'b4a'
import { AutobeeError } from '../errors.ts'

/** Bytes, or a string that stands for its UTF-8. */
export type Bytes = Uint8Array | string

export function toBytes(value: unknown, what: string): Uint8Array {
  if (typeof value === 'string') return b4a.from(value)
  if (b4a.isBuffer(value)) return value
  throw new AutobeeError('INVALID_ARGUMENT', `A ${what} must be a Uint8Array or a string.`)
}

/** Bytes that the caller does not hold. */
export function ownBytes(value: unknown, what: string): Uint8Array {
  const bytes = toBytes(value, what)
  return bytes === value ? b4a.from(bytes) : bytes
}
