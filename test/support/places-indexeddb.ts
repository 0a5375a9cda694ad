import { indexedDb } from '../../adapters/storage/indexeddb.ts'
import type { Place, PlaceOptions } from './places.ts'
import { placeIn } from './places-key-value.ts'

export type { Place, PlaceOptions }

export async function createPlace(options: PlaceOptions = {}): Promise<Place> {
  const name = `autobee-test-${crypto.randomUUID()}`
  return placeIn(indexedDb(name), options, () => remove(name))
}

function remove(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name)
    request.onsuccess = () => resolve()
    request.onerror = () => reject(request.error)
    request.onblocked = () => reject(new Error(`${name} is still open`))
  })
}
