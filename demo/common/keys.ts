import { decode } from 'hypercore-id-encoding'

/** Hex of a key that people typed: hex or z-base-32; null when it is none. */
export function hexOfKey(text: unknown): string | null {
  if (typeof text !== 'string') return null
  try {
    const bytes = decode(text.trim())
    return bytes.byteLength === 32 ? Buffer.from(bytes).toString('hex') : null
  } catch {
    return null
  }
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
