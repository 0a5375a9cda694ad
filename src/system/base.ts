import b4a from 'b4a'
import c from 'compact-encoding'
import { AutobeeError } from '../errors.ts'
import { fromHex, hexOf } from '../keys.ts'
import type { Unit } from '../oplog/unit.ts'
import type { Base, BaseLane, Role } from '../order/index.ts'

/** A position of the order with a base in the system tree: an opening can begin there, and an undo can return to it. */
export interface BasePoint {
  readonly position: number
  /** Length of the view's tree there. */
  readonly view: number
  /** Ordinary writers' units stood at its end: whatever an indexer appends may belong before it. */
  readonly isTail: boolean
}

export interface BaseRecord {
  readonly base: Base<Unit>
  readonly orderHash: Uint8Array
}

const ROLES: readonly Role[] = ['none', 'writer', 'indexer']
const FLAG_HEAD = 4
const FLAG_MEMBER = 8
const FLAG_UNIT = 16
/** Whatever its next unit is, it may belong before the base. */
const FLAG_ANY = 32
const VERSION = 1

interface State {
  start: number
  end: number
  buffer: Uint8Array
}

export function encodeBase({ base, orderHash }: BaseRecord): Uint8Array {
  const size = 64 + base.lanes.length * (32 + 1 + 4 * 9) + base.steering.length * (32 + 2 * 9)
  const state: State = { start: 0, end: size, buffer: b4a.allocUnsafeSlow(size) }
  c.uint.encode(state, VERSION)
  c.uint.encode(state, base.position)
  c.fixed32.encode(state, orderHash as never)
  c.uint.encode(state, base.lanes.length)
  for (const lane of base.lanes) encodeLane(state, lane)
  c.uint.encode(state, base.steering.length)
  for (const { writer, length, at } of base.steering) {
    c.fixed32.encode(state, fromHex(writer) as never)
    c.uint.encode(state, length)
    c.uint.encode(state, at)
  }
  return state.buffer.subarray(0, state.start)
}

/** @throws AutobeeError `STORE_CORRUPT`, or `UPGRADE_REQUIRED` for a record of a later release */
export function decodeBase(bytes: Uint8Array): BaseRecord {
  const state: State = { start: 0, end: bytes.byteLength, buffer: bytes }
  try {
    const version = c.uint.decode(state)
    if (version !== VERSION) {
      throw new AutobeeError(
        'UPGRADE_REQUIRED',
        `this store was written by a later release (base ${version})`
      )
    }
    const position = c.uint.decode(state)
    const orderHash = b4a.from(c.fixed32.decode(state))
    const lanes: BaseLane<Unit>[] = []
    for (let count = c.uint.decode(state); count > 0; count--) lanes.push(decodeLane(state))
    const steering: { writer: string; length: number; at: number }[] = []
    for (let count = c.uint.decode(state); count > 0; count--) {
      const writer = hexOf(c.fixed32.decode(state))
      steering.push({ writer, length: c.uint.decode(state), at: c.uint.decode(state) })
    }
    if (state.start !== state.end) throw new Error('bytes follow the base')
    return { base: { position, lanes, steering }, orderHash }
  } catch (error) {
    if (AutobeeError.is(error)) throw error
    throw new AutobeeError('STORE_CORRUPT', 'a base of the order cannot be read', { cause: error })
  }
}

function encodeLane(state: State, { writer, last, isHead, isMember, role, before }: BaseLane<Unit>): void {
  const flags =
    ROLES.indexOf(role) |
    (isHead ? FLAG_HEAD : 0) |
    (isMember ? FLAG_MEMBER : 0) |
    (last ? FLAG_UNIT : 0) |
    (before === Number.POSITIVE_INFINITY ? FLAG_ANY : 0)
  c.fixed32.encode(state, fromHex(writer) as never)
  c.uint.encode(state, flags)
  if (before !== Number.POSITIVE_INFINITY) c.uint.encode(state, before)
  if (!last) return
  c.uint.encode(state, last.length)
  c.uint.encode(state, last.length - last.start)
  c.uint.encode(state, last.timestamp)
}

function decodeLane(state: State): BaseLane<Unit> {
  const key = b4a.from(c.fixed32.decode(state))
  const flags = c.uint.decode(state)
  const role = ROLES[flags & 3]
  if (role === undefined) throw new Error('unknown role')
  const before = flags & FLAG_ANY ? Number.POSITIVE_INFINITY : c.uint.decode(state)
  let last: Unit | null = null
  if (flags & FLAG_UNIT) {
    const [length, size, timestamp] = [c.uint.decode(state), c.uint.decode(state), c.uint.decode(state)]
    last = standIn({ key, start: length - size, length, timestamp })
  }
  return {
    writer: hexOf(key),
    last,
    isHead: (flags & FLAG_HEAD) !== 0,
    isMember: (flags & FLAG_MEMBER) !== 0,
    role,
    before
  }
}

/** What is known of a unit below the base: where it stands. It is never applied again. */
function standIn(unit: Pick<Unit, 'key' | 'start' | 'length' | 'timestamp'>): Unit {
  return {
    ...unit,
    writer: hexOf(unit.key),
    links: [],
    optimistic: false,
    ack: false,
    hash: b4a.alloc(0),
    bytes: 0,
    origin: null,
    checkpoint: null,
    values: null
  }
}
