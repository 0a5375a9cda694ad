import b4a from 'b4a'
import c from 'compact-encoding'
import type Hyperbee from 'hyperbee2'
import { AutobeeError } from '../errors.ts'
import { fromHex } from '../keys.ts'
import type { Role, RoleChange } from '../order/index.ts'
import { decodeSegment, encodeSegment, type Placed, SEGMENT } from './segment.ts'
import type { UndoPoint } from './undo-points.ts'

const MEMBER = b4a.from('m')
const SEGMENTS = b4a.from('s')
const SEGMENTS_END = b4a.from('t')
const UNDO_POINTS = b4a.from('u')

const ROLES: readonly Role[] = ['none', 'writer', 'indexer']

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
    batch.tryPut(segmentKey(index), encodeSegment(placed))
  }
  for (let index = count; index < update.segments; index++) batch.tryDelete(segmentKey(index))
  for (const { writer, role } of update.members) {
    batch.tryPut(b4a.concat([MEMBER, fromHex(writer)]), c.encode(c.uint, ROLES.indexOf(role)))
  }
  batch.tryPut(UNDO_POINTS, encodeUndoPoints(update.undoPoints))
  await batch.flush()
  return count
}

/**
 * The order index, first `length` positions.
 * @throws AutobeeError `STORE_CORRUPT` when the tree holds fewer
 */
export async function readOrder(bee: Hyperbee, length: number): Promise<Placed[]> {
  const placed: Placed[] = []
  if (length === 0) return placed
  for await (const entry of bee.createReadStream({ gte: SEGMENTS, lt: SEGMENTS_END })) {
    for (const unit of decodeSegment(entry.value as Uint8Array)) placed.push(unit)
    if (placed.length >= length) break
  }
  if (placed.length < length) {
    throw new AutobeeError('STORE_CORRUPT', `the order index holds ${placed.length} of ${length} positions`)
  }
  placed.length = length
  return placed
}

function segmentKey(index: number): Uint8Array {
  const key = b4a.alloc(7)
  key.set(SEGMENTS, 0)
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
