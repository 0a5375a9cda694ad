import b4a from 'b4a'
import c from 'compact-encoding'
import { AutobeeError } from '../errors.ts'

/** Name of the record beside the published core's blocks. */
export const MARK = 'autobee/published'

const MARK_VERSION = 1

/** A state of the view's tree, with what proves that it is still that one. */
export interface MarkedHead {
  readonly key: Uint8Array
  readonly length: number
  /** Tree hash of the view's core up to `length`; 32 bytes. */
  readonly hash: Uint8Array
}

/** Where publishing stands. Written in the same atomic batch as the blocks that it speaks of. */
export interface Mark {
  /** Blocks of the published core. */
  readonly length: number
  /** Its tree hash up to there; 32 bytes. */
  readonly hash: Uint8Array
  readonly mapVersion: number
  /**
   * Each key that is published is as one of these states has it: one state when all of it is published, more when a large
   * step is under way, none when that cannot be told.
   */
  readonly heads: readonly MarkedHead[]
}

export function encodeMark({ length, hash, mapVersion, heads }: Mark): Uint8Array {
  const end = 64 + 80 * (heads.length + 1)
  const state = { start: 0, end, buffer: b4a.allocUnsafeSlow(end) }
  for (const uint of [MARK_VERSION, length, mapVersion]) c.uint.encode(state, uint)
  c.fixed32.encode(state, hash as never)
  c.uint.encode(state, heads.length)
  for (const head of heads) {
    c.fixed32.encode(state, head.key as never)
    c.uint.encode(state, head.length)
    c.fixed32.encode(state, head.hash as never)
  }
  return state.buffer.subarray(0, state.start)
}

/** null for what cannot be read: then the trees are compared. @throws AutobeeError `UPGRADE_REQUIRED` */
export function decodeMark(bytes: Uint8Array): Mark | null {
  const state = { start: 0, end: bytes.byteLength, buffer: bytes as Buffer }
  const uint = () => c.uint.decode(state)
  const hash32 = () => b4a.from(c.fixed32.decode(state))
  try {
    const version = uint()
    if (version > MARK_VERSION) {
      throw new AutobeeError('UPGRADE_REQUIRED', `this was published by a later release (mark ${version})`)
    }
    if (version !== MARK_VERSION) return null
    const [length, mapVersion] = [uint(), uint()]
    const hash = hash32()
    const heads: MarkedHead[] = []
    for (let count = uint(); count > 0; count--) {
      heads.push({ key: hash32(), length: uint(), hash: hash32() })
    }
    return { length, hash, mapVersion, heads }
  } catch (error) {
    if (AutobeeError.is(error)) throw error
    return null
  }
}
