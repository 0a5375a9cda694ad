/** Hypercore 11: one signed, append-only log of blocks. Written from its source (11.37). */
declare module 'hypercore' {
  import type { Encoder } from 'compact-encoding'
  import type Protomux from 'protomux'
  import type { Duplex, Readable, Writable } from 'streamx'

  namespace Hypercore {
    /** The slice of Node's EventEmitter that these packages have in Node and in a page. `E` maps an event to its arguments. */
    interface Emitter<E extends { [K in keyof E]: unknown[] }> {
      on<K extends keyof E>(event: K, listener: (...args: E[K]) => void): this
      once<K extends keyof E>(event: K, listener: (...args: E[K]) => void): this
      off<K extends keyof E>(event: K, listener: (...args: E[K]) => void): this
      addListener<K extends keyof E>(event: K, listener: (...args: E[K]) => void): this
      removeListener<K extends keyof E>(event: K, listener: (...args: E[K]) => void): this
      removeAllListeners(event?: keyof E): this
      emit<K extends keyof E>(event: K, ...args: E[K]): boolean
      listenerCount(event: keyof E): number
      /** 0: no limit. */
      setMaxListeners(n: number): this
    }

    /** A streamx Readable that is known to give `T`. */
    interface ReadStream<T> extends Readable {
      read(): T | null
      [Symbol.asyncIterator](): AsyncIterator<T>
    }

    /** 32 bytes, hex or z-base-32. */
    type Key = Uint8Array | string
    type ValueEncoding = string | Encoder<unknown, unknown>

    /** Ed25519: 32 and 64 bytes. */
    interface KeyPair {
      publicKey: Uint8Array
      secretKey: Uint8Array
    }

    interface Signer {
      signature: 'ed25519'
      /** 32 bytes. */
      namespace: Uint8Array
      publicKey: Uint8Array
    }

    /** `hash` is the tree hash (32 bytes) of the first `length` blocks. */
    interface Prologue {
      hash: Uint8Array
      length: number
    }

    interface Manifest {
      version: number
      hash: 'blake2b'
      allowPatch: boolean
      quorum: number
      signers: Signer[]
      prologue: Prologue | null
      linked: Uint8Array[] | null
      userData: Uint8Array | null
    }

    interface ManifestOptions {
      /** 0, 1 (default) or 2. */
      version?: number | undefined
      hash?: 'blake2b' | undefined
      allowPatch?: boolean | undefined
      quorum?: number | undefined
      signers?: {
        publicKey: Uint8Array
        namespace?: Uint8Array | undefined
        signature?: 'ed25519' | undefined
      }[]
      prologue?: Prologue | null | undefined
      linked?: Uint8Array[] | null | undefined
      userData?: Uint8Array | null | undefined
    }

    /** What a provider is told about the core that it encrypts for. */
    interface EncryptionTarget {
      readonly key: Uint8Array
      readonly compat: boolean
      readonly manifest: Manifest | null
    }

    /** Encrypts and decrypts blocks in place; a block starts with `padding` bytes of its own. */
    interface EncryptionProvider {
      padding(core: EncryptionTarget, index: number): number
      encrypt(index: number, block: Uint8Array, fork: number, core: EncryptionTarget): void | Promise<void>
      decrypt(index: number, block: Uint8Array, core: EncryptionTarget): void | Promise<void>
    }

    /** A key (32 bytes), a key with options, or a provider. */
    type Encryption = Uint8Array | { key: Uint8Array; block?: boolean | undefined } | EncryptionProvider

    /** Cancels together whatever was asked with it. Start with `[]`. */
    type ActiveRequests = unknown[]

    /** A batch of the RocksDB binding, or of its stand-in. */
    interface WriteBatch {
      flush(): Promise<void>
    }

    /** hypercore-storage's Atom: writes of several cores that become one batch. */
    interface Atom {
      /** Where `flush` writes its one batch to. */
      db: { write(options: unknown): WriteBatch }
      readonly flushing: boolean
      preflush(fn: () => void): void
      onflush(fn: () => void | Promise<void>): void
      /** Resolves when the running flush, if any, has ended. */
      flushed(): Promise<void>
      /** Writes all pending changes; throws when a flush is running. */
      flush(): Promise<void>
    }

