/** HyperDHT 6: the DHT that Hyperswarm looks peers up in. The part used here, written from its source (6.34). */
declare module 'hyperdht' {
  namespace DHT {
    interface Address {
      host: string
      port: number
    }

    interface Options {
      bootstrap?: Address[] | undefined
      /** The address to bind; default all of them. */
      host?: string | undefined
      port?: number | undefined
      ephemeral?: boolean | undefined
      /** Default true, until the node finds out that it can be reached. */
      firewalled?: boolean | undefined
    }
  }

  class DHT {
    constructor(options?: DHT.Options)
    ready(): Promise<void>
    /** Null until it is bound. */
    address(): DHT.Address | null
    destroy(options?: { force?: boolean }): Promise<void>
  }

  export = DHT
}

declare module 'hyperdht/testnet.js' {
  import DHT from 'hyperdht'

  interface Testnet {
    readonly bootstrap: DHT.Address[]
    readonly nodes: DHT[]
    createNode(options?: DHT.Options): DHT
    destroy(): Promise<void>
  }

  /** A DHT of its own, on 127.0.0.1. */
  function createTestnet(size?: number, options?: { host?: string; port?: number }): Promise<Testnet>

  export = createTestnet
}
