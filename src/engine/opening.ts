import b4a from 'b4a'
import type Hyperbee from 'hyperbee2'
import type Hypercore from 'hypercore'
import { AutobeeError } from '../errors.ts'
import { hexOf } from '../keys.ts'
import { decodeEntry, hasCheckValue, type Origin } from '../oplog/entry.ts'
import type { Unit } from '../oplog/unit.ts'
import type { BasePoint, BaseRecord } from '../system/base.ts'
import type { Boot } from '../system/boot.ts'
import type { Placed } from '../system/segment.ts'
import { countSegments, readBase, readBasePoints, readOrder } from '../system/tree.ts'
import { START, type UndoPoint } from '../system/undo-points.ts'
import { readBlocks } from './core-internals.ts'
import type { DatabaseCores, LocalChoice } from './cores.ts'
import type { EngineOptions } from './engine-options.ts'
import { basePointFor, type HistoryLimits, segmentBefore } from './history.ts'

/** Own cores, as base sessions. */
export interface OwnCores {
  readonly oplog: Hypercore
  readonly view: Hypercore
  readonly system: Hypercore
}

export async function openOplog({ cores, key, local }: EngineOptions, boot: Boot | null): Promise<Hypercore> {
  if (local || !boot) return cores.local(key, local)
  const own = await cores.local(key, null)
  if (b4a.equals(own.key, boot.local)) return own
  await own.close()
  return cores.local(key, { key: boot.local })
}

/** The frozen mark belongs to the oplog it was set on; a rotated one starts anew. */
export function isFrozen(options: EngineOptions, boot: Boot | null, own: OwnCores): boolean {
  return options.localFrozen || (!!boot?.localFrozen && b4a.equals(boot.local, own.oplog.key))
}

/** The end of the order as it is stored, and the base that it stands on. */
export interface StoredOrder {
  /** null: the very beginning. */
  readonly point: BasePoint | null
  readonly record: BaseRecord | null
  readonly placed: readonly Placed[]
  /** Positions of the segment that the base lies in, as far as they lie before it. */
  readonly segment: readonly Placed[]
  /** All bases that hold, and what else the tree has of them. */
  readonly points: readonly BasePoint[]
  readonly stale: readonly BasePoint[]
  /** Segments in the tree. */
  readonly segments: number
}

/** @throws AutobeeError `STORE_CORRUPT`, `UPGRADE_REQUIRED` */
export async function readStoredOrder(
  system: Hyperbee,
  { boot, limits }: { boot: Boot | null; limits: HistoryLimits }
): Promise<StoredOrder> {
  const all = await readBasePoints(system)
  const indexed = boot?.indexed ?? 0
  let points = all.filter(({ position }) => position <= indexed)
  let point = basePointFor(points, { ...limits, length: boot?.position ?? 0 })
  const record = point && (await readBase(system, point.position).catch(notCorrupt))
  // without it everything is still here: the order is read from its beginning, and gets bases anew
  if (!record) {
    point = null
    points = []
  }
  const stale = all.filter(one => !points.includes(one))
  const from = point?.position ?? 0
  const placed = [...(await readOrder(system, { from, to: indexed })), ...(boot?.recent ?? [])]
  const segment = await segmentBefore(system, from)
  return { point, record, placed, segment, points, stale, segments: await countSegments(system) }
}

/** Where an undo can return to: never before the base. */
export function undoPointsOf({ boot, stored }: { boot: Boot | null; stored: StoredOrder }): UndoPoint[] {
  const first = stored.point ?? START
  return [first, ...(boot?.undoPoints ?? []).filter(({ position }) => position > first.position)]
}

function notCorrupt(error: unknown): null {
  if (AutobeeError.is(error, 'STORE_CORRUPT')) return null
  throw error
}

