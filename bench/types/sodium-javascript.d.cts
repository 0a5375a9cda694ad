/** What the comparison uses of it: the names of libsodium, each result in the buffer given first. */
declare module 'sodium-javascript' {
  const sodium: {
    crypto_sign_keypair(publicKey: Uint8Array, secretKey: Uint8Array): void
    crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void
    crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
    crypto_generichash(hash: Uint8Array, message: Uint8Array): void
  }
  export = sodium
}
