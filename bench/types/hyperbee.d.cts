/** What the comparison uses of the first Hyperbee. Written from its source (2.27). */
declare module 'hyperbee' {
  import type Hypercore from 'hypercore'

  namespace Hyperbee {
    interface Entry {
      readonly key: Uint8Array
      readonly value: Uint8Array
    }

    interface Batch {
      put(key: Uint8Array, value: Uint8Array): Promise<void>
      flush(): Promise<void>
    }
  }

  class Hyperbee {
    constructor(core: Hypercore, options?: { extension?: boolean })
    get(key: Uint8Array): Promise<Hyperbee.Entry | null>
    batch(options?: { update?: boolean }): Hyperbee.Batch
    createReadStream(): AsyncIterable<Hyperbee.Entry>
  }

  export = Hyperbee
}
