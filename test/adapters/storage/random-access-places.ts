import { fsync } from 'node:fs'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import RandomAccessFile from 'random-access-file'
import RAM from 'random-access-memory'
import { type RandomAccessOptions, randomAccess } from '../../../adapters/storage/random-access.ts'
import type { StoragePlace } from '../../../adapters/testing/index.ts'

/** A place whose factory gives a copy of what there was, as `RAM.reusable()` does. */
export function reusablePlace(): StoragePlace {
  return { adapter: randomAccess(RAM.reusable()), destroy: async () => {} }
}

/** A place whose factory gives the same object every time. */
export function sharedPlace(): StoragePlace {
  const storages = new Map<string, RAM>()
  const factory = (name: string) => {
    const storage = storages.get(name) ?? new RAM()
    storages.set(name, storage)
    return storage
  }
  return { adapter: randomAccess(factory), destroy: async () => {} }
}

export interface FolderPlace extends StoragePlace {
  readonly dir: string
}

/** A folder with random-access-file's files, synced by `fsync`. */
export async function folderPlace(options: RandomAccessOptions<RandomAccessFile> = {}): Promise<FolderPlace> {
  const dir = await mkdtemp(join(tmpdir(), 'autobee-log-'))
  return {
    dir,
    adapter: filesIn(dir, options),
    destroy: () => rm(dir, { recursive: true, force: true })
  }
}

export function filesIn(dir: string, options: RandomAccessOptions<RandomAccessFile> = {}) {
  return randomAccess(name => new RandomAccessFile(join(dir, name), { lock: true }), {
    sync: storage => promisify(fsync)(storage.fd),
    ...options
  })
}

/** Flips a bit in the middle of these bytes, wherever the logs in the folder have them. */
export async function damage(dir: string, bytes: Uint8Array): Promise<number> {
  let found = 0
  for (const name of ['log-0', 'log-1']) {
    const path = join(dir, name)
    const content = await readFile(path).catch(() => Buffer.alloc(0))
    const at = content.indexOf(bytes)
    if (at === -1) continue
    found++
    const file = await open(path, 'r+')
    const middle = at + (bytes.length >> 1)
    await file.write(Uint8Array.of((content[middle] as number) ^ 1), 0, 1, middle)
    await file.close()
  }
  return found
}
