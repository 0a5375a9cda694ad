import { test } from 'vitest'
import { memory } from '../../../adapters/storage/memory.ts'
import { storageSuite } from '../../../adapters/testing/index.ts'

storageSuite({ test, create: () => ({ adapter: memory(), destroy: async () => {} }) })
