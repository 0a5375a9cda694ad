/** Corestore 7: the Hypercores of one storage. Written from its source (7.12). */
declare module 'corestore' {
  import type Hypercore from 'hypercore'
  import type Protomux from 'protomux'
  import type { Readable } from 'streamx'

  namespace Corestore {
    interface Options {
      readOnly?: boolean | undefined
      writable?: boolean | undefined
      /** 32 bytes; needs `unsafe: true`. */
      primaryKey?: Uint8Array | undefined
      unsafe?: boolean | undefined
      /** 32 bytes. */
      namespace?: Uint8Array | undefined
      manifestVersion?: number | undefined
      /** Waits for the lock of the storage instead of failing. */
      wait?: boolean | undefined
      id?: string | undefined
      allowBackup?: boolean | undefined
      active?: boolean | undefined
      suspend?: boolean | undefined
      globalCache?: unknown
      treeCache?: unknown
      root?: Corestore | undefined
    }

    interface GetOptions {
      key?: Hypercore.Key | null | undefined
      discoveryKey?: Hypercore.Key | null | undefined
      name?: string | undefined
      keyPair?: Hypercore.KeyPair | undefined
      manifest?: Hypercore.ManifestOptions | undefined
      encryption?: Hypercore.Encryption | null | undefined
      encryptionKey?: Uint8Array | null | undefined
      valueEncoding?: Hypercore.ValueEncoding | undefined
      /** Default true: replicates to streams that are open already. */
      active?: boolean | undefined
      exclusive?: boolean | undefined
      writable?: boolean | undefined
      /** Default true: opening a core by `key` creates it. */
      createIfMissing?: boolean | undefined
      wait?: boolean | undefined
      /** In ms; 0 waits for ever. */
      timeout?: number | undefined
      /** Sends blocks, asks for none; holds for every session of the core. */
      pushOnly?: boolean | undefined
      allowPush?: boolean | undefined
      allowFork?: boolean | undefined
      draft?: boolean | undefined
      /** Requests under way per peer: [least, most]. */
      inflightRange?: [number, number] | undefined
      /** In ms. */
      notDownloadingLinger?: number | undefined
      onwait?: ((index: number, core: Hypercore) => void) | undefined
      preload?: Promise<GetOptions> | undefined
      group?: Uint8Array | null | undefined
    }

    /** hypercore-storage's CorestoreStorage. */
    interface Storage {
      readonly path: string
      readonly opened: boolean
      readonly closed: boolean
      readonly readOnly: boolean
      /** The column family of the RocksDB binding, or of its stand-in. */
      readonly db: StorageSession
      /** The RocksDB binding, or its stand-in. */
      readonly rocks: unknown
      ready(): Promise<void>
      close(): Promise<void>
      createAtom(): Hypercore.Atom
      /** Flushes another column family than the data's: see `db.flush()`. */
      flush(): Promise<void>
      compact(): Promise<void>
      suspend(options?: { log?: (message: string) => void }): Promise<void>
      resume(): Promise<void>
      hasCore(discoveryKey: Uint8Array, options?: { ifMigrated?: boolean }): Promise<boolean>
      getAlias(alias: { name: string; namespace: Uint8Array }): Promise<Uint8Array | null>
      getAuth(discoveryKey: Uint8Array): Promise<{
        key: Uint8Array
        discoveryKey: Uint8Array
        manifest: Hypercore.Manifest | null
        keyPair: Hypercore.KeyPair | null
      } | null>
      createDiscoveryKeyStream(namespace?: Uint8Array): Hypercore.ReadStream<Uint8Array>
    }

    interface StorageSession {
      readonly opened: boolean
      readonly closed: boolean
      write(options?: unknown): Hypercore.WriteBatch
      /** Writes what is in memory to disk and syncs it. */
      flush(): Promise<void>
    }

    interface Events {
      ready: []
      close: []
      'group-active': [topic: Uint8Array, update: unknown]
    }
  }

  interface Corestore extends Hypercore.Emitter<Corestore.Events> {}

  class Corestore {
    /** `storage`: a folder, or a hypercore-storage instance. */
    constructor(storage: unknown, options?: Corestore.Options)

    readonly storage: Corestore.Storage
    /** The store that this one is a session of. */
    readonly root: Corestore | null
    /** 32 bytes. */
    readonly ns: Uint8Array
    /** 32 bytes; null until opened. */
    readonly primaryKey: Uint8Array | null
    readonly readOnly: boolean
    readonly active: boolean
    readonly manifestVersion: number
    readonly opened: boolean
    readonly closed: boolean
    readonly opening: Promise<void> | null
    readonly closing: Promise<void> | null
    /** Internal: the open cores. */
    readonly cores: { readonly size: number; get(discoveryKey: Uint8Array): object | null } & Iterable<object>

    ready(): Promise<void>
    /** Closes the cores of this session; on the root, everything. */
    close(): Promise<void>
    get(options: Corestore.GetOptions | Hypercore.Key): Hypercore
    session(options?: Corestore.Options): Corestore
    namespace(name: string | Uint8Array, options?: Corestore.Options): Corestore
    replicate(
      isInitiator: boolean | Hypercore.ReplicationStream | Hypercore.NoiseStream | Protomux,
      options?: Hypercore.ReplicateOptions
    ): Hypercore.ReplicationStream
    createKeyPair(name: string | Uint8Array, namespace?: Uint8Array): Promise<Hypercore.KeyPair>
    /** Discovery keys of the cores in store. */
    list(namespace?: Uint8Array): Hypercore.ReadStream<Uint8Array>
    getAuth(discoveryKey: Uint8Array): ReturnType<Corestore.Storage['getAuth']>
    staticify(core: Hypercore, options?: Corestore.GetOptions): Promise<Hypercore>
    audit(options?: { dryRun?: boolean }): Readable | AsyncIterable<unknown>
    suspend(options?: { log?: (message: string) => void }): Promise<void>
    resume(): Promise<void>
    /** Says that peers are being looked for, until the returned function is called. */
    findingPeers(): () => void
    /** Calls back with hypercore's internal core whenever one is opened in the store. */
    watch(listener: (core: WatchedCore) => void): void
    unwatch(listener: (core: WatchedCore) => void): void
  }

  interface WatchedCore {
    readonly key: Uint8Array | null
    readonly discoveryKey: Uint8Array
  }

  export = Corestore
}
