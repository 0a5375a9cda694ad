import b4a from 'b4a'
import c from 'compact-encoding'
import { AutobeeError } from '../errors.ts'
import { fromHex, hexOf } from '../keys.ts'
import type { Role, RoleChange } from '../order/index.ts'

/** Positions in one segment of the order index. */
export const SEGMENT = 64

/** What the order index keeps of a position: the unit, and what applying it came to. */
export interface Placed {
  readonly writer: string
  readonly start: number
  readonly length: number
  readonly applied: boolean
  /** It was optimistic and its writer none: `applied` says whether it was kept. */
  readonly tried: boolean
  readonly changes: readonly RoleChange[]
}

const FLAG_RUN = 1
const FLAG_APPLIED = 2
const FLAG_CHANGES = 4
const FLAG_TRIED = 8

const ROLES: readonly Role[] = ['none', 'writer', 'indexer']

interface State {
  start: number
  end: number
  buffer: Uint8Array
}

/** Run-length packed and self-contained: the keys of its writers stand in front. */
export function encodeSegment(placed: readonly Placed[]): Uint8Array {
  const writers = new Map<string, number>()
  for (const { writer } of placed) if (!writers.has(writer)) writers.set(writer, writers.size)
  const records = packRuns(placed)

  const state = { start: 0, end: 0, buffer: b4a.alloc(0) }
  preencode(state, writers.size, records)
  state.buffer = b4a.allocUnsafeSlow(state.end)
  c.uint.encode(state, writers.size)
  for (const writer of writers.keys()) c.fixed32.encode(state, fromHex(writer) as never)
  c.uint.encode(state, records.length)
  for (const record of records) {
    c.uint.encode(state, flagsOf(record))
    c.uint.encode(state, writers.get(record.writer) as number)
    c.uint.encode(state, record.start)
    c.uint.encode(state, record.run > 1 ? record.run : record.length - record.start)
    if (record.changes.length) encodeChanges(state, record.changes)
  }
  // sized by bounds: what lies behind is other memory, and must not be written
  return state.buffer.subarray(0, state.start)
}

/** @throws AutobeeError `STORE_CORRUPT` */
export function decodeSegment(bytes: Uint8Array): Placed[] {
  const state: State = { start: 0, end: bytes.byteLength, buffer: bytes }
  try {
    const placed = decodeRecords(state)
    if (state.start !== state.end) throw new Error('bytes follow the segment')
    return placed
  } catch (error) {
    throw new AutobeeError('STORE_CORRUPT', 'a segment of the order index cannot be read', { cause: error })
  }
}

interface RunRecord extends Omit<Placed, 'length'> {
  length: number
  /** More than 1: that many units of one entry each, applied, without changes. */
  run: number
}

function packRuns(placed: readonly Placed[]): RunRecord[] {
  const records: RunRecord[] = []
  for (const unit of placed) {
    const last = records[records.length - 1]
    const plain = unit.applied && !unit.tried && unit.changes.length === 0 && unit.length - unit.start === 1
    const joins = last && plain && last.run > 0 && last.writer === unit.writer && last.length === unit.start
    if (joins) {
      last.length = unit.length
      last.run++
    } else records.push({ ...unit, run: plain ? 1 : 0 })
  }
  return records
}

function flagsOf(record: RunRecord): number {
  return (
    (record.run > 1 ? FLAG_RUN : 0) |
    (record.applied ? FLAG_APPLIED : 0) |
    (record.tried ? FLAG_TRIED : 0) |
    (record.changes.length ? FLAG_CHANGES : 0)
  )
}

function preencode(state: State, writers: number, records: readonly RunRecord[]): void {
  c.uint.preencode(state, writers)
  c.uint.preencode(state, records.length)
  state.end += writers * 32
  for (const record of records) state.end += 1 + 9 + 9 + 9 + record.changes.length * 33 + 9
}

function encodeChanges(state: State, changes: readonly RoleChange[]): void {
  c.uint.encode(state, changes.length)
  for (const change of changes) {
    c.fixed32.encode(state, fromHex(change.writer) as never)
    c.uint.encode(state, ROLES.indexOf(change.role))
  }
}

function decodeRecords(state: State): Placed[] {
  const writers: string[] = []
  const count = c.uint.decode(state)
  for (let i = 0; i < count; i++) writers.push(hexOf(c.fixed32.decode(state)))
  const placed: Placed[] = []
  const records = c.uint.decode(state)
  for (let i = 0; i < records; i++) {
    const flags = c.uint.decode(state)
    const writer = writers[c.uint.decode(state)]
    const start = c.uint.decode(state)
    const size = c.uint.decode(state)
    if (writer === undefined) throw new Error('unknown writer')
    if (flags & FLAG_RUN) {
      for (let at = start; at < start + size; at++) {
        placed.push({ writer, start: at, length: at + 1, applied: true, tried: false, changes: [] })
      }
      continue
    }
    const changes = flags & FLAG_CHANGES ? decodeChanges(state) : []
    const applied = (flags & FLAG_APPLIED) !== 0
    placed.push({ writer, start, length: start + size, applied, tried: (flags & FLAG_TRIED) !== 0, changes })
  }
  return placed
}

function decodeChanges(state: State): RoleChange[] {
  const changes: RoleChange[] = []
  const count = c.uint.decode(state)
  for (let i = 0; i < count; i++) {
    const writer = hexOf(c.fixed32.decode(state))
    const role = ROLES[c.uint.decode(state)]
    if (role === undefined) throw new Error('unknown role')
    changes.push({ writer, role })
  }
  return changes
}