/** Looks at first blocks that are here before anything is written. */
export async function checkOrigin(
  options: Pick<EngineOptions, 'cores' | 'key' | 'encrypted' | 'codec'>,
  oplog: Hypercore
): Promise<void> {
  const first = options.cores.writer(options.key)
  try {
    await first.ready()
    for (const core of [first, oplog]) {
      const [block] = core.length > 0 ? await readBlocks(core, 0, 1) : []
      if (!block) continue
      if (!hasCheckValue(block, core.key)) {
        const hint = options.encrypted
          ? 'this encryptionKey is not the one it was written with'
          : 'it needs its encryptionKey'
        throw new AutobeeError(
          'ENCRYPTION_KEY_MISMATCH',
          `the database cannot be read: ${hint}, or no Autobee wrote it`
        )
      }
      if (core !== first) continue
      const { origin } = decodeEntry(block, { core: core.key, index: 0 })
      const mismatch = origin && optionsMismatch(origin, options)
      if (mismatch) throw mismatch
    }
  } finally {
    await first.close()
  }
}

export function optionsMismatch(
  origin: Origin,
  { encrypted, codec }: Pick<EngineOptions, 'encrypted' | 'codec'>
): AutobeeError | null {
  if (origin.encrypted === encrypted && origin.valueEncoding === codec.name) return null
  const made = `valueEncoding '${origin.valueEncoding}'${origin.encrypted ? ', encrypted' : ''}`
  const given = `valueEncoding '${codec.name}'${encrypted ? ', encrypted' : ''}`
  return new AutobeeError(
    'OPTIONS_MISMATCH',
    `the database was made with ${made}; it was opened with ${given}`
  )
}

export function checkLengths(own: OwnCores, boot: Boot): void {
  const isLocal = b4a.equals(boot.local, own.oplog.key)
  const isShort =
    (isLocal && own.oplog.length < boot.oplogLength) ||
    own.view.length < boot.viewLength ||
    own.system.length < boot.systemLength
  if (isShort) throw new AutobeeError('STORE_CORRUPT', 'an own core is shorter than the boot record says')
}

/** Every writer whose oplog the stored order may need or want. */
export function membersOf(stored: Pick<StoredOrder, 'record' | 'placed'>, bootstrap: string): string[] {
  const { record, placed } = stored
  const ids = new Set([bootstrap])
  for (const { writer, isMember } of record?.base.lanes ?? []) if (isMember) ids.add(writer)
  for (const { changes } of placed) for (const { writer } of changes) ids.add(writer)
  return [...ids]
}

/**
 * Can that oplog become the local one? Asked before anything is closed for it.
 * @throws AutobeeError `NOT_WRITABLE` when the store lacks its secret key, `ENCRYPTION_KEY_MISMATCH`
 */
export async function checkRotation(
  cores: DatabaseCores,
  { key, choice }: { key: Uint8Array; choice: NonNullable<LocalChoice> }
): Promise<void> {
  const core = await cores.local(key, choice)
  try {
    if (!core.writable) {
      throw new AutobeeError('NOT_WRITABLE', 'this store has no secret key for that oplog; pass its key pair')
    }
    const [block] = core.length > 0 ? await readBlocks(core, 0, 1) : []
    if (block && !hasCheckValue(block, core.key)) {
      const what = 'that oplog belongs to something else, or to another encryptionKey'
      throw new AutobeeError('ENCRYPTION_KEY_MISMATCH', what)
    }
  } finally {
    await core.close()
  }
}

/** The database's first entry says how it is to be read; others have no say in it. */
export function checkFirst(unit: Unit, options: EngineOptions): { reason: string; message: string } | null {
  if (unit.start > 0) return null
  const isFirst = unit.writer === hexOf(options.key)
  if (isFirst === (unit.origin !== null)) {
    const error = unit.origin && optionsMismatch(unit.origin, options)
    return error ? { reason: error.code, message: error.message } : null
  }
  const message = isFirst
    ? 'the first entry does not say what it is'
    : 'only the database itself has an origin'
  return { reason: 'ORIGIN', message }
}
