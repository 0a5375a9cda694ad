/** Ed25519 signatures and scalar multiplication, under sodium-native's names. */
import { bytes, succeed } from './arguments.ts'
import { begin, finish, put, room, take } from './memory.ts'

export const crypto_sign_BYTES = 64
export const crypto_sign_SEEDBYTES = 32
export const crypto_sign_PUBLICKEYBYTES = 32
export const crypto_sign_SECRETKEYBYTES = 64
export const crypto_scalarmult_BYTES = 32
export const crypto_scalarmult_SCALARBYTES = 32
export const crypto_scalarmult_ed25519_BYTES = 32
export const crypto_scalarmult_ed25519_SCALARBYTES = 32

export function crypto_sign_keypair(publicKey: ArrayBufferView, secretKey: ArrayBufferView): void {
  const pk = bytes(publicKey, 'pk', crypto_sign_PUBLICKEYBYTES)
  const sk = bytes(secretKey, 'sk', crypto_sign_SECRETKEYBYTES)
  const sodium = begin(96)
  const pkAt = room(32)
  const skAt = room(64)
  const status = sodium._crypto_sign_keypair(pkAt, skAt)
  take(pkAt, pk)
  take(skAt, sk)
  finish()
  succeed(status, 'crypto_sign_keypair')
}

export function crypto_sign_seed_keypair(
  publicKey: ArrayBufferView,
  secretKey: ArrayBufferView,
  seed: ArrayBufferView
): void {
  const pk = bytes(publicKey, 'pk', crypto_sign_PUBLICKEYBYTES)
  const sk = bytes(secretKey, 'sk', crypto_sign_SECRETKEYBYTES)
  const from = bytes(seed, 'seed', crypto_sign_SEEDBYTES)
  const sodium = begin(128)
  const pkAt = room(32)
  const skAt = room(64)
  const status = sodium._crypto_sign_seed_keypair(pkAt, skAt, put(from))
  take(pkAt, pk)
  take(skAt, sk)
  finish()
  succeed(status, 'crypto_sign_seed_keypair')
}

export function crypto_sign_detached(
  signature: ArrayBufferView,
  message: ArrayBufferView,
  secretKey: ArrayBufferView
): void {
  const sig = bytes(signature, 'sig', crypto_sign_BYTES)
  const m = bytes(message, 'm')
  const sk = bytes(secretKey, 'sk', crypto_sign_SECRETKEYBYTES)
  const sodium = begin(128 + m.byteLength)
  const sigAt = room(64)
  const status = sodium._crypto_sign_detached(sigAt, 0, put(m), m.byteLength, 0, put(sk))
  take(sigAt, sig)
  finish()
  succeed(status, 'crypto_sign_detached')
}

/** Of a longer signature, the first 64 bytes count, as in sodium-native. */
export function crypto_sign_verify_detached(
  signature: ArrayBufferView,
  message: ArrayBufferView,
  publicKey: ArrayBufferView
): boolean {
  const sig = bytes(signature, 'sig')
  const m = bytes(message, 'm')
  const pk = bytes(publicKey, 'pk', crypto_sign_PUBLICKEYBYTES)
  if (sig.byteLength < crypto_sign_BYTES)
    throw new RangeError(`sig must be at least ${crypto_sign_BYTES} bytes`)
  const sodium = begin(sig.byteLength + m.byteLength + 32)
  const status = sodium._crypto_sign_verify_detached(put(sig), put(m), m.byteLength, 0, put(pk))
  finish()
  return status === 0
}

export function crypto_sign_ed25519_sk_to_pk(publicKey: ArrayBufferView, secretKey: ArrayBufferView): void {
  const pk = bytes(publicKey, 'pk', crypto_sign_PUBLICKEYBYTES)
  // The public key is the second half of the secret one, by Ed25519's layout.
  pk.set(bytes(secretKey, 'sk', crypto_sign_SECRETKEYBYTES).subarray(32))
}

/** Throws where the product is a point of small order. */
export function crypto_scalarmult(q: ArrayBufferView, n: ArrayBufferView, p: ArrayBufferView): void {
  multiply('_crypto_scalarmult', q, [n, p])
}

export function crypto_scalarmult_base(q: ArrayBufferView, n: ArrayBufferView): void {
  multiply('_crypto_scalarmult_base', q, [n])
}

/** Throws where `p` is no point of the group. */
export function crypto_scalarmult_ed25519_noclamp(
  q: ArrayBufferView,
  n: ArrayBufferView,
  p: ArrayBufferView
): void {
  multiply('_crypto_scalarmult_ed25519_noclamp', q, [n, p])
}

function multiply(
  name: '_crypto_scalarmult' | '_crypto_scalarmult_base' | '_crypto_scalarmult_ed25519_noclamp',
  q: ArrayBufferView,
  [n, p]: readonly [ArrayBufferView, ArrayBufferView?]
): void {
  const product = bytes(q, 'q', crypto_scalarmult_BYTES)
  const scalar = bytes(n, 'n', crypto_scalarmult_SCALARBYTES)
  const point = p === undefined ? null : bytes(p, 'p', crypto_scalarmult_BYTES)
  const sodium = begin(96)
  const productAt = room(32)
  const status = sodium[name](productAt, put(scalar), point === null ? 0 : put(point))
  take(productAt, product)
  finish()
  succeed(status, name.slice(1))
}