    interface SessionOptions {
      /** An atom of the same storage: what is written waits for its `flush`. */
      atom?: Pick<Atom, 'flush'> | undefined
      /** A named session: a writable branch of the core. */
      name?: string | undefined
      /** Truncates to this length; only with `atom` or `name`. */
      checkout?: number | undefined
      overwrite?: boolean | undefined
      snapshot?: boolean | undefined
      writable?: boolean | undefined
      exclusive?: boolean | undefined
      /** Does not keep the core open. */
      weak?: boolean | undefined
      active?: boolean | undefined
      wait?: boolean | undefined
      /** In ms; 0 waits for ever. */
      timeout?: number | undefined
      keyPair?: KeyPair | undefined
      manifest?: ManifestOptions | undefined
      encryption?: Encryption | null | undefined
      valueEncoding?: ValueEncoding | undefined
      onwait?: ((index: number, core: Hypercore) => void) | undefined
      onseq?: ((index: number, core: Hypercore) => void) | undefined
      /** Sends blocks, asks for none; holds for every session of the core. */
      pushOnly?: boolean | undefined
    }

    interface GetOptions {
      /** Default true: waits for a peer to send the block. */
      wait?: boolean | undefined
      /** In ms; 0 (default) waits for ever. */
      timeout?: number | undefined
      valueEncoding?: ValueEncoding | undefined
      /** Gives the block as stored, padding and encryption included. */
      raw?: boolean | undefined
      decrypt?: boolean | undefined
      force?: boolean | undefined
      activeRequests?: ActiveRequests | undefined
      onwait?: ((index: number, core: Hypercore) => void) | undefined
    }

    interface AppendOptions {
      keyPair?: KeyPair | undefined
      /** Signature of the head after this append: makes it possible without a secret key. */
      signature?: Uint8Array | undefined
      writable?: boolean | undefined
      /** Appends nothing when the core would grow beyond it. */
      maxLength?: number | undefined
      postappend?: ((blocks: Uint8Array[]) => void | Promise<void>) | undefined
    }

    interface TruncateOptions {
      fork?: number | undefined
      keyPair?: KeyPair | undefined
      signature?: Uint8Array | undefined
    }

    interface DownloadRange {
      start?: number | undefined
      /** Exclusive; -1 goes on for ever. */
      end?: number | undefined
      length?: number | undefined
      /** Single indexes, instead of a range. */
      blocks?: number[] | undefined
      linear?: boolean | undefined
      activeRequests?: ActiveRequests | undefined
    }

    interface Download {
      ready(): Promise<void>
      /** Resolves when the range is here; false when it was destroyed first. */
      done(): Promise<boolean>
      destroy(): void
    }

    /** Blocks and bytes after an append. */
    interface Appended {
      length: number
      byteLength: number
    }

    interface Info {
      readonly key: Uint8Array
      readonly discoveryKey: Uint8Array
      readonly length: number
      readonly contiguousLength: number
      readonly byteLength: number
      readonly fork: number
      readonly padding: number
      /** Bytes, when asked for with `{ storage: true }` and known. */
      readonly storage: { oplog: number; tree: number; blocks: number; bitfield: number } | null
    }

    interface Peer {
      readonly remotePublicKey: Uint8Array
      readonly remoteLength: number
      readonly remoteFork: number
      /** All blocks below are on the other side. */
      readonly remoteContiguousLength: number
      readonly remoteCanUpgrade: boolean
      readonly remoteOpened: boolean
      readonly remoteUploading: boolean
      readonly remoteDownloading: boolean
      readonly remoteSynced: boolean
      readonly removed: boolean
      readonly stream: NoiseStream
      readonly protomux: Protomux
    }

    /** The Noise-encrypted stream that the channels run on. */
    interface NoiseStream extends Duplex {
      readonly noiseStream: NoiseStream
      readonly isInitiator: boolean
      readonly publicKey: Uint8Array
      readonly remotePublicKey: Uint8Array
      /** 64 bytes; the same on both sides, null until connected. */
      readonly handshakeHash: Uint8Array | null
      readonly connected: boolean
      readonly opened: Promise<boolean>
      readonly rawStream: Duplex
      readonly rawBytesRead: number
      readonly rawBytesWritten: number
      /** The Protomux, once something replicates. */
      userData: Protomux | null
      /** In ms. */
      readonly timeout: number
      /** In ms. */
      readonly keepAlive: number
      /** In ms: destroys the stream when nothing came in for so long; 0 switches it off. */
      setTimeout(ms: number): void
      /** In ms: sends an empty message after so long without a write; 0 switches it off. */
      setKeepAlive(ms: number): void
    }

