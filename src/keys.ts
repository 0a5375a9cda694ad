import b4a from 'b4a'
import { decode } from 'hypercore-id-encoding'
import { AutobeeError } from './errors.ts'

/** A public key as users may hand it in: 32 bytes, 64 hex digits or 52 z-base-32 letters. */
export type KeyLike = Uint8Array | string

/** A core and how much of it is meant. Keys and lengths travel together. */
export interface Head {
  readonly key: Uint8Array
  readonly length: number
}

/** @throws AutobeeError `INVALID_KEY` */
export function toKey(key: KeyLike): Uint8Array {
  try {
    const bytes = decode(key as string)
    if (bytes.byteLength === 32) return b4a.from(bytes)
  } catch {
    // falls through to the typed error: the library's own says less
  }
  throw new AutobeeError('INVALID_KEY', 'a key is 32 bytes, 64 hex digits or 52 z-base-32 letters')
}

export function hexOf(key: Uint8Array): string {
  return b4a.toString(key, 'hex')
}

export function fromHex(hex: string): Uint8Array {
  return b4a.from(hex, 'hex')
}

/** @throws AutobeeError `INVALID_ARGUMENT` when it is not a whole number from 0 on */
export function toLength(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new AutobeeError('INVALID_ARGUMENT', 'a length is a whole number from 0 on')
}
