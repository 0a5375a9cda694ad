import type facade from '../../adapters/browser/sodium.ts'
import type { Random } from './random.ts'

export type Sodium = Omit<typeof facade, 'ready'>
export type Name = {
  [K in keyof Sodium]: Sodium[K] extends (...args: never) => unknown ? K : never
}[keyof Sodium]

/** Arguments for a call of each name whose result depends on its arguments alone. `sodium` makes keys and ciphertexts. */
export const CALLS: Partial<Record<Name, (random: Random, sodium: Sodium) => readonly unknown[]>> = {
  crypto_generichash: random => [
    new Uint8Array(random.between(16, 64)),
    text(random),
    random.between(0, 1) ? random.bytes(random.between(16, 64)) : null
  ],
  crypto_generichash_batch: random => [
    new Uint8Array(random.between(1, 64)),
    Array.from({ length: random.between(0, 6) }, () => text(random)),
    random.between(0, 1) ? random.bytes(random.between(1, 64)) : undefined
  ],
  crypto_hash_sha512: random => [new Uint8Array(64), text(random)],

  crypto_sign_seed_keypair: random => [new Uint8Array(32), new Uint8Array(64), random.bytes(32)],
  crypto_sign_ed25519_sk_to_pk: (random, sodium) => [new Uint8Array(32), signer(random, sodium).sk],
  crypto_sign_detached: (random, sodium) => [new Uint8Array(64), text(random), signer(random, sodium).sk],
  crypto_sign_verify_detached: (random, sodium) => {
    const { pk, sk } = signer(random, sodium)
    const message = text(random)
    const signature = new Uint8Array(random.between(64, 66))
    sodium.crypto_sign_detached(signature.subarray(0, 64), message, sk)
    return [spoil(signature, random), message, pk]
  },

  crypto_scalarmult_base: random => [new Uint8Array(32), random.bytes(32)],
  crypto_scalarmult: (random, sodium) => [
    new Uint8Array(32),
    random.bytes(32),
    // now and then the point of order one, which is refused
    random.between(0, 3) ? boxer(random, sodium).pk : new Uint8Array(32)
  ],
  crypto_scalarmult_ed25519_noclamp: (random, sodium) => [
    new Uint8Array(32),
    random.bytes(32),
    // now and then what is hardly a point
    random.between(0, 3) ? signer(random, sodium).pk : random.bytes(32)
  ],

  crypto_kx_seed_keypair: random => [new Uint8Array(32), new Uint8Array(32), random.bytes(32)],
  crypto_box_seed_keypair: random => [new Uint8Array(32), new Uint8Array(32), random.bytes(32)],
  crypto_box_seal_open: (random, sodium) => {
    const { pk, sk } = boxer(random, sodium)
    const message = text(random)
    const sealed = new Uint8Array(message.byteLength + 48)
    sodium.crypto_box_seal(sealed, message, pk)
    return [new Uint8Array(message.byteLength).fill(1), spoil(sealed, random), pk, sk]
  },
  crypto_secretbox_easy: random => {
    const message = text(random)
    return [new Uint8Array(message.byteLength + 16), message, random.bytes(24), random.bytes(32)]
  },
  crypto_secretbox_open_easy: (random, sodium) => {
    const message = text(random)
    const [nonce, key] = [random.bytes(24), random.bytes(32)]
    const box = new Uint8Array(message.byteLength + 16)
    sodium.crypto_secretbox_easy(box, message, nonce, key)
    return [new Uint8Array(message.byteLength).fill(1), spoil(box, random), nonce, key]
  },

  crypto_stream_xor: random => {
    const message = text(random)
    return [new Uint8Array(message.byteLength), message, random.bytes(24), random.bytes(32)]
  },
  crypto_aead_chacha20poly1305_ietf_encrypt: random => {
    const message = text(random)
    const cipher = new Uint8Array(message.byteLength + 16)
    return [cipher, message, extra(random), null, random.bytes(12), random.bytes(32)]
  },
  crypto_aead_chacha20poly1305_ietf_decrypt: (random, sodium) => {
    const message = text(random)
    const [ad, nonce, key] = [extra(random), random.bytes(12), random.bytes(32)]
    const cipher = new Uint8Array(message.byteLength + 16)
    sodium.crypto_aead_chacha20poly1305_ietf_encrypt(cipher, message, ad, null, nonce, key)
    return [new Uint8Array(message.byteLength).fill(1), null, spoil(cipher, random), ad, nonce, key]
  },

  crypto_secretstream_xchacha20poly1305_init_pull: random => [
    random.bytes(52),
    random.bytes(24),
    random.bytes(32)
  ],
  crypto_secretstream_xchacha20poly1305_push: (random, sodium) => {
    const message = text(random)
    const cipher = new Uint8Array(message.byteLength + 17)
    return [stream(random, sodium), cipher, message, extra(random), random.between(0, 3)]
  },
  crypto_secretstream_xchacha20poly1305_pull: (random, sodium) => {
    const state = stream(random, sodium)
    const [message, ad] = [text(random), extra(random)]
    const cipher = new Uint8Array(message.byteLength + 17)
    const pusher = state.slice()
    sodium.crypto_secretstream_xchacha20poly1305_push(pusher, cipher, message, ad, random.between(0, 3))
    return [state, new Uint8Array(message.byteLength).fill(1), random.bytes(1), spoil(cipher, random), ad]
  },

  sodium_memzero: random => [text(random)],
  sodium_increment: random => {
    const number = random.bytes(random.between(0, 12))
    return [number.fill(255, 0, random.between(0, number.byteLength))]
  }
}

/** Empty, short, around the ends of cipher blocks, longer than what the facade keeps room for. */
function text(random: Random): Uint8Array {
  const kind = random.between(0, 29)
  if (kind < 3) return new Uint8Array(0)
  if (kind < 9) return random.bytes(64 * random.between(1, 4) + random.between(-1, 1))
  if (kind === 9) return random.bytes(random.between(60_000, 140_000))
  return random.bytes(random.between(1, 300))
}

function extra(random: Random): Uint8Array | null {
  return random.between(0, 1) ? random.bytes(random.between(0, 40)) : null
}

/** One time in three, changes a bit. */
function spoil(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.between(0, bytes.byteLength - 1)
  if (random.between(0, 2) === 0) bytes[at] = (bytes[at] as number) ^ (1 << random.between(0, 7))
  return bytes
}

function signer(random: Random, sodium: Sodium) {
  const [pk, sk] = [new Uint8Array(32), new Uint8Array(64)]
  sodium.crypto_sign_seed_keypair(pk, sk, random.bytes(32))
  return { pk, sk }
}

function boxer(random: Random, sodium: Sodium) {
  const [pk, sk] = [new Uint8Array(32), new Uint8Array(32)]
  sodium.crypto_box_seed_keypair(pk, sk, random.bytes(32))
  return { pk, sk }
}

/** The state of a stream; a state made for pulling is the same as one made for pushing. */
function stream(random: Random, sodium: Sodium): Uint8Array {
  const state = new Uint8Array(52)
  sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, random.bytes(24), random.bytes(32))
  return state
}
