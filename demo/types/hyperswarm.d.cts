/** Hyperswarm 4: finds peers by topic on a DHT, and connects to them. The part used here, written from its source (4.17). */
declare module 'hyperswarm' {
  import type { EventEmitter } from 'node:events'
  import type Hypercore from 'hypercore'
  import type DHT from 'hyperdht'

  namespace Hyperswarm {
    interface Options {
      /** Destroyed with the swarm. */
      dht?: DHT | undefined
      bootstrap?: DHT.Address[] | undefined
      /** 32 bytes. */
      seed?: Uint8Array | undefined
      maxPeers?: number | undefined
    }

    interface Session {
      flushed(): Promise<boolean>
      destroy(): Promise<void>
    }
  }

  class Hyperswarm extends EventEmitter {
    constructor(options?: Hyperswarm.Options)
    readonly dht: DHT
    readonly keyPair: Hypercore.KeyPair
    readonly destroyed: boolean
    readonly connections: Set<Hypercore.NoiseStream>
    /** Joined ones. */
    topics(): Iterable<{ readonly topic: Uint8Array }>
    join(topic: Uint8Array, options?: { server?: boolean; client?: boolean }): Hyperswarm.Session
    leave(topic: Uint8Array): Promise<void>
    /** Connects to one peer by its public key. */
    joinPeer(publicKey: Uint8Array): void
    listen(): Promise<void>
    /** Resolves when everybody found so far is dialled. */
    flush(): Promise<boolean>
    /** Leaves all topics, ends all connections, closes the DHT node. */
    destroy(options?: { force?: boolean }): Promise<void>
  }

  export = Hyperswarm
}
