import b4a from 'b4a'
import c from 'compact-encoding'
import type Hypercore from 'hypercore'
import { AutobeeError } from '../errors.ts'
import { decodeSegment, encodeSegment, type Placed } from './segment.ts'
import type { UndoPoint } from './undo-points.ts'

/** Name of the boot record in the system core's user data. */
export const BOOT_KEY = 'autobee/boot'

const BOOT_VERSION = 1
const FLAG_LOCAL_FROZEN = 1
const FLAG_CLEAN = 2

/**
 * Where this store's copy of a database stands. Written with every flush, in the same atomic batch as the
 * blocks that it speaks of; it lives in the system core, which stays when the local writer is rotated.
 */
export interface Boot {
  readonly local: Uint8Array
  /** A conflict was seen on the local oplog: nothing is appended to it any more. */
  readonly localFrozen: boolean
  /** Closed in order and on disk: nothing that peers may have is missing here. */
  readonly isClean: boolean
  /** Lengths of the three own cores after the flush. */
  readonly oplogLength: number
  readonly viewLength: number
  readonly systemLength: number
  /** Lengths of the trees that are current: less than the core's after an undo. */
  readonly viewHead: number
  readonly systemHead: number
  readonly position: number
  readonly orderHash: Uint8Array
  /** First position that the system tree does not hold; `recent` begins there. */
  readonly indexed: number
  readonly recent: readonly Placed[]
  readonly undoPoints: readonly UndoPoint[]
}

export function encodeBoot(boot: Boot): Uint8Array {
  const recent = encodeSegment(boot.recent)
  const state = { start: 0, end: 256 + recent.byteLength + boot.undoPoints.length * 18, buffer: b4a.alloc(0) }
  state.buffer = b4a.allocUnsafeSlow(state.end)
  c.uint.encode(state, BOOT_VERSION)
  c.uint.encode(state, (boot.localFrozen ? FLAG_LOCAL_FROZEN : 0) | (boot.isClean ? FLAG_CLEAN : 0))
  c.fixed32.encode(state, boot.local as never)
  for (const length of lengthsOf(boot)) c.uint.encode(state, length)
  c.fixed32.encode(state, boot.orderHash as never)
  c.buffer.encode(state, recent as never)
  c.uint.encode(state, boot.undoPoints.length)
  for (const point of boot.undoPoints) {
    c.uint.encode(state, point.position)
    c.uint.encode(state, point.view)
  }
  return state.buffer.subarray(0, state.start)
}

/**
 * That of a database's system core; null when nothing was flushed yet.
 * @throws AutobeeError see {@link decodeBoot}
 */
export async function readBoot(system: Hypercore): Promise<Boot | null> {
  const record = await system.getUserData(BOOT_KEY)
  return record ? decodeBoot(record) : null
}

/** @throws AutobeeError `STORE_CORRUPT`, or `UPGRADE_REQUIRED` for a record of a later release */
export function decodeBoot(bytes: Uint8Array): Boot {
  const state = { start: 0, end: bytes.byteLength, buffer: bytes as Buffer }
  try {
    const version = c.uint.decode(state)
    if (version !== BOOT_VERSION) {
      throw new AutobeeError(
        'UPGRADE_REQUIRED',
        `this store was written by a later release (boot ${version})`
      )
    }
    const flags = c.uint.decode(state)
    const local = b4a.from(c.fixed32.decode(state))
    const uint = () => c.uint.decode(state)
    const [oplogLength, viewLength, systemLength] = [uint(), uint(), uint()]
    const [viewHead, systemHead, position, indexed] = [uint(), uint(), uint(), uint()]
    const orderHash = b4a.from(c.fixed32.decode(state))
    const recent = decodeSegment(c.buffer.decode(state) as Uint8Array)
    const undoPoints: UndoPoint[] = []
    for (let count = uint(); count > 0; count--) undoPoints.push({ position: uint(), view: uint() })
    return {
      local,
      localFrozen: (flags & FLAG_LOCAL_FROZEN) !== 0,
      isClean: (flags & FLAG_CLEAN) !== 0,
      oplogLength,
      viewLength,
      systemLength,
      viewHead,
      systemHead,
      position,
      orderHash,
      indexed,
      recent,
      undoPoints
    }
  } catch (error) {
    if (AutobeeError.is(error)) throw error
    throw new AutobeeError('STORE_CORRUPT', 'the boot record cannot be read', { cause: error })
  }
}

function lengthsOf(boot: Boot): number[] {
  return [
    boot.oplogLength,
    boot.viewLength,
    boot.systemLength,
    boot.viewHead,
    boot.systemHead,
    boot.position,
    boot.indexed
  ]
}
