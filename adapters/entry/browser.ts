/** What `import 'autobee'` gives in a page, and what a page without a bundler imports. */
import '../browser/ready.ts'
import b4a from 'b4a'
import Corestore from 'corestore'
import { AutobeeError } from '../../src/index.ts'
import { openStoreWith } from '../storage/open-store.ts'

export * from '../../src/index.ts'
export { Autobee as default } from '../../src/index.ts'
export type { OpenStoreOptions, StorageAdapter } from '../storage/adapter.ts'
export type { KeyValueAdapter } from '../storage/key-value.ts'
export { memory } from '../storage/memory.ts'
export type { OpenStore } from '../storage/open-store.ts'
export { b4a, Corestore }

export const openStore = openStoreWith(name => {
  throw new AutobeeError('NOT_SUPPORTED', `no store ${name}: give openStore an adapter, such as memory()`)
})
