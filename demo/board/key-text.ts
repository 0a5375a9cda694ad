import b4a from 'b4a'
import { decode, encode } from 'hypercore-id-encoding'

/** 32 bytes of a key as z-base-32: how the view and `db.local.id` have it. */
export function idOfKey(key: Uint8Array): string {
  return encode(key)
}

/** Bytes of a key as text, z-base-32 or hex; null when it is none. Never throws. */
export function keyOf(text: unknown): Uint8Array | null {
  // the library takes more than that, such as links
  if (typeof text !== 'string' || !/^(?:[0-9a-fA-F]{64}|[ybndrfg8ejkmcpqxot1uwisza345h769]{52})$/.test(text))
    return null
  try {
    const bytes = decode(text)
    return bytes.byteLength === 32 ? b4a.from(bytes) : null
  } catch {
    return null
  }
}
