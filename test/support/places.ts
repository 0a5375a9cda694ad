import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Corestore from 'corestore'

/** Memory that looks like a disk, where there is such a thing. */
const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A place of its own that a store can be opened in again and again. In a browser another file stands in for this one. */
export interface Place {
  /** In Node the folder. */
  readonly name: string
  open(): Promise<Corestore>
  /** The store is closed by then. */
  destroy(): Promise<void>
}

export interface PlaceOptions {
  /** What the names of its cores are derived from; default random. */
  primaryKey?: Uint8Array
  /** Need not be on a real disk. Default false. */
  volatile?: boolean
}

/** A folder that RocksDB writes. */
export async function createPlace({ primaryKey, volatile = false }: PlaceOptions = {}): Promise<Place> {
  const dir = await mkdtemp(join(volatile ? MEMORY : tmpdir(), 'autobee-test-'))
  return {
    name: dir,
    async open() {
      const store = new Corestore(dir, primaryKey ? { primaryKey, unsafe: true } : {})
      await store.ready()
      return store
    },
    destroy: () => rm(dir, { recursive: true, force: true })
  }
}
