/** Noise (XX, Ed25519) and libsodium's secretstream over any duplex stream. Written from its source (6.9). */
declare module '@hyperswarm/secret-stream' {
  import type Hypercore from 'hypercore'
  import type { Duplex } from 'streamx'

  namespace NoiseSecretStream {
    interface Options {
      /** Default: a new one. */
      keyPair?: Hypercore.KeyPair | undefined
      /** In ms: an empty message after so long without a write; 0 (default): none. */
      keepAlive?: number | undefined
      /** Drops empty messages, which keep-alive makes; default: when `keepAlive` is set. */
      filterZeroByteMessages?: boolean | undefined
    }
  }

  interface NoiseSecretStream extends Hypercore.NoiseStream {}

  class NoiseSecretStream {
    constructor(isInitiator: boolean, rawStream?: Duplex | null, options?: NoiseSecretStream.Options)
    static keyPair(seed?: Uint8Array): Hypercore.KeyPair
  }

  export = NoiseSecretStream
}
