/** What `import 'autobee'` and `require('autobee')` give in Node. */
import b4a from 'b4a'
import Corestore from 'corestore'
import { Autobee, AutobeeError, typed } from '../../src/index.ts'
import { estimate, persist } from '../browser/storage-manager.ts'
import { openStore } from '../storage/file.ts'
import { indexedDb } from '../storage/indexeddb.ts'
import { memory } from '../storage/memory.ts'
import { connectRelay } from '../transport/websocket.ts'

export * from '../../src/index.ts'
export type { StorageEstimate } from '../browser/storage-manager.ts'
export type { OpenStoreOptions, StorageAdapter } from '../storage/adapter.ts'
export type { IndexedDbOptions } from '../storage/indexeddb.ts'
export type { KeyValueAdapter } from '../storage/key-value.ts'
export type { OpenStore } from '../storage/open-store.ts'
export type { ConnectRelayOptions, RelayHandle } from '../transport/websocket.ts'
// also what only a page has: one source can be written for both, and the types of both are the same
export { Autobee as default, b4a, Corestore, connectRelay, estimate, indexedDb, memory, openStore, persist }

/** `require` gives the class itself (Node takes it from an export of this name), the other names as its statics. */
const required = Object.assign(Autobee, {
  Autobee,
  AutobeeError,
  b4a,
  Corestore,
  connectRelay,
  estimate,
  indexedDb,
  memory,
  openStore,
  persist,
  typed
})

export { required as 'module.exports' }
