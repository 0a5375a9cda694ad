import type Corestore from 'corestore'
import { Autobee, AutobeeError, type AutobeeOptions } from '../../src/index.ts'
import { KeyValue, type KeyValueOptions } from '../../src/kv/index.ts'
import { Checking } from './check-apply/checking.ts'
import { type Checked, readPast } from './check-apply/history.ts'
import { Oplogs } from './check-apply/oplogs.ts'
import type { ApplyReport } from './check-apply/report.ts'

export type {
  ApplyFault,
  ApplyReport,
  ReplayDifference,
  ReplayKind,
  ReplayPosition,
  ReplayRun
} from './check-apply/report.ts'

/** How {@link checkApply} goes about it. */
export interface CheckApplyOptions {
  /** One shuffled replay each. Default 1, 2 and 3. */
  seeds?: readonly number[]
}

/**
 * Does this `apply` give the same view however the entries come? Replays all that a database has ordered in fresh stores in
 * memory: at once, at once again, unit by unit, and shuffled, so that what comes late is merged by taking back and applying again. Then it
 * compares order and view with the original's. It finds clocks, random numbers, variables that outlive a call, `db.view` read in place
 * of `view`, and whatever depends on how many units are merged at a time. What it cannot find: what was the same in every
 * replay, such as the time zone, the day or the release of a library.
 *
 * ```js
 * import { checkApply } from 'autobee/testing'
 * const report = await checkApply(db, { apply, valueEncoding: 'json' })
 * assert(report.ok, report.cause)
 * ```
 *
 * The original is only read, and may go on meanwhile; the order is read when nothing is appended for a moment. Each `apply` runs
 * at least six times over the whole history, `open` and `close` as well; `update` does not. Up to three copies of it are in memory meanwhile.
 * @param db an open Autobee, or a KeyValue
 * @param options those that it was made with. `keyPair`, `update`, `wakeup`, `optimistic`, `ackInterval`, `maxClockDrift` and `durability` mean
 *   nothing here
 * @throws AutobeeError `INVALID_ARGUMENT`; `CLOSED`; `WAITING` (its `reason`: `BLOCKS`, entries are not in the store; `INTERRUPTED`, `apply` has
 *   stopped on one; `LINKS`, they refer to an oplog of which there are two versions); `APPLY_FAILED` when it failed in the original;
 *   `OPTIONS_MISMATCH` and `ENCRYPTION_KEY_MISMATCH` when the options are others
 */
export async function checkApply<View, Value>(
  db: Autobee<View, Value>,
  options: AutobeeOptions<View, Value>,
  checking?: CheckApplyOptions
): Promise<ApplyReport>
export async function checkApply<K, V>(
  db: KeyValue<K, V>,
  options?: KeyValueOptions<K, V>,
  checking?: CheckApplyOptions
): Promise<ApplyReport>
export async function checkApply(
  db: unknown,
  options: object = {},
  { seeds = [1, 2, 3] }: CheckApplyOptions = {}
): Promise<ApplyReport> {
  const { database, make } = toLike(db)
  if (typeof options !== 'object' || options === null) throw invalid('the options are those of the database')
  if (!Array.isArray(seeds) || !seeds.every(seed => Number.isSafeInteger(seed)))
    throw invalid('seeds is a list of whole numbers')
  await database.ready()
  if (database.closed) throw new AutobeeError('CLOSED', 'the database is closed')
  const past = await readPast(database)
  const source = new Oplogs(database.store, { createIfMissing: false })
  try {
    return await new Checking({ past, source, make: store => make(store, past.key, options) }).run(seeds)
  } finally {
    await source.close()
  }
}

interface Like {
  readonly database: Checked
  make(store: Corestore, key: Uint8Array, options: object): Checked
}

/** Nothing that a replica does by itself, and no clock: what was ordered once is ordered again. */
const STILL = { keyPair: null, wakeup: null, ackInterval: 0, maxClockDrift: Number.MAX_SAFE_INTEGER / 2 }

function toLike(db: unknown): Like {
  if (Autobee.isAutobee(db)) {
    const make = (store: Corestore, key: Uint8Array, options: AutobeeOptions) => {
      const { update, durability, ...rest } = options
      return new Autobee(store, key, { ...rest, ...STILL, optimistic: false })
    }
    return { database: db as unknown as Checked, make }
  }
  const { db: inner } = (db ?? {}) as { db?: unknown }
  if (inner === undefined || !Autobee.isAutobee(inner))
    throw invalid('checkApply takes an Autobee, or a KeyValue on one')
  const make = (store: Corestore, key: Uint8Array, options: KeyValueOptions) => {
    const { durability, ...rest } = options
    return new KeyValue(store, key, { ...rest, ...STILL }).db
  }
  return { database: inner as unknown as Checked, make }
}

function invalid(message: string): AutobeeError {
  return new AutobeeError('INVALID_ARGUMENT', message)
}
