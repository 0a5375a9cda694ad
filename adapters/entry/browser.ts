/** What `import 'autobee'` gives in a page, and what a page without a bundler imports. */
import '../browser/ready.ts'
import b4a from 'b4a'
import Corestore from 'corestore'
import { indexedDb } from '../storage/indexeddb.ts'
import { type OpenStore, openStoreWith } from '../storage/open-store.ts'

export * from '../../src/index.ts'
export { Autobee as default } from '../../src/index.ts'
export { estimate, persist, type StorageEstimate } from '../browser/storage-manager.ts'
export type { OpenStoreOptions, StorageAdapter } from '../storage/adapter.ts'
export type { IndexedDbOptions } from '../storage/indexeddb.ts'
export type { KeyValueAdapter } from '../storage/key-value.ts'
export { memory } from '../storage/memory.ts'
export type { ConnectRelayOptions, RelayHandle } from '../transport/websocket.ts'
export { connectRelay } from '../transport/websocket.ts'
export { b4a, Corestore, indexedDb, type OpenStore }

/** Opens a store: by the name of an IndexedDB database, or by a storage adapter. Resolves when it is ready. */
export const openStore: OpenStore = openStoreWith(indexedDb)
