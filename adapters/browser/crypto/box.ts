/** Key exchange and boxes, under sodium-native's names. */
import { bytes, succeed } from './arguments.ts'
import { begin, finish, put, room, take } from './memory.ts'

export const crypto_kx_SEEDBYTES = 32
export const crypto_kx_PUBLICKEYBYTES = 32
export const crypto_kx_SECRETKEYBYTES = 32
export const crypto_kx_SESSIONKEYBYTES = 32
export const crypto_box_SEEDBYTES = 32
export const crypto_box_PUBLICKEYBYTES = 32
export const crypto_box_SECRETKEYBYTES = 32
export const crypto_box_NONCEBYTES = 24
export const crypto_box_MACBYTES = 16
export const crypto_box_SEALBYTES = 48
export const crypto_secretbox_KEYBYTES = 32
export const crypto_secretbox_NONCEBYTES = 24
export const crypto_secretbox_MACBYTES = 16

export function crypto_kx_keypair(pk: ArrayBufferView, sk: ArrayBufferView): void {
  keyPair('_crypto_kx_keypair', pk, sk)
}

export function crypto_kx_seed_keypair(
  pk: ArrayBufferView,
  sk: ArrayBufferView,
  seed: ArrayBufferView
): void {
  seedKeyPair('_crypto_kx_seed_keypair', [pk, sk], seed)
}

export function crypto_box_keypair(pk: ArrayBufferView, sk: ArrayBufferView): void {
  keyPair('_crypto_box_keypair', pk, sk)
}

export function crypto_box_seed_keypair(
  pk: ArrayBufferView,
  sk: ArrayBufferView,
  seed: ArrayBufferView
): void {
  seedKeyPair('_crypto_box_seed_keypair', [pk, sk], seed)
}

export function crypto_box_seal(c: ArrayBufferView, m: ArrayBufferView, pk: ArrayBufferView): void {
  const message = bytes(m, 'm')
  const sealed = bytes(c, 'c', message.byteLength + crypto_box_SEALBYTES)
  const key = bytes(pk, 'pk', crypto_box_PUBLICKEYBYTES)
  const sodium = begin(sealed.byteLength + message.byteLength + 32)
  const at = room(sealed.byteLength)
  const status = sodium._crypto_box_seal(at, put(message), message.byteLength, 0, put(key))
  take(at, sealed)
  finish()
  succeed(status, 'crypto_box_seal')
}

/** False, with `m` untouched, where `c` was not sealed for this key pair. */
export function crypto_box_seal_open(
  m: ArrayBufferView,
  c: ArrayBufferView,
  pk: ArrayBufferView,
  sk: ArrayBufferView
): boolean {
  const message = bytes(m, 'm')
  const sealed = bytes(c, 'c', message.byteLength + crypto_box_SEALBYTES)
  const publicKey = bytes(pk, 'pk', crypto_box_PUBLICKEYBYTES)
  const secretKey = bytes(sk, 'sk', crypto_box_SECRETKEYBYTES)
  const sodium = begin(sealed.byteLength + message.byteLength + 64)
  const at = room(message.byteLength)
  const status = sodium._crypto_box_seal_open(
    at,
    put(sealed),
    sealed.byteLength,
    0,
    put(publicKey),
    put(secretKey)
  )
  if (status === 0) take(at, message)
  finish()
  return status === 0
}

export function crypto_secretbox_easy(
  c: ArrayBufferView,
  m: ArrayBufferView,
  n: ArrayBufferView,
  k: ArrayBufferView
): void {
  const message = bytes(m, 'm')
  const box = bytes(c, 'c', message.byteLength + crypto_secretbox_MACBYTES)
  const nonce = bytes(n, 'n', crypto_secretbox_NONCEBYTES)
  const key = bytes(k, 'k', crypto_secretbox_KEYBYTES)
  const sodium = begin(box.byteLength + message.byteLength + 64)
  const at = room(box.byteLength)
  const status = sodium._crypto_secretbox_easy(at, put(message), message.byteLength, 0, put(nonce), put(key))
  take(at, box)
  finish()
  succeed(status, 'crypto_secretbox_easy')
}

/** False, with `m` untouched, where the box is not of this key and nonce. */
export function crypto_secretbox_open_easy(
  m: ArrayBufferView,
  c: ArrayBufferView,
  n: ArrayBufferView,
  k: ArrayBufferView
): boolean {
  const message = bytes(m, 'm')
  const box = bytes(c, 'c', message.byteLength + crypto_secretbox_MACBYTES)
  const nonce = bytes(n, 'n', crypto_secretbox_NONCEBYTES)
  const key = bytes(k, 'k', crypto_secretbox_KEYBYTES)
  const sodium = begin(box.byteLength + message.byteLength + 64)
  const at = room(message.byteLength)
  const status = sodium._crypto_secretbox_open_easy(at, put(box), box.byteLength, 0, put(nonce), put(key))
  if (status === 0) take(at, message)
  finish()
  return status === 0
}

function keyPair(
  name: '_crypto_kx_keypair' | '_crypto_box_keypair',
  publicKey: ArrayBufferView,
  secretKey: ArrayBufferView
): void {
  const pk = bytes(publicKey, 'pk', 32)
  const sk = bytes(secretKey, 'sk', 32)
  const sodium = begin(64)
  const pkAt = room(32)
  const skAt = room(32)
  const status = sodium[name](pkAt, skAt)
  take(pkAt, pk)
  take(skAt, sk)
  finish()
  succeed(status, name.slice(1))
}

function seedKeyPair(
  name: '_crypto_kx_seed_keypair' | '_crypto_box_seed_keypair',
  [publicKey, secretKey]: readonly [ArrayBufferView, ArrayBufferView],
  seed: ArrayBufferView
): void {
  const pk = bytes(publicKey, 'pk', 32)
  const sk = bytes(secretKey, 'sk', 32)
  const from = bytes(seed, 'seed', 32)
  const sodium = begin(96)
  const pkAt = room(32)
  const skAt = room(32)
  const status = sodium[name](pkAt, skAt, put(from))
  take(pkAt, pk)
  take(skAt, sk)
  finish()
  succeed(status, name.slice(1))
}