    /** What `replicate(isInitiator)` gives: pipe it to the other side's and back. */
    interface ReplicationStream extends Duplex {
      readonly noiseStream: NoiseStream
    }

    interface ReplicateOptions {
      /** Default true: an empty message every 5,000 ms keeps the connection open. */
      keepAlive?: boolean | undefined
      keyPair?: KeyPair | undefined
      remotePublicKey?: Uint8Array | undefined
      pattern?: string | undefined
      stream?: ReplicationStream | NoiseStream | undefined
      ondiscoverykey?: ((discoveryKey: Uint8Array) => void | Promise<void>) | undefined
    }

    interface Events {
      ready: []
      close: []
      /** The core grew, by an own append or a peer's proof. */
      append: []
      truncate: [length: number, fork: number]
      manifest: []
      'peer-add': [peer: Peer]
      'peer-remove': [peer: Peer]
      download: [index: number, byteLength: number, from: Peer, request: unknown]
      upload: [index: number, byteLength: number, from: Peer]
      'remote-contiguous-length': [length: number]
      'verification-error': [error: Error, request: unknown, response: unknown, from: Peer]
      'invalid-request': [error: Error, request: unknown, from: Peer]
      /** Two signed logs of one key: the core closes after it. */
      conflict: [length: number, fork: number, proof: unknown]
      migrate: [key: Uint8Array]
      repairing: [proof: unknown]
      repaired: [proof: unknown]
      'repair-failed': []
    }
  }

  interface Hypercore extends Hypercore.Emitter<Hypercore.Events> {}

  class Hypercore {
    constructor(storage: unknown, key?: Hypercore.Key | null, options?: Hypercore.SessionOptions)

    /** 15 MiB, in bytes: `append` rejects larger blocks. */
    static readonly MAX_SUGGESTED_BLOCK_SIZE: number
    static readonly DefaultEncryption: {
      new (
        encryptionKey: Uint8Array,
        hypercoreKey: Uint8Array,
        options?: { block?: boolean; compat?: boolean }
      ): Hypercore.EncryptionProvider & { readonly key: Uint8Array }
      /** In bytes. */
      readonly PADDING: number
      blockEncryptionKey(hypercoreKey: Uint8Array, encryptionKey: Uint8Array): Uint8Array
    }

    /** A hypercore-storage on a folder; `writeBufferSize` in bytes. */
    static defaultStorage(
      path: string,
      options?: { wait?: boolean; readOnly?: boolean; writeBufferSize?: number }
    ): unknown
    /** The core's public key: the hash of its manifest (or of the default manifest of a 32-byte public key). */
    static key(
      manifest: Hypercore.ManifestOptions | Uint8Array,
      options?: { compat?: boolean; version?: number; namespace?: Uint8Array }
    ): Uint8Array
    static parseManifest(manifest: Hypercore.ManifestOptions, key?: Uint8Array): Hypercore.Manifest | null
    static discoveryKey(key: Uint8Array): Uint8Array
    static blockEncryptionKey(key: Uint8Array, encryptionKey: Uint8Array): Uint8Array
    static getProtocolMuxer(stream: Hypercore.ReplicationStream | Hypercore.NoiseStream): Protomux
    static createProtocolStream(
      isInitiator: boolean | Hypercore.ReplicationStream | Hypercore.NoiseStream | Protomux,
      options?: Hypercore.ReplicateOptions
    ): Hypercore.ReplicationStream
    static destroyRequests(requests: Hypercore.ActiveRequests, error: Error | null): void

