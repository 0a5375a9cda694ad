import type { TransportNature } from '../transport/contract.ts'
import { abortCases } from './transport/aborts.ts'
import { byteCases } from './transport/bytes.ts'
import { endCases } from './transport/ends.ts'
import { faultCases } from './transport/faults.ts'
import { flowCases } from './transport/flow.ts'
import { randomCase } from './transport/random.ts'
import { stateCases } from './transport/states.ts'
import {
  type TransportCase,
  type TransportFaults,
  type TransportPair,
  TransportTrial
} from './transport/trial.ts'

/** What {@link transportSuite} needs to run, and what the transport is like. */
export interface TransportSuiteOptions<P extends TransportPair = TransportPair> extends TransportNature {
  /** Registers a case: `test` of vitest, of node:test, `it` of mocha. */
  test(name: string, run: () => Promise<void>): unknown
  /** Two ends, connected or just being connected; called for each case, often more than once. */
  create(): P | Promise<P>
  /** What can go wrong, as far as a test can cause it. Default: nothing. */
  faults?: TransportFaults<P>
  /** What the transport's users get to see of an error of an end. Default: the error itself. */
  errorOf?(error: Error): unknown
  /** One random walk each. Default 1 to 5. */
  seeds?: readonly number[]
  /** Of each of the four rounds of a random walk. Default 60. */
  steps?: number
  /** ms in which nothing at all happens until a case takes what it waits for for broken; default 20,000. */
  patience?: number
}

/**
 * The acceptance suite of `ByteStream`: registers a case for every promise of the contract, and random walks beside a plain
 * model. A case throws when a promise is broken. No case waits for time, unless it fails.
 *
 * ```js
 * import { test } from 'node:test'
 * import { transportSuite } from 'autobee/testing'
 * transportSuite({ test, create: () => ({ ends: mine(), destroy() {} }), bound: 2 ** 20, halfOpen: true })
 * ```
 */
export function transportSuite<P extends TransportPair>(options: TransportSuiteOptions<P>): void {
  const { test, bound, halfOpen, tellsAborts = true, faults = {}, patience = 20_000 } = options
  const { seeds = [1, 2, 3, 4, 5], steps = 60, errorOf = (error: Error) => error } = options
  const nature: Required<TransportNature> = { bound, halfOpen, tellsAborts }
  const cases: TransportCase<P>[] = [
    ...byteCases,
    ...flowCases(nature),
    ...endCases(nature),
    ...abortCases(nature),
    ...stateCases,
    ...faultCases(faults),
    ...seeds.map(seed => randomCase<P>(seed, { steps, faults }))
  ]
  for (const { name, run } of cases) {
    test(name, async () => {
      const create = () => options.create()
      const trial = new TransportTrial<P>({ ...nature, create, errorOf, patience })
      let wasGood = false
      try {
        await run(trial)
        wasGood = true
      } finally {
        await trial.end({ wasGood })
      }
    })
  }
}
