/** What the comparison uses of Autobase 7. Written from its source (7.28). */
declare module 'autobase' {
  import type Corestore from 'corestore'
  import type Hyperbee from 'hyperbee'
  import type Hypercore from 'hypercore'

  namespace Autobase {
    interface Node {
      readonly value: Uint8Array
    }

    interface Host {
      addWriter(key: Uint8Array, options?: { indexer?: boolean }): Promise<void>
    }

    interface Options {
      open(store: { get(name: string): Hypercore }): Hyperbee
      apply(nodes: Node[], view: Hyperbee, host: Host): Promise<void>
      valueEncoding?: 'binary'
      /** In ms; 0: never by itself. */
      ackInterval?: number
      fastForward?: boolean
    }

    interface Events {
      update: []
      writable: []
      'is-indexer': []
      error: [error: Error]
    }
  }

  interface Autobase extends Hypercore.Emitter<Autobase.Events> {}

  class Autobase {
    /** Closes the store that it is given. */
    constructor(store: Corestore, key: Uint8Array | null, options: Autobase.Options)
    readonly key: Uint8Array
    readonly local: Hypercore
    readonly view: Hyperbee
    readonly writable: boolean
    /** Internal. */
    readonly linearizer: { readonly indexers: readonly unknown[] } | null
    ready(): Promise<void>
    close(): Promise<void>
    append(value: Uint8Array | readonly Uint8Array[]): Promise<number>
    update(): Promise<void>
    ack(): Promise<void>
    replicate(isInitiator: boolean): Hypercore.ReplicationStream
  }

  export = Autobase
}
