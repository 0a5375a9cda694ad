/** Hypercore's cryptography: Ed25519 and BLAKE2b. Written from its source (3.7). */
declare module 'hypercore-crypto' {
  interface KeyPair {
    /** 32 bytes. */
    publicKey: Uint8Array
    /** 64 bytes. */
    secretKey: Uint8Array
  }

  interface TreeNode {
    index: number
    /** In bytes. */
    size: number
    /** 32 bytes. */
    hash: Uint8Array
  }

  /** `seed`: 32 bytes. */
  export function keyPair(seed?: Uint8Array): KeyPair
  export function validateKeyPair(keyPair: KeyPair): boolean
  /** 64 bytes. */
  export function sign(message: Uint8Array, secretKey: Uint8Array): Uint8Array
  export function verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean
  export function encrypt(message: Uint8Array, publicKey: Uint8Array): Uint8Array
  export function decrypt(ciphertext: Uint8Array, keyPair: KeyPair): Uint8Array | null
  /** X25519, for `encrypt` and `decrypt`. */
  export function encryptionKeyPair(seed?: Uint8Array): KeyPair
  /** Hash of a leaf (32 bytes). */
  export function data(data: Uint8Array): Uint8Array
  export function parent(a: TreeNode, b: TreeNode): Uint8Array
  /** Hash of the roots (32 bytes). */
  export function tree(roots: TreeNode[], out?: Uint8Array): Uint8Array
  /** BLAKE2b of the concatenation, 32 bytes unless `out` is longer. */
  export function hash(data: Uint8Array | Uint8Array[], out?: Uint8Array): Uint8Array
  export function randomBytes(size: number): Uint8Array
  export function discoveryKey(key: Uint8Array): Uint8Array
  /** `count` namespaces of 32 bytes. */
  export function namespace(name: string | Uint8Array, count: number | number[]): Uint8Array[]
  export function free(buffer: Uint8Array): void
}
