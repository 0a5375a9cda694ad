import { describe, test } from 'vitest'
import { bytesOf } from '../../../adapters/storage/indexeddb/bytes.ts'
import { indexedDb } from '../../../adapters/storage/indexeddb.ts'
import { storageSuite } from '../../../adapters/testing/index.ts'
import {
  deleteDatabase,
  freshName,
  openRaw,
  RESTLESS,
  storeIn,
  tab,
  tabWithoutLocks
} from './indexeddb-harness.ts'

describe.each(['relaxed', 'strict'] as const)('%s', durability => {
  storageSuite({
    test,
    create() {
      const name = freshName()
      return { name, adapter: indexedDb(name, { durability }), destroy: () => deleteDatabase(name) }
    },
    seeds: [1, 2, 3],
    steps: 150,
    faults: {
      // as far as the next owner can tell; processes are killed elsewhere
      kill: async ({ name }) =>
        storeIn(tab({ locks: undefined, channel: undefined, lease: 1 }), name, { durability }),
      remove: ({ name }) => deleteDatabase(name),
      // another browser's tab, which has locks of its own
      takeOver: ({ name }) =>
        storeIn(tab({ locks: undefined, channel: undefined, lease: 1 }), name).openKeyValue({ wait: true }),
      async damage({ name }, key) {
        const database = await openRaw(name)
        const transaction = database.transaction(['entries', 'log'], 'readwrite')
        transaction.objectStore('entries').put('not bytes', bytesOf(String.fromCharCode(...key)))
        const log = transaction.objectStore('log').openCursor()
        log.onsuccess = () => {
          log.result?.update('not bytes')
          log.result?.continue()
        }
        await new Promise(resolve => {
          transaction.oncomplete = resolve
        })
        database.close()
      }
    }
  })
})

describe.each([
  ['from the log to the entries at once', RESTLESS],
  ['and without a cache, deleted ranges of snapshots on disk', { ...RESTLESS, cacheBytes: 0, undoBytes: -1 }],
  ['past the log or not', { ...RESTLESS, large: 60, cacheBytes: 500 }]
])('%s', (_, options) => {
  storageSuite({
    test,
    create() {
      const name = freshName()
      return { adapter: storeIn(tab(), name, options), destroy: () => deleteDatabase(name) }
    },
    seeds: [1, 2],
    steps: 120
  })
})

describe('without Web Locks', () => {
  storageSuite({
    test,
    create() {
      const name = freshName()
      return { adapter: storeIn(tabWithoutLocks(), name), destroy: () => deleteDatabase(name) }
    },
    seeds: [1],
    steps: 60
  })
})
