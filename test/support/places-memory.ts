import { memory } from '../../adapters/storage/memory.ts'
import type { Place, PlaceOptions } from './places.ts'
import { placeIn } from './places-key-value.ts'

export type { Place, PlaceOptions }

export async function createPlace(options: PlaceOptions = {}): Promise<Place> {
  return placeIn(memory(), options, async () => {})
}
