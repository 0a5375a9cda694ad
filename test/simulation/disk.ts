import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Corestore from 'corestore'
import type { Disk } from './peer.ts'
import type { Runtime } from './world.ts'

/** Memory that looks like a disk, where there is such a thing. */
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** Corestores in folders, written by RocksDB. */
export const folders: Runtime = {
  async createDisk(primaryKey): Promise<Disk> {
    const dir = await mkdtemp(join(PLACE, 'autobee-simulation-'))
    return {
      async open() {
        const store = new Corestore(dir, { primaryKey, unsafe: true })
        await store.ready()
        return store
      },
      destroy: () => rm(dir, { recursive: true, force: true })
    }
  }
}
