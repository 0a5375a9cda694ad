import { AutobeeError } from '../../src/errors.ts'

/** How a database's part is to be stored; the stand-in for the database takes it and needs nothing of it. */
export class ColumnFamily {
  readonly name: string
  readonly options: unknown

  constructor(name: string, options?: unknown) {
    this.name = name
    this.options = options
  }
}

/** What `rocksdb-native` is in a page: a Corestore there is given the stand-in for a database, never a path. */
export default class RocksDB {
  static readonly ColumnFamily = ColumnFamily

  constructor() {
    throw new AutobeeError(
      'UNSUPPORTED_RUNTIME',
      'there is no RocksDB in a page; open a store with openStore(name) or openStore(memory())'
    )
  }
}

export { RocksDB as 'module.exports' }
