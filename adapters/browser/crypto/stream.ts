/** Ciphers without a state, under sodium-native's names: XSalsa20 of blocks, ChaCha20-Poly1305 of the handshake. */
import { bytes, optional, succeed } from './arguments.ts'
import { begin, finish, put, room, take } from './memory.ts'

export const crypto_stream_KEYBYTES = 32
export const crypto_stream_NONCEBYTES = 24
export const crypto_aead_chacha20poly1305_ietf_ABYTES = 16
export const crypto_aead_chacha20poly1305_ietf_KEYBYTES = 32
export const crypto_aead_chacha20poly1305_ietf_NPUBBYTES = 12
export const crypto_aead_chacha20poly1305_ietf_NSECBYTES = 0

/** `c` and `m` may be the same bytes. */
export function crypto_stream_xor(
  c: ArrayBufferView,
  m: ArrayBufferView,
  n: ArrayBufferView,
  k: ArrayBufferView
): void {
  const message = bytes(m, 'm')
  const cipher = bytes(c, 'c', message.byteLength)
  const nonce = bytes(n, 'n', crypto_stream_NONCEBYTES)
  const key = bytes(k, 'k', crypto_stream_KEYBYTES)
  const sodium = begin(message.byteLength + 64)
  const at = put(message)
  const status = sodium._crypto_stream_xor(at, at, message.byteLength, 0, put(nonce), put(key))
  take(at, cipher)
  finish()
  succeed(status, 'crypto_stream_xor')
}

/** Gives the length of `c`. */
export function crypto_aead_chacha20poly1305_ietf_encrypt(
  c: ArrayBufferView,
  m: ArrayBufferView,
  ad: ArrayBufferView | null | undefined,
  nsec: null,
  npub: ArrayBufferView,
  k: ArrayBufferView
): number {
  if (nsec !== null) throw new TypeError('nsec must be null')
  const message = bytes(m, 'm')
  const cipher = bytes(c, 'c', message.byteLength + crypto_aead_chacha20poly1305_ietf_ABYTES)
  const extra = optional(ad, 'ad')
  const nonce = bytes(npub, 'npub', crypto_aead_chacha20poly1305_ietf_NPUBBYTES)
  const key = bytes(k, 'k', crypto_aead_chacha20poly1305_ietf_KEYBYTES)
  const sodium = begin(cipher.byteLength + message.byteLength + extra.byteLength + 64)
  const at = room(cipher.byteLength)
  const status = sodium._crypto_aead_chacha20poly1305_ietf_encrypt(
    at,
    0,
    put(message),
    message.byteLength,
    0,
    put(extra),
    extra.byteLength,
    0,
    0,
    put(nonce),
    put(key)
  )
  take(at, cipher)
  finish()
  succeed(status, 'crypto_aead_chacha20poly1305_ietf_encrypt')
  return cipher.byteLength
}

/** Gives the length of `m`. Throws, with `m` all zeros, where the bytes are not of this key, nonce and `ad`. */
export function crypto_aead_chacha20poly1305_ietf_decrypt(
  m: ArrayBufferView,
  nsec: null,
  c: ArrayBufferView,
  ad: ArrayBufferView | null | undefined,
  npub: ArrayBufferView,
  k: ArrayBufferView
): number {
  if (nsec !== null) throw new TypeError('nsec must be null')
  const message = bytes(m, 'm')
  const cipher = bytes(c, 'c', message.byteLength + crypto_aead_chacha20poly1305_ietf_ABYTES)
  const extra = optional(ad, 'ad')
  const nonce = bytes(npub, 'npub', crypto_aead_chacha20poly1305_ietf_NPUBBYTES)
  const key = bytes(k, 'k', crypto_aead_chacha20poly1305_ietf_KEYBYTES)
  const sodium = begin(cipher.byteLength + message.byteLength + extra.byteLength + 64)
  const at = room(message.byteLength)
  const status = sodium._crypto_aead_chacha20poly1305_ietf_decrypt(
    at,
    0,
    0,
    put(cipher),
    cipher.byteLength,
    0,
    put(extra),
    extra.byteLength,
    0,
    put(nonce),
    put(key)
  )
  take(at, message)
  finish()
  succeed(status, 'crypto_aead_chacha20poly1305_ietf_decrypt')
  return message.byteLength
}
