/** Hyperbee 2: a persistent B-tree over Hypercores. Written from its source (2.14). */
declare module 'hyperbee2' {
  import type Corestore from 'corestore'
  import type Hypercore from 'hypercore'

  namespace Hyperbee {
    /** A root: block `length - 1` of the core `key`. Length 0 is the empty tree. */
    interface Head {
      key: Uint8Array
      length: number
    }

    interface Entry {
      readonly core: Hypercore
      readonly seq: number
      readonly offset: number
      readonly key: Uint8Array
      readonly value: Uint8Array
    }

    interface ReadOptions {
      /** Default true: waits for a peer to send missing blocks. */
      wait?: boolean | undefined
      /** In ms; 0 waits for ever. */
      timeout?: number | undefined
      activeRequests?: Hypercore.ActiveRequests | undefined
      /** Called with the index of the core (0: the tree's own) and of the block, for every block read. */
      trace?: ((core: number, seq: number) => void) | null | undefined
    }

    interface RangeOptions extends ReadOptions {
      gte?: Uint8Array | undefined
      gt?: Uint8Array | undefined
      lte?: Uint8Array | undefined
      lt?: Uint8Array | undefined
      reverse?: boolean | undefined
      /** -1 (default): no limit. */
      limit?: number | undefined
      prefetch?: boolean | undefined
      highWaterMark?: number | undefined
    }

    type DiffOptions = RangeOptions

    interface ChangesOptions extends ReadOptions {
      /** Default: the bee's head. */
      head?: Head | null | undefined
      highWaterMark?: number | undefined
    }

    /** A key only in `left` (this bee), only in `right` (the other), or with other values in both. */
    interface Difference {
      readonly left: Entry | null
      readonly right: Entry | null
    }

    /** One flush: its blocks, oldest first, and the head before it. Newest flush first. */
    interface Change {
      readonly head: Head
      readonly tail: Head | null
      readonly batch: Block[]
    }

    /** A decoded block. */
    interface Block {
      readonly type: number
      readonly checkpoint: number
      /** Blocks of the same flush before and after this one. */
      readonly batch: { start: number; end: number }
      readonly previous: { core: number; seq: number } | null
      readonly metadata: { cores: CoreReference[] } | null
      readonly keys: { key: Uint8Array; value: Uint8Array | null }[] | null
      readonly values: Uint8Array[] | null
    }

    interface CoreReference {
      key: Uint8Array
      fork: number
      length: number
      treeHash: Uint8Array | null
    }

    interface Cache {
      size: number
      maxSize: number
      empty(): void
    }

    /** One core of the tree and the other cores that its blocks point into. */
    interface Context {
      readonly store: Corestore
      readonly local: Hypercore
      readonly core: Hypercore
      readonly cache: Cache
      /** Contexts by key in hex. Hyperbee opens a plain session for a key that is not in it. */
      readonly other: Map<string, Context>
      /** Blocks whose core references are known; kept current, a flush writes no user data. */
      length: number
      checkpoint: number
      cores: CoreReference[]
      opened: (Hypercore | null)[]
      changed: boolean
      /** Learns the core references up to the core's length. `config`: a bee's. */
      update(config: unknown): Promise<void>
      getContextByKey(key: Uint8Array): Context
      getCore(index: number): Hypercore
      getCoreKey(index: number): Uint8Array
    }

    /** A pointer to a tree node. */
    interface TreeNode {
      readonly context: Context
      readonly core: number
      readonly seq: number
      readonly offset: number
      readonly changed: boolean
    }

    interface Options extends ReadOptions {
      /** Degree of the tree (default 128); the same on every peer. */
      t?: number | undefined
      key?: Hypercore.Key | null | undefined
      /** The core to write to; default: `store.get({ key })` or `store.get({ name: 'bee' })`. */
      core?: Hypercore | undefined
      context?: Context | undefined
      root?: TreeNode | null | undefined
      encryption?: Hypercore.Encryption | null | undefined
      getEncryptionProvider?: ((key: Uint8Array | null) => Hypercore.Encryption | null) | undefined
      /** In tree nodes; default 4096. */
      maxCacheSize?: number | undefined
      view?: boolean | undefined
      writable?: boolean | undefined
      /** Follows the core as it grows; default true when not writable. */
      autoUpdate?: boolean | undefined
      preload?: (() => Promise<void>) | null | undefined
    }

