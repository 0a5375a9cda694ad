import { readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import Corestore from 'corestore'
import Hypercore from 'hypercore'
import { AutobeeError } from '../../src/index.ts'
import { checkOpenOptions, type OpenStoreOptions, type StorageAdapter } from './adapter.ts'
import { fileStoreError } from './file-errors.ts'
import { isUnfinished, makeMarker } from './file-marker.ts'
import { type OpenStore, openStoreWith } from './open-store.ts'

export type { OpenStoreOptions, StorageAdapter } from './adapter.ts'

/**
 * Bytes that RocksDB gathers in memory before it writes a file; its default of 64 MB makes a process larger, and an
 * opening after a kill longer, and appends no faster.
 */
const MEMORY = { writeBufferSize: 16 * 1024 * 1024 }

/**
 * A folder with a RocksDB database, as Corestore makes it; created when missing.
 * @throws AutobeeError `INVALID_ARGUMENT`
 */
export function file(path: string): StorageAdapter {
  if (typeof path !== 'string' || path === '')
    throw new AutobeeError('INVALID_ARGUMENT', 'a store on files needs the path of a folder')
  return {
    name: path,
    open: (options = {}) => openFolder(resolve(path), checkOpenOptions(options))
  }
}

/** {@link OpenStore} of Node: a name is the path of a folder. */
export const openStore: OpenStore = openStoreWith(file)

async function openFolder(path: string, { wait = false, readOnly = false }: OpenStoreOptions) {
  await checkFolder(path, { mustExist: readOnly })
  let store: Corestore | null = null
  try {
    if (!readOnly) await makeMarker(path)
    const storage = Hypercore.defaultStorage(path, { wait: wait && !readOnly, readOnly, ...MEMORY })
    store = new Corestore(storage, { readOnly })
    await store.ready()
    return store
  } catch (error) {
    // its lock; that it could not be opened is the error to tell
    await store?.close().catch(noop)
    throw fileStoreError(error, path)
  }
}

/**
 * Corestore takes a folder without its marker file for one of an older layout, and moves all that is in it into a
 * sub-folder: the user's own files, when the path was a mistake.
 */
async function checkFolder(path: string, { mustExist }: { mustExist: boolean }): Promise<void> {
  let names: string[]
  try {
    names = (await readdir(path)).filter(name => !isUnfinished(name))
  } catch (error) {
    if (!mustExist && (error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw fileStoreError(error, path)
  }
  const isStore = names.length === 0 || ['CORESTORE', 'CURRENT', 'db'].some(name => names.includes(name))
  if (isStore) return
  throw new AutobeeError(
    'STORE_FAILED',
    `${path} is not empty and holds no store; take another folder, one that does not exist yet`,
    { reason: 'NOT_A_STORE' }
  )
}

function noop(): void {}
