import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Corestore from 'corestore'

export interface TempStore {
  readonly store: Corestore
  readonly dir: string
  /** Closes the store, if it is not closed yet, and removes its folder. */
  close(): Promise<void>
}

/** A Corestore on disk in a folder of its own. */
export async function tempStore(): Promise<TempStore> {
  const dir = await mkdtemp(join(tmpdir(), 'autobee-test-'))
  const store = new Corestore(dir)
  await store.ready()
  return {
    store,
    dir,
    async close() {
      await store.close()
      await rm(dir, { recursive: true, force: true })
    }
  }
}
