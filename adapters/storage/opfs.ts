import { AutobeeError } from '../../src/index.ts'
import { checkOpenOptions, type OpenStoreOptions } from './adapter.ts'
import type { KeyValueAdapter, KeyValueStore } from './key-value.ts'
import type { LogFiles } from './log/file.ts'
import { LogStore } from './log/store.ts'
import { lockedError, opfsError, withTypedErrors } from './opfs/errors.ts'
import { hasHandles, openHandles } from './opfs/handles.ts'
import { takeLock } from './opfs/lock.ts'
import { openRemote } from './opfs/remote.ts'

export type { OpenStoreOptions } from './adapter.ts'
export type * from './key-value.ts'

/** How {@link opfs} keeps a store. */
export interface OpfsOptions {
  /**
   * `strict`: a commit resolves when it is on disk. `relaxed`: when the operating system has it; a killed browser loses
   * nothing, a power cut the last moments. Default `relaxed`.
   */
  readonly durability?: 'relaxed' | 'strict'
  /** Waits until whoever has the store open closes it, instead of failing with `STORE_LOCKED`. Default false. */
  readonly wait?: boolean
  /** Bytes of values that are kept in memory. Default 4 MiB. */
  readonly cacheBytes?: number
  /**
   * Starts the worker that holds the files, where a bundler does not find its script: `storage/opfs-worker.js` of this
   * package, beside this module. Vite's development server is one, unless `optimizeDeps.exclude` names this package. Not
   * used in a dedicated worker, which can have files itself.
   */
  readonly worker?: () => Worker
  /** A compaction failed: the store goes on, and its log grows until the next one. */
  readonly onCompactionError?: (error: AutobeeError) => void
}

/**
 * A store in the browser's private file system, in pages and dedicated workers: several times as fast as `indexedDb(name)`
 * for many small appends, at the price of all keys in memory, about 70 bytes each and the key, twice that while a
 * compaction runs; values stay in the file. An
 * opening reads the whole log. So: for stores that are written a lot and do not grow without end; IndexedDB is the default.
 *
 * It is a log with checksums in two files, the one being compacted into the other. One owner at a time, among all tabs and
 * workers: a second one gets `STORE_LOCKED`, or waits. When there is no room left: `STORE_FULL`, without effect.
 * @throws AutobeeError `INVALID_ARGUMENT`, `INVALID_OPTIONS`; at opening `UNSUPPORTED_RUNTIME` where there is no such file
 *   system: in Node, on http pages off localhost
 */
export function opfs(name: string, options: OpfsOptions = {}): KeyValueAdapter {
  if (typeof name !== 'string' || name === '')
    throw new AutobeeError('INVALID_ARGUMENT', 'a store in the private file system needs a name')
  checkOptions(options)
  return {
    name,
    async openKeyValue(opening: OpenStoreOptions = {}) {
      const { wait = options.wait ?? false, readOnly = false } = checkOpenOptions(opening)
      if (readOnly) throw new AutobeeError('NOT_SUPPORTED', `the store ${name} has one owner, who may write`)
      return open(name, { ...options, wait })
    }
  }
}

async function open(name: string, options: OpfsOptions & { wait: boolean }): Promise<KeyValueStore> {
  const { wait, durability, cacheBytes, onCompactionError } = options
  const { storage, locks } = (globalThis.navigator ?? {}) as Partial<Navigator>
  if (!storage?.getDirectory || !locks) {
    const message = 'there is no private file system here; it takes a browser, and https or localhost'
    throw new AutobeeError('UNSUPPORTED_RUNTIME', message)
  }
  const release = await takeLock(name, { wait })
  if (!release) throw lockedError(name)
  const files = await openFiles(name, { options, release })
  return LogStore.open(files, { strict: durability === 'strict', cacheBytes, onCompactionError })
}

async function openFiles(
  name: string,
  { options, release }: { options: OpfsOptions & { wait: boolean }; release: () => void }
): Promise<LogFiles> {
  const start = options.worker ?? startWorker
  const begin = performance.now()
  for (;;) {
    try {
      const files = hasHandles() ? await openHandles(name) : await openRemote(name, start)
      return withTypedErrors({ ...files, close: () => files.close().finally(release) })
    } catch (thrown) {
      const error = opfsError(thrown, name)
      const isDying = error.code === 'STORE_LOCKED' && (options.wait || performance.now() - begin < DYING)
      if (!isDying) {
        release()
        throw error
      }
      await new Promise(resolve => setTimeout(resolve, RETRY))
    }
  }
}

/**
 * The lock is free a moment before the files are, when a page goes, reloads or is killed with its worker: who has the lock
 * and not the files waits for that, ms.
 */
const DYING = 3000
const RETRY = 20

function startWorker(): Worker {
  return new Worker(new URL('./opfs/worker.ts', import.meta.url), { type: 'module' })
}

function checkOptions(options: OpfsOptions): void {
  if (typeof options !== 'object' || options === null)
    throw new AutobeeError('INVALID_OPTIONS', 'the options of a store are an object, such as { wait: true }')
  const { durability = 'relaxed', wait = false, cacheBytes = 0, worker } = options
  if (durability !== 'relaxed' && durability !== 'strict')
    throw new AutobeeError('INVALID_OPTIONS', "durability is 'relaxed' or 'strict'")
  if (typeof wait !== 'boolean') throw new AutobeeError('INVALID_OPTIONS', 'wait is true or false')
  if (!Number.isFinite(cacheBytes) || cacheBytes < 0)
    throw new AutobeeError('INVALID_OPTIONS', 'cacheBytes is a number of bytes, from 0')
  if (worker !== undefined && typeof worker !== 'function')
    throw new AutobeeError('INVALID_OPTIONS', 'worker is a function that starts a Worker')
}
