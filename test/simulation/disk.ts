import { createPlace } from '../support/places.ts'
import type { Runtime } from './world.ts'

/** Corestores wherever this runtime keeps them. */
export const disks: Runtime = {
  createDisk: primaryKey => createPlace({ primaryKey, volatile: true })
}
