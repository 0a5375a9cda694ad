/**
 * libsodium as Emscripten exports it, without the wrappers: addresses are numbers in its memory, a 64-bit length is a
 * low and a high word, a status of 0 is success.
 */
declare module 'libsodium-sumo' {
  export interface Libsodium {
    /** Replaced when the memory grows: read it anew after every call that may allocate. */
    readonly HEAPU8: Uint8Array
    _malloc(bytes: number): number
    _free(address: number): void
    _sodium_init(): number

    _crypto_generichash(
      out: number,
      outBytes: number,
      input: number,
      low: number,
      high: number,
      key: number,
      keyBytes: number
    ): number
    _crypto_generichash_init(state: number, key: number, keyBytes: number, outBytes: number): number
    _crypto_generichash_update(state: number, input: number, low: number, high: number): number
    _crypto_generichash_final(state: number, out: number, outBytes: number): number
    _crypto_hash_sha512(out: number, input: number, low: number, high: number): number

    _crypto_sign_keypair(pk: number, sk: number): number
    _crypto_sign_seed_keypair(pk: number, sk: number, seed: number): number
    _crypto_sign_detached(
      sig: number,
      length: number,
      m: number,
      low: number,
      high: number,
      sk: number
    ): number
    _crypto_sign_verify_detached(sig: number, m: number, low: number, high: number, pk: number): number
    _crypto_sign_ed25519_sk_to_pk(pk: number, sk: number): number

    _crypto_kx_keypair(pk: number, sk: number): number
    _crypto_kx_seed_keypair(pk: number, sk: number, seed: number): number
    _crypto_box_keypair(pk: number, sk: number): number
    _crypto_box_seed_keypair(pk: number, sk: number, seed: number): number
    _crypto_box_seal(c: number, m: number, low: number, high: number, pk: number): number
    _crypto_box_seal_open(m: number, c: number, low: number, high: number, pk: number, sk: number): number
    _crypto_secretbox_easy(c: number, m: number, low: number, high: number, n: number, k: number): number
    _crypto_secretbox_open_easy(m: number, c: number, low: number, high: number, n: number, k: number): number

    _crypto_scalarmult(q: number, n: number, p: number): number
    _crypto_scalarmult_base(q: number, n: number): number
    _crypto_scalarmult_ed25519_noclamp(q: number, n: number, p: number): number

    _crypto_stream_xor(c: number, m: number, low: number, high: number, n: number, k: number): number

    _crypto_aead_chacha20poly1305_ietf_encrypt(
      c: number,
      length: number,
      m: number,
      low: number,
      high: number,
      ad: number,
      adLow: number,
      adHigh: number,
      nsec: number,
      npub: number,
      k: number
    ): number
    _crypto_aead_chacha20poly1305_ietf_decrypt(
      m: number,
      length: number,
      nsec: number,
      c: number,
      low: number,
      high: number,
      ad: number,
      adLow: number,
      adHigh: number,
      npub: number,
      k: number
    ): number

    _crypto_secretstream_xchacha20poly1305_init_push(state: number, header: number, k: number): number
    _crypto_secretstream_xchacha20poly1305_init_pull(state: number, header: number, k: number): number
    _crypto_secretstream_xchacha20poly1305_push(
      state: number,
      c: number,
      length: number,
      m: number,
      low: number,
      high: number,
      ad: number,
      adLow: number,
      adHigh: number,
      tag: number
    ): number
    _crypto_secretstream_xchacha20poly1305_pull(
      state: number,
      m: number,
      length: number,
      tag: number,
      c: number,
      low: number,
      high: number,
      ad: number,
      adLow: number,
      adHigh: number
    ): number
  }

  /** A new instance; `getRandomValue` gives 32 random bits. */
  export default function load(options: {
    getRandomValue(): number
    printErr(text: string): void
  }): Promise<Libsodium>
}
