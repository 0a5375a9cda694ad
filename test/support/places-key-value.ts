import Corestore from 'corestore'
import type { KeyValueAdapter } from '../../adapters/storage/key-value.ts'
import { RocksDB } from '../../adapters/storage/rocksdb/index.ts'
import type { Place, PlaceOptions } from './places.ts'

/** A place for stores in any storage. */
export function placeIn(
  adapter: KeyValueAdapter,
  { primaryKey }: PlaceOptions,
  destroy: () => Promise<void>
): Place {
  return {
    name: adapter.name,
    async open() {
      const database = RocksDB.on(await adapter.openKeyValue())
      const store = new Corestore(database as never, primaryKey ? { primaryKey, unsafe: true } : {})
      await store.ready()
      return store
    },
    destroy
  }
}
