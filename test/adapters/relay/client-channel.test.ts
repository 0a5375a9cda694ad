import { test } from 'vitest'
import { transportSuite } from '../../../adapters/testing/index.ts'
import { channelPair } from './client-lines.ts'

/** The window, and what the streams hold at both ends. */
const bound = 3 << 20

transportSuite({
  test,
  create: () => channelPair(),
  bound,
  halfOpen: true,
  faults: { cut: ({ relay }) => relay.close({ grace: 0 }) }
})

// no window holds a write, and most are used up at every turn
transportSuite({
  test: (name, run) => test(`${name} (small windows)`, run),
  create: () =>
    channelPair({ window: 4_000, frame: 256, limits: { framesPerSecond: Number.POSITIVE_INFINITY } }),
  bound,
  halfOpen: true,
  seeds: [11, 12]
})
