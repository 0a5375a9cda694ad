import NoiseSecretStream from '@hyperswarm/secret-stream'
import { test } from 'vitest'
import { type TransportPair, transportSuite } from '../../../adapters/testing/index.ts'
import { failure } from '../../../adapters/transport/failure.ts'
import { MEMORY_BOUND, memoryPair } from './memory-pair.ts'

/** Noise streams over two ends that are as the contract says: so is what they give to replicate over. */
function pair(): TransportPair & { cut(): void } {
  const { ends: raw, cut } = memoryPair()
  const ends = [new NoiseSecretStream(true, raw[0]), new NoiseSecretStream(false, raw[1])] as const
  return {
    ends,
    cut,
    held: () => [...ends, ...raw].filter(end => !end.destroyed).length,
    destroy() {}
  }
}

transportSuite({
  test,
  create: pair,
  bound: 2 * MEMORY_BOUND,
  halfOpen: true,
  errorOf: error => failure('the connection failed', error),
  faults: { cut: pair => pair.cut() }
})
