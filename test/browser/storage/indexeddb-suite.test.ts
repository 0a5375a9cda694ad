import { describe, test } from 'vitest'
import { bytesOf } from '../../../adapters/storage/indexeddb/bytes.ts'
import { indexedDb } from '../../../adapters/storage/indexeddb.ts'
import { storageSuite } from '../../../adapters/testing/index.ts'
import { deleteDatabase, freshName, openRaw, storeIn, tab } from './indexeddb-harness.ts'

describe.each(['relaxed', 'strict'] as const)('%s', durability => {
  storageSuite({
    test,
    create() {
      const name = freshName()
      return { name, adapter: indexedDb(name, { durability }), destroy: () => deleteDatabase(name) }
    },
    steps: 150,
    faults: {
      remove: ({ name }) => deleteDatabase(name),
      // another browser's tab, which has locks of its own
      takeOver: async ({ name }, store) => {
        void store
        return storeIn(tab({ locks: undefined, channel: undefined, lease: 1 }), name).openKeyValue({
          wait: true
        })
      },
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

describe('without a cache, with all that range deletes take out under snapshots on disk', () => {
  storageSuite({
    test,
    create() {
      const name = freshName()
      const adapter = storeIn(tab(), name, { cacheBytes: 0, undoBytes: -1 })
      return { adapter, destroy: () => deleteDatabase(name) }
    },
    steps: 150
  })
})

describe('without Web Locks', () => {
  storageSuite({
    test,
    create() {
      const name = freshName()
      return { adapter: storeIn(tab({ locks: undefined }), name), destroy: () => deleteDatabase(name) }
    },
    steps: 60
  })
})
