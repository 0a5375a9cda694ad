import { AutobeeError } from '../../src/index.ts'
import { checkOpenOptions, type OpenStoreOptions } from './adapter.ts'
import type { KeyValueAdapter, KeyValueStore } from './key-value.ts'
import type { LogFiles } from './log/file.ts'
import { LogStore, type LogStoreOptions } from './log/store.ts'
import { RandomAccessFile, type RandomAccessStorage } from './random-access-file.ts'
import { type Turn, Turns } from './turns.ts'

export type { OpenStoreOptions } from './adapter.ts'
export type * from './key-value.ts'
export type { RandomAccessStorage } from './random-access-file.ts'

/** Gives the storage of a name: `log-0` and `log-1` are asked for. */
export type RandomAccessFactory<S extends RandomAccessStorage = RandomAccessStorage> = (name: string) => S

/** How {@link randomAccess} keeps its log. */
export interface RandomAccessOptions<S extends RandomAccessStorage = RandomAccessStorage> {
  /** What messages call the place. Default `random-access`. */
  name?: string
  /** ms until a call that the storage does not answer has failed. Default 60,000. */
  timeout?: number
  /**
   * Makes that what was written to a storage survives a power cut: for random-access-file, `fsync` of its `fd`. Without it
   * `sync()` of the store promises no more than a commit does, and less damage can be told from a power cut.
   */
  sync?: (storage: S) => Promise<void>
  /** Bytes of values that are kept in memory. Default 4 MiB. */
  cacheBytes?: number
  /** A compaction failed: the store goes on, and its log grows until the next one. */
  onCompactionError?: (error: AutobeeError) => void
}

const TIMEOUT = 60_000
const turns = new WeakMap<object, Turns>()

/**
 * A store in any random-access-storage: for those who have one already, in another runtime or with a place of its own.
 * Elsewhere `file(path)` and `indexedDb(name)` are faster, keep less in memory and are safer.
 *
 * It is a log with checksums in two storages, the one being compacted into the other. Keys stay in memory, about 70 bytes
 * each and the key, twice that while a compaction runs; values stay in the storage. What a power cut left of the last commits is cut off at the next opening.
 * Damage to anything before is `STORE_CORRUPT`, as far as it can be told from that: when it concerns what was synced, or
 * written more than a minute before something that is still there.
 *
 * The storage has to run writes in the order of the calls; it needs neither `truncate` nor `del`. What it does not answer
 * in time fails with `STORE_FAILED` (reason `TIMEOUT`). When a failed write can be undone, the store goes on; if not,
 * commits fail with `STORE_FAILED` (reason `BROKEN`) until the store was closed and opened again; reads go on.
 *
 * A store is opened by one owner at a time **of this process**, known by the factory's identity: two factories for one
 * place, or two processes, write over each other, if the storage itself does not lock (random-access-file does, with its
 * option `lock`). The factory is called at every opening and closing. It gives a new object for the same bytes, or always
 * the same object, which is suspended then instead of closed.
 *
 * random-access-idb needs a `globalThis.Buffer` before it is imported, and does not answer when there is no room left.
 * @throws AutobeeError `INVALID_ARGUMENT`, `INVALID_OPTIONS`
 */
export function randomAccess<S extends RandomAccessStorage>(
  factory: RandomAccessFactory<S>,
  options: RandomAccessOptions<S> = {}
): KeyValueAdapter {
  if (typeof factory !== 'function')
    throw new AutobeeError(
      'INVALID_ARGUMENT',
      'randomAccess takes a function that gives a storage for a name'
    )
  checkOptions(options)
  const { name = 'random-access' } = options
  return { name, openKeyValue: async (opening = {}) => openKeyValue(checkOpenOptions(opening)) }

  async function openKeyValue({ wait = false, readOnly = false }: OpenStoreOptions): Promise<KeyValueStore> {
    if (readOnly) throw new AutobeeError('NOT_SUPPORTED', `${name} has one owner, who may write`)
    const turn = await turnsOf(factory).take({ wait })
    if (!turn) throw new AutobeeError('STORE_LOCKED', `${name} is open already; close it there`)
    return LogStore.open(openFiles(factory, { options, turn }), logOptions(options))
  }
}

function openFiles<S extends RandomAccessStorage>(
  factory: RandomAccessFactory<S>,
  { options, turn }: { options: RandomAccessOptions<S>; turn: Turn }
): LogFiles {
  const { name = 'random-access', timeout = TIMEOUT, sync } = options
  const open = (slot: string) =>
    new RandomAccessFile(factory(slot), { name: `${name}/${slot}`, timeout, sync })
  try {
    const slots = [open('log-0'), open('log-1')] as const
    return { name, slots, close: () => closeFiles(slots) }
  } catch (cause) {
    turn.end()
    throw new AutobeeError('STORE_FAILED', `${name} gave no storage: ${String(cause)}`, { cause })
  }

  async function closeFiles(slots: readonly RandomAccessFile<S>[]): Promise<void> {
    try {
      const closed = slots.map((slot, i) =>
        // closed, it would be gone for good; a new one would not know of a suspended one
        slot.close({ suspend: factory(`log-${i}`) === slot.storage })
      )
      const failed = (await Promise.allSettled(closed)).find(({ status }) => status === 'rejected')
      if (failed) throw (failed as PromiseRejectedResult).reason
    } finally {
      turn.end()
    }
  }
}

function logOptions<S extends RandomAccessStorage>(options: RandomAccessOptions<S>): LogStoreOptions {
  return { cacheBytes: options.cacheBytes, onCompactionError: options.onCompactionError }
}

function turnsOf(factory: object): Turns {
  let found = turns.get(factory)
  if (!found) {
    found = new Turns()
    turns.set(factory, found)
  }
  return found
}

function checkOptions(options: RandomAccessOptions<never>): void {
  if (typeof options !== 'object' || options === null)
    throw new AutobeeError('INVALID_OPTIONS', 'the options of randomAccess are an object')
  for (const name of ['timeout', 'cacheBytes'] as const) {
    const value = options[name]
    if (value !== undefined && !(Number.isFinite(value) && value >= 0))
      throw new AutobeeError('INVALID_OPTIONS', `${name} is a number, 0 or more`)
  }
  if (options.sync !== undefined && typeof options.sync !== 'function')
    throw new AutobeeError('INVALID_OPTIONS', 'sync is a function of a storage')
}
