/**
 * Where a value is, in one number, which an index can hold in eight bytes: the offset of its length field in the file,
 * and how many bytes the value has, exactly below 16 KiB and rounded up by less than 0.1% above.
 */
export type Place = number

const CODES = 2 ** 15
const EXACT = 2 ** 14
const STEPS = 2 ** 10

/** A file is shorter. */
export const LARGEST_FILE = 2 ** 38

export function placeOf(offset: number, length: number): Place {
  return offset * CODES + encodeLength(length)
}

export function offsetOf(place: Place): number {
  return Math.floor(place / CODES)
}

/** The value has no more bytes than that. */
export function boundOf(place: Place): number {
  const code = place % CODES
  if (code < EXACT) return code
  const exponent = Math.floor((code - EXACT) / STEPS)
  return (STEPS + ((code - EXACT) % STEPS)) * 2 ** (4 + exponent)
}

function encodeLength(length: number): number {
  if (length < EXACT) return length
  const exponent = Math.floor(Math.log2(length)) - 14
  return EXACT + exponent * STEPS + Math.ceil(length / 2 ** (4 + exponent)) - STEPS
}
