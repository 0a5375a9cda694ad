import { test } from 'vitest'
import { transportSuite } from '../../../adapters/testing/index.ts'
import { MEMORY_BOUND, memoryPair } from './memory-pair.ts'

transportSuite({
  test,
  create: () => memoryPair(),
  bound: MEMORY_BOUND,
  halfOpen: true,
  faults: { cut: pair => pair.cut() }
})