    /** Null until opened, when the core was asked for by name. */
    readonly key: Uint8Array
    /** Null until opened, when the core was asked for by name. */
    readonly discoveryKey: Uint8Array
    /** z-base-32 of the key. Null until opened, when the core was asked for by name. */
    readonly id: string
    /** Null for somebody else's core of which nothing has arrived yet. */
    readonly manifest: Hypercore.Manifest | null
    readonly keyPair: { publicKey: Uint8Array; secretKey?: Uint8Array | null } | null
    /** In blocks; 0 until opened. */
    readonly length: number
    /** In blocks: what is signed, which a named session may be ahead of. */
    readonly signedLength: number
    /** In bytes. */
    readonly byteLength: number
    /** All blocks below are here. */
    readonly contiguousLength: number
    /** All blocks below are on one of the peers. */
    readonly remoteContiguousLength: number
    readonly fork: number
    /** In bytes per block. */
    readonly padding: number
    readonly readable: boolean
    readonly writable: boolean
    readonly opened: boolean
    readonly closed: boolean
    readonly opening: Promise<void>
    readonly closing: Promise<void> | null
    readonly snapshotted: boolean
    readonly exclusive: boolean
    readonly weak: boolean
    readonly peers: Hypercore.Peer[]
    readonly sessions: Hypercore[]
    readonly activeRequests: Hypercore.ActiveRequests
    readonly encryption: Hypercore.EncryptionProvider | null
    readonly valueEncoding: Encoder<unknown, unknown> | null
    /** Internal; whoever leans on it narrows it in one place and checks it there. */
    readonly core: unknown
    /** Internal; whoever leans on it narrows it in one place and checks it there. */
    readonly state: unknown

    ready(): Promise<void>
    close(options?: { error?: Error | null }): Promise<void>
    purge(): Promise<void>

    /** Null only with `wait: false`. Rejects when the core closes, the time is up or the value does not decode. */
    get(index: number, options?: Hypercore.GetOptions): Promise<Uint8Array | null>
    get<T>(index: number, options?: Hypercore.GetOptions): Promise<T | null>
    has(start: number, end?: number): Promise<boolean>
    append(blocks: unknown, options?: Hypercore.AppendOptions): Promise<Hypercore.Appended>
    truncate(length?: number, options?: Hypercore.TruncateOptions | number): Promise<void>
    /** Deletes blocks from the local storage; the log stays. */
    clear(start: number, end?: number, options?: { diff?: boolean }): Promise<{ blocks: number } | null>

    session(options?: Hypercore.SessionOptions): Hypercore
    snapshot(options?: Hypercore.SessionOptions): Hypercore
    commit(session: Hypercore, options?: Record<string, unknown>): Promise<unknown>

    /** True when the core got longer. Waits for peers only with `wait: true` or while peers are being looked for. */
    update(options?: {
      wait?: boolean
      force?: boolean
      activeRequests?: Hypercore.ActiveRequests
    }): Promise<boolean>
    download(range?: Hypercore.DownloadRange): Hypercore.Download
    /** Says that peers are being looked for, until the returned function is called. */
    findingPeers(): () => void
    setActive(active: boolean): void
    replicate(
      isInitiator: boolean | Hypercore.ReplicationStream | Hypercore.NoiseStream,
      options?: Hypercore.ReplicateOptions
    ): Hypercore.ReplicationStream
    replicate(muxer: Protomux): Protomux

    getUserData(key: string): Promise<Uint8Array | null>
    setUserData(key: string, value: Uint8Array | null): Promise<void>
    setEncryption(encryption: Hypercore.EncryptionProvider | null): Promise<void>
    setEncryptionKey(key: Uint8Array, options?: { block?: boolean }): Promise<void>
    setKeyPair(keyPair: Hypercore.KeyPair): void
    info(options?: { storage?: boolean }): Promise<Hypercore.Info>
    /** 32 bytes. */
    treeHash(length?: number): Promise<Uint8Array>
    /** The bytes that the head's signature covers. */
    signable(length?: number, fork?: number): Promise<Uint8Array>
    /** [block index, byte offset in it]; null when it is not here and `wait` is false. */
    seek(bytes: number, options?: Hypercore.GetOptions): Promise<[number, number] | null>

    createReadStream<T = Uint8Array>(options?: {
      start?: number
      end?: number
      live?: boolean
      snapshot?: boolean
      wait?: boolean
      timeout?: number
    }): Hypercore.ReadStream<T>
    createWriteStream(): Writable
    createByteStream(options?: {
      byteOffset?: number
      byteLength?: number
      prefetch?: number
    }): Hypercore.ReadStream<Uint8Array>
  }

  export = Hypercore
}
