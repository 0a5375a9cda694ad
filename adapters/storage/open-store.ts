import Corestore from 'corestore'
import { AutobeeError } from '../../src/index.ts'
import { checkOpenOptions, isStorageAdapter, type OpenStoreOptions, type StorageAdapter } from './adapter.ts'
import { isKeyValueAdapter, type KeyValueAdapter } from './key-value.ts'
import { RocksDB } from './rocksdb/index.ts'

/**
 * Opens a store: by its name, or by an adapter. Resolves when it is ready; after a rejection nothing stays open.
 * @throws AutobeeError `INVALID_ARGUMENT`, `INVALID_OPTIONS`, `NOT_SUPPORTED` (an option that the place cannot honour),
 *   `STORE_LOCKED`, `STORE_CORRUPT`, `STORE_FULL`, `STORE_FAILED`, `UNSUPPORTED_RUNTIME`
 */
export type OpenStore = (
  store: string | StorageAdapter | KeyValueAdapter,
  options?: OpenStoreOptions
) => Promise<Corestore>

/** `openStore` of a runtime; `place` is what a mere name means there: a folder, a database of the browser. */
export function openStoreWith(place: (name: string) => StorageAdapter | KeyValueAdapter): OpenStore {
  return async (store, options = {}) => {
    const adapter = typeof store === 'string' ? place(store) : store
    if (isStorageAdapter(adapter)) return adapter.open(options)
    if (isKeyValueAdapter(adapter)) return openOn(adapter, checkOpenOptions(options))
    throw new AutobeeError('INVALID_ARGUMENT', 'openStore takes the name of a store or a storage adapter')
  }
}

async function openOn(adapter: KeyValueAdapter, options: OpenStoreOptions): Promise<Corestore> {
  if (options.readOnly) {
    throw new AutobeeError('NOT_SUPPORTED', `the store ${adapter.name} has one owner, who may write`)
  }
  const store = await adapter.openKeyValue(options)
  try {
    const corestore = new Corestore(RocksDB.on(store))
    await corestore.ready()
    return corestore
  } catch (error) {
    // a Corestore that could not be opened closes nothing; that it could not is the error to tell
    await store.close().catch(noop)
    if (AutobeeError.is(error)) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw new AutobeeError('STORE_FAILED', `the store ${adapter.name} could not be opened: ${message}`, {
      cause: error
    })
  }
}

function noop(): void {}
