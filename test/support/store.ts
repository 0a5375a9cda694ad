import type Corestore from 'corestore'
import { createPlace } from './places.ts'

export interface TempStore {
  readonly store: Corestore
  /** In Node the folder; in a browser a name. */
  readonly dir: string
  /** Opens it once more, after `store` was closed; what was written is there. */
  reopen(): Promise<Corestore>
  /** Closes the store, if it is not closed yet, and removes what it held. */
  close(): Promise<void>
}

/** A Corestore in a place of its own. */
export async function tempStore(): Promise<TempStore> {
  const place = await createPlace()
  const stores = [await place.open()]
  return {
    store: stores[0] as Corestore,
    dir: place.name,
    async reopen() {
      const store = await place.open()
      stores.push(store)
      return store
    },
    async close() {
      for (const store of stores) await store.close()
      await place.destroy()
    }
  }
}
