/** Encrypted streams, under sodium-native's names. A stream's state is in the caller's bytes, so none is ever leaked. */
import { bytes, optional, succeed } from './arguments.ts'
import { begin, finish, put, room, take } from './memory.ts'
import { randombytes_buf } from './random.ts'

export const crypto_secretstream_xchacha20poly1305_ABYTES = 17
export const crypto_secretstream_xchacha20poly1305_HEADERBYTES = 24
export const crypto_secretstream_xchacha20poly1305_KEYBYTES = 32
export const crypto_secretstream_xchacha20poly1305_STATEBYTES = 52
export const crypto_secretstream_xchacha20poly1305_TAGBYTES = 1
export const crypto_secretstream_xchacha20poly1305_TAG_MESSAGE = 0
export const crypto_secretstream_xchacha20poly1305_TAG_PUSH = 1
export const crypto_secretstream_xchacha20poly1305_TAG_REKEY = 2
export const crypto_secretstream_xchacha20poly1305_TAG_FINAL = 3

const ABYTES = crypto_secretstream_xchacha20poly1305_ABYTES
const STATEBYTES = crypto_secretstream_xchacha20poly1305_STATEBYTES
const HEADERBYTES = crypto_secretstream_xchacha20poly1305_HEADERBYTES
const KEYBYTES = crypto_secretstream_xchacha20poly1305_KEYBYTES

export function crypto_secretstream_xchacha20poly1305_keygen(k: ArrayBufferView): void {
  randombytes_buf(bytes(k, 'k', KEYBYTES))
}

export function crypto_secretstream_xchacha20poly1305_init_push(
  state: ArrayBufferView,
  header: ArrayBufferView,
  k: ArrayBufferView
): void {
  const stream = bytes(state, 'state', STATEBYTES)
  const head = bytes(header, 'header', HEADERBYTES)
  const key = bytes(k, 'k', KEYBYTES)
  const sodium = begin(STATEBYTES + HEADERBYTES + KEYBYTES)
  // as it is: the last bytes of a state are reserved, and stay what they were
  const stateAt = put(stream)
  const headerAt = room(HEADERBYTES)
  const status = sodium._crypto_secretstream_xchacha20poly1305_init_push(stateAt, headerAt, put(key))
  take(stateAt, stream)
  take(headerAt, head)
  finish()
  succeed(status, 'crypto_secretstream_xchacha20poly1305_init_push')
}

export function crypto_secretstream_xchacha20poly1305_init_pull(
  state: ArrayBufferView,
  header: ArrayBufferView,
  k: ArrayBufferView
): void {
  const stream = bytes(state, 'state', STATEBYTES)
  const head = bytes(header, 'header', HEADERBYTES)
  const key = bytes(k, 'k', KEYBYTES)
  const sodium = begin(STATEBYTES + HEADERBYTES + KEYBYTES)
  const stateAt = put(stream)
  const status = sodium._crypto_secretstream_xchacha20poly1305_init_pull(stateAt, put(head), put(key))
  take(stateAt, stream)
  finish()
  succeed(status, 'crypto_secretstream_xchacha20poly1305_init_pull')
}

/** Gives the length of `c`. */
export function crypto_secretstream_xchacha20poly1305_push(
  state: ArrayBufferView,
  c: ArrayBufferView,
  m: ArrayBufferView,
  ad: ArrayBufferView | null | undefined,
  tag: number
): number {
  const stream = bytes(state, 'state', STATEBYTES)
  const message = bytes(m, 'm')
  const cipher = bytes(c, 'c', message.byteLength + ABYTES)
  const extra = optional(ad, 'ad')
  const sodium = begin(STATEBYTES + cipher.byteLength + message.byteLength + extra.byteLength)
  const stateAt = put(stream)
  const at = room(cipher.byteLength)
  const status = sodium._crypto_secretstream_xchacha20poly1305_push(
    stateAt,
    at,
    0,
    put(message),
    message.byteLength,
    0,
    put(extra),
    extra.byteLength,
    0,
    tag
  )
  take(stateAt, stream)
  take(at, cipher)
  finish()
  succeed(status, 'crypto_secretstream_xchacha20poly1305_push')
  return cipher.byteLength
}

/**
 * Gives the length of `m`, and the tag in `tag`. Throws, with the stream where it was and `m` untouched, where the
 * bytes are not the next ones of the stream.
 */
export function crypto_secretstream_xchacha20poly1305_pull(
  state: ArrayBufferView,
  m: ArrayBufferView,
  tag: ArrayBufferView,
  c: ArrayBufferView,
  ad: ArrayBufferView | null | undefined
): number {
  const stream = bytes(state, 'state', STATEBYTES)
  const message = bytes(m, 'm')
  const tagged = bytes(tag, 'tag', crypto_secretstream_xchacha20poly1305_TAGBYTES)
  const cipher = bytes(c, 'c', message.byteLength + ABYTES)
  const extra = optional(ad, 'ad')
  const sodium = begin(STATEBYTES + 1 + cipher.byteLength + message.byteLength + extra.byteLength)
  const stateAt = put(stream)
  const tagAt = room(1)
  const at = room(message.byteLength)
  const status = sodium._crypto_secretstream_xchacha20poly1305_pull(
    stateAt,
    at,
    0,
    tagAt,
    put(cipher),
    cipher.byteLength,
    0,
    put(extra),
    extra.byteLength,
    0
  )
  take(tagAt, tagged)
  if (status === 0) {
    take(stateAt, stream)
    take(at, message)
  }
  finish()
  succeed(status, 'crypto_secretstream_xchacha20poly1305_pull')
  return message.byteLength
}
