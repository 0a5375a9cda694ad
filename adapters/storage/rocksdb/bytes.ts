import b4a from 'b4a'
import { AutobeeError } from '../../../src/index.ts'

/** What the binding takes for a key or a value; a string is its UTF-8. */
export type Binary = Uint8Array | string

const LONGEST_KEY = 1024
const LONGEST_VALUE = 64 * 1024 * 1024
const NOTHING = new Uint8Array(0)

/**
 * A copy in a buffer of its own, just as long: hypercore goes on using what it hands over, and its keys are views into
 * slabs of 64 KiB, which a store that keeps buffers, or clones them as IndexedDB does, would keep whole.
 */
export function copyIn(bytes: Binary): Uint8Array {
  return new Uint8Array(typeof bytes === 'string' ? b4a.from(bytes) : bytes)
}

/** The binding stores nothing for null. */
export function copyValueIn(value: Binary | null): Uint8Array {
  return value === null ? NOTHING : copyIn(value)
}

/** A copy that starts its buffer (hypercore reads bitfield pages as 32-bit words), a Buffer where there are Buffers. */
export function copyOut(bytes: Uint8Array): Uint8Array {
  return b4a.from(new Uint8Array(bytes).buffer)
}

/** The first key after this one. */
export function after(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}

export function isKey(key: Uint8Array): boolean {
  return key.length > 0 && key.length <= LONGEST_KEY
}

/** null when a key and a value can be stored. */
export function refusal(key: Uint8Array, value: Uint8Array): AutobeeError | null {
  if (!isKey(key)) {
    return new AutobeeError('INVALID_ARGUMENT', `a key is 1 to ${LONGEST_KEY} bytes long, not ${key.length}`)
  }
  if (value.length <= LONGEST_VALUE) return null
  return new AutobeeError(
    'INVALID_ARGUMENT',
    `a value is ${LONGEST_VALUE} bytes at most, not ${value.length}`
  )
}
