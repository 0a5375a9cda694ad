/** What `import 'autobee'` and `require('autobee')` give in Node. */
import b4a from 'b4a'
import Corestore from 'corestore'
import { Autobee, AutobeeError, typed } from '../../src/index.ts'
import { openStore } from '../storage/file.ts'

export * from '../../src/index.ts'
export type { OpenStoreOptions, StorageAdapter } from '../storage/adapter.ts'
export { Autobee as default, b4a, Corestore, openStore }

/** `require` gives the class itself (Node takes it from an export of this name), the other names as its statics. */
const required = Object.assign(Autobee, { Autobee, AutobeeError, b4a, Corestore, openStore, typed })

export { required as 'module.exports' }
