import { describe, test } from 'vitest'
import { storageSuite } from '../../../adapters/testing/index.ts'
import { reusablePlace, sharedPlace } from './random-access-places.ts'

describe('random-access-memory, copies', () => storageSuite({ test, create: reusablePlace }))

describe('random-access-memory, the same objects', () =>
  storageSuite({ test, create: sharedPlace, seeds: [1, 2] }))
