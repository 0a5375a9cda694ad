import { commitCases } from './storage/commits.ts'
import { corestoreCases } from './storage/corestore.ts'
import { faultCases, type StorageFaults } from './storage/faults.ts'
import { lifecycleCases } from './storage/lifecycle.ts'
import { orderCases } from './storage/order.ts'
import { randomCase } from './storage/random.ts'
import { snapshotCases } from './storage/snapshots.ts'
import { type StorageCase, type StoragePlace, Trial } from './trial.ts'

/** What {@link storageSuite} needs to run. */
export interface StorageSuiteOptions<P extends StoragePlace = StoragePlace> {
  /** Registers a case: `test` of vitest, of node:test, `it` of mocha. */
  test(name: string, run: () => Promise<void>): unknown
  /** A fresh and empty place; called once per case. */
  create(): P | Promise<P>
  /** What can go wrong with such places, as far as a test can cause it. Default: nothing. */
  faults?: StorageFaults<P>
  /** One random walk each. Default 1 to 5. */
  seeds?: readonly number[]
  /** Of a random walk. Default 250. */
  steps?: number
}

/**
 * The acceptance suite of `KeyValueStore`: registers a case for every promise of the contract, random walks beside
 * a plain model, and cases of a Corestore in the place. A case throws when a promise is broken.
 *
 * ```js
 * import { test } from 'node:test'
 * import { storageSuite } from 'autobee/testing'
 * storageSuite({ test, create: () => ({ adapter: mine(), destroy: async () => {} }) })
 * ```
 */
export function storageSuite<P extends StoragePlace>(options: StorageSuiteOptions<P>): void {
  const { test, create, faults = {}, seeds = [1, 2, 3, 4, 5], steps = 250 } = options
  const cases: StorageCase<P>[] = [
    ...orderCases,
    ...commitCases,
    ...snapshotCases,
    ...lifecycleCases,
    ...faultCases(faults),
    ...seeds.map(seed => randomCase<P>(seed, steps)),
    ...corestoreCases
  ]
  for (const { name, run } of cases) {
    test(name, async () => {
      const trial = new Trial(await create())
      try {
        await run(trial)
      } finally {
        await trial.end()
      }
    })
  }
}
