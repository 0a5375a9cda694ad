import { test } from 'vitest'
import { storageSuite } from '../../../adapters/testing/index.ts'
import { rocksdbPlace } from './rocksdb-places.ts'

storageSuite({ test, create: rocksdbPlace, steps: 120 })
