import { AutobeeError } from '../../src/index.ts'
import { checkOpenOptions, type OpenStoreOptions } from './adapter.ts'
import { browserEnvironment, type Environment } from './indexeddb/environment.ts'
import { Place } from './indexeddb/place.ts'
import { IndexedDbStore, type StoreOptions } from './indexeddb/store.ts'
import type { KeyValueAdapter } from './key-value.ts'

export { estimate, persist, type StorageEstimate } from '../browser/storage-manager.ts'
export type { OpenStoreOptions } from './adapter.ts'
export type * from './key-value.ts'

/** How {@link indexedDb} keeps a store. */
export interface IndexedDbOptions {
  /**
   * `strict`: a commit resolves when it is on disk. `relaxed`: when the operating system has it; a killed browser loses
   * nothing, a power cut the last moments. Default `relaxed`; it commits up to half as often again.
   */
  readonly durability?: 'relaxed' | 'strict'
  /** Waits until whoever has the store open closes it, instead of failing with `STORE_LOCKED`. Default false. */
  readonly wait?: boolean
  /** Bytes that values may take which are kept in memory, so that they need not be read again. Default 8 MiB; 0 for none. */
  readonly cacheBytes?: number
}

const MIB = 1024 * 1024

const DEFAULTS: StoreOptions = {
  durability: 'relaxed',
  cacheBytes: 8 * MIB,
  undoBytes: 4 * MIB,
  journal: { keys: 8192, bytes: 4 * MIB, logged: 4 * MIB },
  large: 8 * MIB
}

/**
 * A store in an IndexedDB database of this name, in pages and workers; created when missing. One owner at a time, among
 * all tabs and workers: a second one gets `STORE_LOCKED`, or waits. Without Web Locks (pages that are not secure) an owner
 * that died without closing keeps the store for up to 15 s.
 *
 * A page that is put aside (back-forward cache, frozen tab) gives its place free; when it comes back and nobody took it, it
 * goes on, else all rejects with `STORE_LOCKED` (reason `TAKEN_OVER`). When the database is deleted, by the user say:
 * `STORE_CLOSED` (reason `DELETED`). When the connection is lost while a commit runs, nobody knows what became of that:
 * `STORE_CLOSED` (reason `LOST`), and the next opening tells. A database that holds something else is left as it is.
 * @throws AutobeeError `INVALID_ARGUMENT`, `INVALID_OPTIONS`
 */
export function indexedDb(name: string, options: IndexedDbOptions = {}): KeyValueAdapter {
  return indexedDbIn(browserEnvironment, name, options)
}

/** In another environment than that of this page, and with other limits; for tests. */
export function indexedDbIn(
  environment: () => Environment,
  name: string,
  options: IndexedDbOptions & Partial<StoreOptions> = {}
): KeyValueAdapter {
  if (typeof name !== 'string' || name === '')
    throw new AutobeeError('INVALID_ARGUMENT', 'a store in IndexedDB needs the name of a database')
  checkOptions(options)
  const { wait: waits = false, ...rest } = options
  return {
    name,
    async openKeyValue(opening: OpenStoreOptions = {}) {
      const { wait = waits, readOnly = false, signal } = checkOpenOptions(opening)
      if (readOnly) throw new AutobeeError('NOT_SUPPORTED', `the store ${name} has one owner, who may write`)
      const place = await Place.open(name, environment(), { wait, signal })
      try {
        return await IndexedDbStore.open(place, { ...DEFAULTS, ...rest })
      } catch (error) {
        await place.close()
        throw error
      }
    }
  }
}

function checkOptions(options: IndexedDbOptions): void {
  if (typeof options !== 'object' || options === null)
    throw new AutobeeError(
      'INVALID_OPTIONS',
      "the options of a store are an object, such as { durability: 'strict' }"
    )
  const { durability = 'relaxed', wait = false, cacheBytes = 0 } = options
  if (durability !== 'relaxed' && durability !== 'strict')
    throw new AutobeeError('INVALID_OPTIONS', "durability is 'relaxed' or 'strict'")
  if (typeof wait !== 'boolean') throw new AutobeeError('INVALID_OPTIONS', 'wait is true or false')
  if (!Number.isFinite(cacheBytes) || cacheBytes < 0)
    throw new AutobeeError('INVALID_OPTIONS', 'cacheBytes is a number of bytes, from 0')
}
