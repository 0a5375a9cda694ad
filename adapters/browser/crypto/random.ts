/** Random bytes and helpers of memory, under sodium-native's names. */
import { bytes } from './arguments.ts'

export const randombytes_SEEDBYTES = 32

/** Bytes that `getRandomValues` gives at once. */
const QUOTA = 65_536

export function randombytes_buf(buffer: ArrayBufferView): void {
  const all = bytes(buffer, 'buffer')
  for (let at = 0; at < all.byteLength; at += QUOTA) {
    // its type wants memory that is not shared; `bytes` cannot know
    crypto.getRandomValues(all.subarray(at, at + QUOTA) as Uint8Array<ArrayBuffer>)
  }
}

export function sodium_memzero(buffer: ArrayBufferView): void {
  bytes(buffer, 'buf').fill(0)
}

/** Adds one to a number whose first byte is its lowest. */
export function sodium_increment(buffer: ArrayBufferView): void {
  const digits = bytes(buffer, 'n')
  for (let i = 0; i < digits.byteLength; i++) {
    const sum = (digits[i] as number) + 1
    digits[i] = sum
    if (sum <= 255) return
  }
}

/** A page has no locked memory, so there is none to give free: what `sodium_malloc` did not give is left alone. */
export function sodium_free(_buffer: ArrayBufferView | null | undefined): void {}
