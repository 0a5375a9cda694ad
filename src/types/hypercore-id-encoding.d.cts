/** Keys as text. Written from its source (1.3). */
declare module 'hypercore-id-encoding' {
  /** z-base-32 of 32 bytes; throws on anything else. */
  export function encode(key: Uint8Array): string
  /** 32 bytes from 32 bytes, hex, z-base-32 or a `pear://` link; throws on anything else. */
  export function decode(id: Uint8Array | string): Uint8Array
  export function normalize(id: Uint8Array | string): string
  export function isValid(id: unknown): boolean
}
