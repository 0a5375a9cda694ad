export { ColumnFamily, RocksDB as default, RocksDB } from './session.ts'
