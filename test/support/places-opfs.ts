import { opfs } from '../../adapters/storage/opfs.ts'
import type { Place, PlaceOptions } from './places.ts'
import { placeIn } from './places-key-value.ts'

export type { Place, PlaceOptions }

/** What is left behind goes with the browser's profile, which is new for each run. */
export async function createPlace(options: PlaceOptions = {}): Promise<Place> {
  return placeIn(opfs(`autobee-test-${crypto.randomUUID()}`), options, async () => {})
}
