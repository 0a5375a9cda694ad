import b4a from 'b4a'
import c from 'compact-encoding'
import type Hyperbee from 'hyperbee2'
import { AutobeeError } from '../errors.ts'
import { fromHex } from '../keys.ts'
import type { Role, RoleChange } from '../order/index.ts'
import { type BasePoint, type BaseRecord, decodeBase } from './base.ts'
import { decodeSegment, encodeSegment, type Placed, SEGMENT } from './segment.ts'
import type { UndoPoint } from './undo-points.ts'

const MEMBER = b4a.from('m')
const SEGMENTS = b4a.from('s')
const SEGMENTS_END = b4a.from('t')
const UNDO_POINTS = b4a.from('u')
const BASES = b4a.from('b')

const ROLES: readonly Role[] = ['none', 'writer', 'indexer']

/** Bases that come and go. */
export interface BasesUpdate {
  /** All that the tree then has. */
  readonly points: readonly BasePoint[]
  readonly added: ReadonlyMap<number, Uint8Array>
  /** Their positions. */
  readonly removed: Iterable<number>
}

/** What one flush of the system tree writes. */
export interface SystemUpdate {
  /** First position to write; everything from its segment on is overwritten. */
  readonly from: number
  /** Positions that the tree holds afterwards. */
  readonly length: number
  /** Segments that the tree held before: those beyond `length` are deleted. */
  readonly segments: number
  readonly members: Iterable<RoleChange>
  readonly undoPoints: readonly UndoPoint[]
  readonly bases: BasesUpdate | null
  at(position: number): Placed
}

/** Writes segments, membership and undo points in one flush. Returns how many segments the tree now holds. */
export async function writeSystem(bee: Hyperbee, update: SystemUpdate): Promise<number> {
  const batch = bee.write()
  const count = Math.ceil(update.length / SEGMENT)
  for (let index = Math.floor(update.from / SEGMENT); index < count; index++) {
    const placed: Placed[] = []
    const end = Math.min((index + 1) * SEGMENT, update.length)
    for (let position = index * SEGMENT; position < end; position++) placed.push(update.at(position))
    batch.tryPut(keyOf(SEGMENTS, index), encodeSegment(placed))
  }
  for (let index = count; index < update.segments; index++) batch.tryDelete(keyOf(SEGMENTS, index))
  for (const { writer, role } of update.members) {
    batch.tryPut(b4a.concat([MEMBER, fromHex(writer)]), c.encode(c.uint, ROLES.indexOf(role)))
  }
  if (update.bases) putBases(batch, update.bases)
  batch.tryPut(UNDO_POINTS, encodeUndoPoints(update.undoPoints))
  await batch.flush()
  return count
}

function putBases(batch: ReturnType<Hyperbee['write']>, { points, added, removed }: BasesUpdate): void {
  for (const position of removed) batch.tryDelete(keyOf(BASES, position))
  for (const [position, record] of added) batch.tryPut(keyOf(BASES, position), record)
  batch.tryPut(BASES, encodeBasePoints(points))
}

/**
 * The order index, positions `from` to `to - 1`.
 * @throws AutobeeError `STORE_CORRUPT` when the tree lacks some
 */
export async function readOrder(
  bee: Hyperbee,
  { from, to }: { from: number; to: number }
): Promise<Placed[]> {
  const placed: Placed[] = []
  if (from >= to) return placed
  const first = Math.floor(from / SEGMENT)
  const gte = keyOf(SEGMENTS, first)
  const end = to - first * SEGMENT
  for await (const entry of bee.createReadStream({ gte, lt: SEGMENTS_END })) {
    for (const unit of decodeSegment(entry.value as Uint8Array)) placed.push(unit)
    if (placed.length >= end) break
  }
  if (placed.length < end) {
    throw new AutobeeError('STORE_CORRUPT', `the order index ends before position ${to}`)
  }
  return placed.slice(from - first * SEGMENT, end)
}

/** The bases in the tree, stale ones after an undo included. @throws AutobeeError `STORE_CORRUPT` */
export async function readBasePoints(bee: Hyperbee): Promise<BasePoint[]> {
  const entry = await bee.get(BASES)
  return entry ? decodeBasePoints(entry.value as Uint8Array) : []
}

/** @throws AutobeeError `STORE_CORRUPT` when it is not in the tree */
export async function readBase(bee: Hyperbee, position: number): Promise<BaseRecord> {
  const entry = await bee.get(keyOf(BASES, position))
  const record = entry && decodeBase(entry.value as Uint8Array)
  if (record?.base.position === position) return record
  throw new AutobeeError('STORE_CORRUPT', `the base at position ${position} is missing`)
}

function encodeBasePoints(points: readonly BasePoint[]): Uint8Array {
  const state = { start: 0, end: 9 + points.length * 19, buffer: b4a.alloc(0) }
  state.buffer = b4a.allocUnsafeSlow(state.end)
  c.uint.encode(state, points.length)
  for (const { position, view, isTail } of points) {
    c.uint.encode(state, position)
    c.uint.encode(state, view)
    c.uint.encode(state, isTail ? 1 : 0)
  }
  return state.buffer.subarray(0, state.start)
}

function decodeBasePoints(bytes: Uint8Array): BasePoint[] {
  const state = { start: 0, end: bytes.byteLength, buffer: bytes as Buffer }
  try {
    const points: BasePoint[] = []
    for (let count = c.uint.decode(state); count > 0; count--) {
      const [position, view, flags] = [c.uint.decode(state), c.uint.decode(state), c.uint.decode(state)]
      points.push({ position, view, isTail: flags === 1 })
    }
    return points
  } catch (error) {
    throw new AutobeeError('STORE_CORRUPT', 'the bases of the order cannot be read', { cause: error })
  }
}

/** Keys that sort as their numbers do. */
function keyOf(prefix: Uint8Array, index: number): Uint8Array {
  const key = b4a.alloc(7)
  key.set(prefix, 0)
  for (let i = 6, rest = index; i > 0; i--, rest = Math.floor(rest / 256)) key[i] = rest % 256
  return key
}

function encodeUndoPoints(points: readonly UndoPoint[]): Uint8Array {
  const state = { start: 0, end: 9 + points.length * 18, buffer: b4a.alloc(0) }
  state.buffer = b4a.allocUnsafeSlow(state.end)
  c.uint.encode(state, points.length)
  for (const point of points) {
    c.uint.encode(state, point.position)
    c.uint.encode(state, point.view)
  }
  return state.buffer.subarray(0, state.start)
}

/** Segments that the tree holds, stale ones after an undo included. */
export async function countSegments(bee: Hyperbee): Promise<number> {
  const last = await bee.peek({ gte: SEGMENTS, lt: SEGMENTS_END, reverse: true })
  if (last === null) return 0
  let index = 0
  for (const byte of (last.key as Uint8Array).subarray(1)) index = index * 256 + byte
  return index + 1
}
