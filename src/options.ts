import type Wakeup from 'protomux-wakeup'
import type { Changes } from './apply/changes.ts'
import type { Host } from './apply/host.ts'
import type { Bytes } from './bytes.ts'
import type { ApplyNode } from './engine/applier.ts'
import { checkKeyPair, type KeyPair } from './engine/cores.ts'
import { HISTORY_LIMITS, type HistoryLimits } from './engine/history.ts'
import type { FlushPhase } from './engine/journal.ts'
import { AutobeeError } from './errors.ts'
import { noRangeStats, type RangeStats } from './sync/ranges/oplog.ts'
import { type Codec, toCodec, type ValueEncoding } from './value-encoding.ts'
import type { HyperbeeView } from './view.ts'

/** For tests only: called at each place inside a flush. Not part of the public API. */
export const ON_PHASE: unique symbol = Symbol.for('autobee.onphase')

/** For tests only: `db[INSPECT]()` is the `Inspection` of engine/engine.ts, null before `ready()`. Not part of the public API. */
export const INSPECT: unique symbol = Symbol.for('autobee.inspect')

/** For tests only: false leaves everything to Hypercore's own replication; else what to count in. Not part of the public API. */
export const RANGES: unique symbol = Symbol.for('autobee.ranges')

/** For tests only: `HistoryLimits`, so that small databases meet what large ones do. Not part of the public API. */
export const HISTORY: unique symbol = Symbol.for('autobee.history')

/**
 * What a database is opened with. `apply`, `open`, `valueEncoding` and `encryptionKey` have to be the same on every peer.
 * `Value` is what `apply` gets of each value: say so where you write it, `apply(nodes: ApplyNode<Operation>[], view, host)`.
 */
export interface AutobeeOptions<View = HyperbeeView, Value = Bytes> {
  /**
   * Merges one unit (the values of one `append` call by one writer) into the view. Called in the agreed order, with
   * the same arguments on every peer; what it does may depend on nothing but its arguments and what it reads from
   * `view`. Default: units are ordered and the view stays empty.
   */
  apply?(nodes: ApplyNode<Value>[], view: View, host: Host): void | Promise<void>
  /**
   * Makes the user's own view of a bee. Called twice: on the writable bee (what it returns goes to `apply`) and on
   * the read-only snapshot (what it returns is `db.view`). Default: the bee itself.
   */
  open?(bee: HyperbeeView, db: unknown): View
  /** Closes what `open` made, both views; called when the database closes, or is opened anew by `setLocal`. */
  close?(view: View): void | Promise<void>
  /** Called after each cycle that changed the view, one call at a time, with what changed. */
  update?(view: View, changes: Changes): void | Promise<void>
  /** Gives `open` the bare tree instead of the buffering bee: one flush of the tree per unit. Default false. */
  raw?: boolean
  /** 32 bytes. Encrypts every oplog and both trees; implies `encrypted`. Default null: nothing is. */
  encryptionKey?: Uint8Array | null
  /** Default: whether there is an `encryptionKey`. True without one is `INVALID_OPTIONS`. */
  encrypted?: boolean
  /** Key pair of the local writer; default: one that the store derives. */
  keyPair?: KeyPair | null
  /** As an indexer, try strangers' optimistic units; kept only if `apply` calls `host.ackWriter`. Default true. */
  optimistic?: boolean
  /** Has no meaning yet: everything is replayed, as with `false`. Default the same. */
  fastForward?: false | object
  /** ms until an indexer fixes the place of ordinary writers' entries with an empty entry; 0 = never. Default 10,000. */
  ackInterval?: number
  /** ms that an entry may be ahead of the local clock before it has to wait. Default 600,000. */
  maxClockDrift?: number
  /** `sync`: an append resolves when it is on disk. `relaxed` (default): a power cut may take up to a second of it. */
  durability?: 'relaxed' | 'sync'
  /** Default `binary`. Recorded in the database: every peer opens it with the same. */
  valueEncoding?: ValueEncoding
  /** A ProtomuxWakeup shared by several databases; default: one of its own. */
  wakeup?: Wakeup | null
  /** The local clock, ms since the epoch. Default `Date.now`. */
  now?: () => number
}

/** Options with their defaults, checked. */
export interface Settings<View> {
  readonly user: AutobeeOptions<View>
  readonly codec: Codec
  readonly encryptionKey: Uint8Array | null
  readonly keyPair: KeyPair | null
  readonly optimistic: boolean
  readonly ackInterval: number
  readonly maxClockDrift: number
  readonly durability: 'relaxed' | 'sync'
  readonly now: () => number
  readonly ranges: RangeStats | false
  readonly onphase: (phase: FlushPhase) => void
  readonly history: HistoryLimits
}

/** @throws AutobeeError `INVALID_OPTIONS` */
export function toSettings<View>(options: AutobeeOptions<View>): Settings<View> {
  for (const name of ['apply', 'open', 'close', 'update', 'now'] as const) {
    if (options[name] != null && typeof options[name] !== 'function') throw invalid(`${name} is a function`)
  }
  const encryptionKey = options.encryptionKey ?? null
  if (encryptionKey && !(encryptionKey instanceof Uint8Array && encryptionKey.byteLength === 32)) {
    throw invalid('encryptionKey is 32 bytes')
  }
  if (options.encrypted && !encryptionKey) throw invalid('encrypted needs an encryptionKey')
  const { wakeup, fastForward } = options
  if (wakeup != null && (typeof wakeup.session !== 'function' || typeof wakeup.addStream !== 'function')) {
    throw invalid('wakeup is a ProtomuxWakeup')
  }
  if (fastForward != null && typeof fastForward !== 'boolean' && typeof fastForward !== 'object') {
    throw invalid('fastForward is false, or { threshold, isTrusted }')
  }
  const durability = options.durability ?? 'relaxed'
  if (durability !== 'relaxed' && durability !== 'sync') throw invalid("durability is 'relaxed' or 'sync'")
  const onphase = (options as { [ON_PHASE]?: (phase: FlushPhase) => void })[ON_PHASE]
  return {
    user: options,
    codec: toCodec(options.valueEncoding),
    encryptionKey,
    keyPair: options.keyPair ? checkKeyPair(options.keyPair) : null,
    optimistic: options.optimistic !== false,
    ackInterval: milliseconds(options.ackInterval, { name: 'ackInterval', fallback: 10_000 }),
    maxClockDrift: milliseconds(options.maxClockDrift, { name: 'maxClockDrift', fallback: 600_000 }),
    durability,
    now: options.now ?? Date.now,
    ranges: (options as { [RANGES]?: RangeStats | false })[RANGES] ?? noRangeStats(),
    onphase: onphase ?? (() => {}),
    history: (options as { [HISTORY]?: HistoryLimits })[HISTORY] ?? HISTORY_LIMITS
  }
}

function milliseconds(
  value: number | undefined,
  { name, fallback }: { name: string; fallback: number }
): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value
  throw invalid(`${name} is a number of ms from 0 on`)
}

function invalid(message: string): AutobeeError {
  return new AutobeeError('INVALID_OPTIONS', message)
}
