declare module 'random-access-memory' {
  type RandomAccessStorage = import('../../../adapters/storage/random-access.ts').RandomAccessStorage

  interface RAM extends RandomAccessStorage {
    /** A copy of all bytes. */
    toBuffer(): Uint8Array
  }
  const RAM: {
    new (content?: Uint8Array): RAM
    reusable(): (name: string) => RAM
  }
  export default RAM
}

declare module 'random-access-file' {
  type RandomAccessStorage = import('../../../adapters/storage/random-access.ts').RandomAccessStorage

  interface RandomAccessFile extends RandomAccessStorage {
    readonly fd: number
  }
  const RandomAccessFile: new (
    path: string,
    options?: { lock?: boolean; directory?: string }
  ) => RandomAccessFile
  export default RandomAccessFile
}

declare module 'random-access-idb' {
  type RandomAccessStorage = import('../../../adapters/storage/random-access.ts').RandomAccessStorage

  export default function randomAccessIdb(database: string): (name: string) => RandomAccessStorage
}