    interface WriteOptions extends ReadOptions {
      /** Writes on top of this length; default: the bee's root. */
      length?: number | undefined
      /** The core of that root. */
      key?: Uint8Array | null | undefined
      /** Default true: the bee moves to what was written. */
      autoUpdate?: boolean | undefined
      compat?: boolean | undefined
      type?: number | undefined
      deltaMax?: number | undefined
      deltaMin?: number | undefined
      /** In bytes; default 1024: larger values get blocks of their own. */
      inlineValueSize?: number | undefined
      /** In bytes; default 4096. */
      preferredBlockSize?: number | undefined
    }

    interface WriteBatch {
      readonly closed: boolean
      /** Operations that changed something. */
      readonly applied: number
      readonly ops: { put: boolean; applied: boolean; key: Uint8Array; value: Uint8Array | null }[]
      tryPut(key: Uint8Array, value: Uint8Array): void
      tryDelete(key: Uint8Array): void
      /** Starts from the empty tree and forgets what was tried before. */
      tryClear(): void
      lock(): Promise<void>
      /** Writes all as one flush and closes the batch. */
      flush(): Promise<void>
      close(): Promise<void>
    }

    interface Events {
      ready: []
      close: []
      /** The root changed. */
      update: []
    }
  }

  interface Hyperbee extends Hypercore.Emitter<Hyperbee.Events> {}

  class Hyperbee {
    constructor(store: Corestore, options?: Hyperbee.Options)

    static isHyperbee(value: unknown): value is Hyperbee

    readonly store: Corestore
    /** Null until ready. */
    root: Hyperbee.TreeNode | null
    readonly t: number
    context: Hyperbee.Context
    /** Internal: the read options in force. */
    readonly config: unknown
    readonly view: boolean
    writable: boolean
    readonly cache: Hyperbee.Cache
    readonly core: Hypercore
    readonly opened: boolean
    readonly closed: boolean
    readonly opening: Promise<void> | null
    readonly closing: Promise<void> | null

    ready(): Promise<void>
    /** Closes the store as well, unless the bee is a view (a snapshot, a checkout). */
    close(): Promise<void>
    /** Null until ready. */
    head(): Hyperbee.Head | null
    get(key: Uint8Array, options?: Hyperbee.ReadOptions): Promise<Hyperbee.Entry | null>
    peek(range?: Hyperbee.RangeOptions): Promise<Hyperbee.Entry | null>
    createReadStream(range?: Hyperbee.RangeOptions): Hypercore.ReadStream<Hyperbee.Entry>
    createDiffStream(
      right: Hyperbee,
      options?: Hyperbee.DiffOptions
    ): Hypercore.ReadStream<Hyperbee.Difference>
    createChangesStream(options?: Hyperbee.ChangesOptions): Hypercore.ReadStream<Hyperbee.Change>
    /** Resolves when the range's blocks are here. */
    download(range?: Hyperbee.RangeOptions): Promise<void>
    snapshot(): Hyperbee
    /** Default: the whole core, read-only. */
    checkout(options?: { length?: number; key?: Uint8Array | null; writable?: boolean }): Hyperbee
    /** Moves this bee to another root: a pointer, no I/O. */
    move(options?: { length?: number; key?: Uint8Array | null; writable?: boolean }): void
    /** A writable view without the last `flushes` flushes. */
    undo(flushes: number): Hyperbee
    /** Throws when the bee is not writable. */
    write(options?: Hyperbee.WriteOptions): Hyperbee.WriteBatch
    /** Moves to `root`, or to the end of the core. */
    update(root?: Hyperbee.TreeNode | null): void
    /** Keys of the cores that the tree is spread over. */
    cores(options?: Hyperbee.ReadOptions & { local?: boolean }): Promise<Uint8Array[]>
    replicate(
      isInitiator: boolean | Hypercore.ReplicationStream | Hypercore.NoiseStream,
      options?: Hypercore.ReplicateOptions
    ): Hypercore.ReplicationStream
  }

  export = Hyperbee
}
