/** Hyperbee 1: an append-only B-tree over one Hypercore. Written from its source (2.27); what is used of it. */
declare module 'hyperbee' {
  import type Hypercore from 'hypercore'

  namespace Hyperbee {
    interface Options {
      keyEncoding?: unknown
      valueEncoding?: unknown
      /** Goes into the header. */
      metadata?: { contentFeed?: Uint8Array | null; userData?: Uint8Array | null } | null
      /** Default true: tells peers which blocks a read will need. */
      extension?: boolean
      /** Default true: a put of the value that is there appends a block all the same. */
      alwaysDuplicate?: boolean
      readonly?: boolean
    }

    interface Entry<K = Uint8Array, V = Uint8Array> {
      readonly seq: number
      readonly key: K
      readonly value: V
    }

    interface HistoryEntry<K = Uint8Array, V = Uint8Array> {
      readonly type: 'put' | 'del'
      readonly seq: number
      readonly key: K
      /** Of a `del`: null. */
      readonly value: V | null
    }

    interface ReadOptions {
      /** Default true: waits for a peer to send missing blocks. */
      wait?: boolean
      /** In ms. */
      timeout?: number
      /** Called with the index of each block that is read. */
      onseq?: (seq: number) => void
    }

    interface Range<K = Uint8Array> {
      gt?: K
      gte?: K
      lt?: K
      lte?: K
      reverse?: boolean
      limit?: number
    }

    interface HistoryOptions extends ReadOptions {
      live?: boolean
      reverse?: boolean
      gte?: number
      gt?: number
      lt?: number
      lte?: number
      limit?: number
    }

    interface Batch<K = Uint8Array, V = Uint8Array> {
      /** Blocks that are not flushed yet. */
      readonly length: number
      /** `true`: writes the header of an empty core. */
      getRoot(ensureHeader: boolean): Promise<unknown>
      get(key: K): Promise<Entry<K, V> | null>
      put(key: K, value: V): Promise<void>
      del(key: K): Promise<void>
      /** Appends all of it at once. */
      flush(): Promise<void>
      close(): Promise<void>
    }

    interface EntryWatcher<K = Uint8Array, V = Uint8Array> {
      readonly node: Entry<K, V> | null
      on(event: 'update', listener: () => void): this
      once(event: 'update', listener: () => void): this
      close(): Promise<void>
    }

    interface Watcher<K = Uint8Array, V = Uint8Array>
      extends AsyncIterable<[current: Hyperbee<K, V>, previous: Hyperbee<K, V>]> {
      ready(): Promise<void>
      close(): Promise<void>
    }
  }

  class Hyperbee<K = Uint8Array, V = Uint8Array> {
    constructor(core: Hypercore, options?: Hyperbee.Options)

    /** Is the first block a header of this kind? */
    static isHyperbee(core: Hypercore, options?: Hyperbee.ReadOptions): Promise<boolean>

    readonly core: Hypercore
    /** Blocks, the header included; 1 of an empty tree. */
    readonly version: number

    ready(): Promise<void>
    /** Closes the core's session, too. */
    close(): Promise<void>
    update(options?: { wait?: boolean }): Promise<boolean>
    get(key: K, options?: Hyperbee.ReadOptions): Promise<Hyperbee.Entry<K, V> | null>
    peek(range?: Hyperbee.Range<K>, options?: Hyperbee.ReadOptions): Promise<Hyperbee.Entry<K, V> | null>
    put(key: K, value: V): Promise<void>
    del(key: K): Promise<void>
    /** `checkout`: reads that version; what is written comes after the end all the same. */
    batch(options?: Hyperbee.ReadOptions & { checkout?: number; update?: boolean }): Hyperbee.Batch<K, V>
    createReadStream(
      range?: Hyperbee.Range<K>,
      options?: Hyperbee.ReadOptions
    ): Hypercore.ReadStream<Hyperbee.Entry<K, V>>
    createHistoryStream(options?: Hyperbee.HistoryOptions): Hypercore.ReadStream<Hyperbee.HistoryEntry<K, V>>
    createDiffStream(
      other: number | Hyperbee<K, V>,
      range?: Hyperbee.Range<K>
    ): Hypercore.ReadStream<{ left: Hyperbee.Entry<K, V> | null; right: Hyperbee.Entry<K, V> | null }>
    getAndWatch(key: K): Promise<Hyperbee.EntryWatcher<K, V>>
    watch(range?: Hyperbee.Range<K>): Hyperbee.Watcher<K, V>
    checkout(version: number): Hyperbee<K, V>
    snapshot(): Hyperbee<K, V>
    getHeader(options?: Hyperbee.ReadOptions): Promise<{ protocol: string; metadata: unknown }>
  }

  export = Hyperbee
}
