import type Corestore from 'corestore'
import { createPlace } from './places.ts'

export interface TempStore {
  readonly store: Corestore
  /** In Node the folder; in a browser a name. */
  readonly dir: string
  /** Closes the store, if it is not closed yet, and removes what it held. */
  close(): Promise<void>
}

/** A Corestore in a place of its own. */
export async function tempStore(): Promise<TempStore> {
  const place = await createPlace()
  const store = await place.open()
  return {
    store,
    dir: place.name,
    async close() {
      await store.close()
      await place.destroy()
    }
  }
}
