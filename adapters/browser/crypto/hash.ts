/** BLAKE2b and SHA-512, under sodium-native's names. */
import { blake2b } from '@noble/hashes/blake2.js'
import { bytes, optional, succeed, within } from './arguments.ts'
import { append, begin, finish, isReady, put, room, take } from './memory.ts'

export const crypto_generichash_BYTES = 32
export const crypto_generichash_BYTES_MIN = 16
export const crypto_generichash_BYTES_MAX = 64
export const crypto_generichash_KEYBYTES = 32
export const crypto_generichash_KEYBYTES_MIN = 16
export const crypto_generichash_KEYBYTES_MAX = 64
export const crypto_generichash_STATEBYTES = 384
export const crypto_hash_sha512_BYTES = 64

const OUTPUT = [crypto_generichash_BYTES_MIN, crypto_generichash_BYTES_MAX] as const
const KEY = [crypto_generichash_KEYBYTES_MIN, crypto_generichash_KEYBYTES_MAX] as const

/** Bytes hashed at once: whatever is longer goes in pieces, so that a large block needs no large memory. */
const PIECE = 64 * 1024

export function crypto_generichash(
  output: ArrayBufferView,
  input: ArrayBufferView,
  key?: ArrayBufferView | null
): void {
  within(bytes(output, 'output').byteLength, 'output', OUTPUT)
  if (key) within(bytes(key, 'key').byteLength, 'key', KEY)
  crypto_generichash_batch(output, [input], key)
}

/** The hash of all inputs, one behind the other. As in sodium-native, outputs and keys may be as short as one byte here. */
export function crypto_generichash_batch(
  output: ArrayBufferView,
  batch: readonly ArrayBufferView[],
  key?: ArrayBufferView | null
): void {
  const out = bytes(output, 'output')
  const secret = optional(key, 'key')
  within(out.byteLength, 'output', [1, crypto_generichash_BYTES_MAX])
  within(secret.byteLength, 'key', [0, crypto_generichash_KEYBYTES_MAX])
  let length = 0
  for (const input of batch) length += bytes(input, 'input').byteLength

  if (!isReady()) hashBeforeReady(out, batch, secret)
  else if (length <= PIECE) hashAtOnce(out, batch, { secret, length })
  else hashInPieces(out, batch, secret)
}

/** Modules of the stack hash their namespaces while they are loaded, when WebAssembly cannot be there yet. */
function hashBeforeReady(out: Uint8Array, batch: readonly ArrayBufferView[], secret: Uint8Array): void {
  const hash = blake2b.create(
    secret.byteLength > 0 ? { dkLen: out.byteLength, key: secret } : { dkLen: out.byteLength }
  )
  for (const input of batch) hash.update(bytes(input, 'input'))
  out.set(hash.digest())
}

function hashAtOnce(
  out: Uint8Array,
  batch: readonly ArrayBufferView[],
  { secret, length }: { secret: Uint8Array; length: number }
): void {
  const sodium = begin(out.byteLength + secret.byteLength + length)
  const hash = room(out.byteLength)
  const key = put(secret)
  const input = room(0)
  for (const part of batch) append(bytes(part, 'input'))
  const status = sodium._crypto_generichash(hash, out.byteLength, input, length, 0, key, secret.byteLength)
  take(hash, out)
  finish()
  succeed(status, 'crypto_generichash')
}

function hashInPieces(out: Uint8Array, batch: readonly ArrayBufferView[], secret: Uint8Array): void {
  const sodium = begin(crypto_generichash_STATEBYTES + out.byteLength + secret.byteLength + PIECE)
  const state = room(crypto_generichash_STATEBYTES)
  const hash = room(out.byteLength)
  const key = put(secret)
  const piece = room(PIECE)
  let status = sodium._crypto_generichash_init(state, key, secret.byteLength, out.byteLength)
  for (const input of batch) {
    const all = bytes(input, 'input')
    for (let at = 0; at < all.byteLength; at += PIECE) {
      const part = all.subarray(at, at + PIECE)
      sodium.HEAPU8.set(part, piece)
      status |= sodium._crypto_generichash_update(state, piece, part.byteLength, 0)
    }
  }
  status |= sodium._crypto_generichash_final(state, hash, out.byteLength)
  take(hash, out)
  finish()
  succeed(status, 'crypto_generichash')
}

export function crypto_hash_sha512(output: ArrayBufferView, input: ArrayBufferView): void {
  const out = bytes(output, 'output', crypto_hash_sha512_BYTES)
  const data = bytes(input, 'input')
  const sodium = begin(out.byteLength + data.byteLength)
  const hash = room(out.byteLength)
  const status = sodium._crypto_hash_sha512(hash, put(data), data.byteLength, 0)
  take(hash, out)
  finish()
  succeed(status, 'crypto_hash_sha512')
}
