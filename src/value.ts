import { AutobeeError } from './errors.ts'
import { type KeyLike, toKey } from './keys.ts'
import { CHECK_BYTES, decodeEntry, encodeEntry, hasCheckValue } from './oplog/entry.ts'
import { encodeWith, toCodec, type ValueEncoding } from './value-encoding.ts'

/** How {@link Autobee.encodeValue} makes a block. */
export interface EncodeOptions {
  /** Default `binary`. */
  valueEncoding?: ValueEncoding
  /** Marks it as one that `apply` has to acknowledge. Default false. */
  optimistic?: boolean
  /** ms since the epoch; default now. */
  timestamp?: number
  /** Heads of other writers. Default none. */
  links?: readonly { key: Uint8Array; length: number }[]
}

/** How {@link Autobee.decodeValue} reads a block. */
export interface DecodeOptions {
  /** Default `binary`. */
  valueEncoding?: ValueEncoding
  /** Key of the oplog, to know its first block by; without it a first block is known by trying. */
  key?: KeyLike
}

/** A value as a block of an oplog, not the first one. @throws AutobeeError `INVALID_ARGUMENT` */
export function encodeValue(value: unknown, options: EncodeOptions = {}): Uint8Array {
  const links = [...(options.links ?? [])]
  return encodeEntry(
    {
      timestamp: options.timestamp ?? Date.now(),
      batch: { start: 0, end: 0 },
      optimistic: options.optimistic === true,
      ack: false,
      links,
      value: encodeWith(toCodec(options.valueEncoding), value),
      origin: null,
      checkpoint: null
    },
    { core: new Uint8Array(32), index: 1 }
  ).block
}

/**
 * The value in a (decrypted) block of an oplog; null for an entry without one.
 * @throws AutobeeError `INVALID_ENTRY`, `UPGRADE_REQUIRED`
 */
export function decodeValue(block: Uint8Array, options: DecodeOptions = {}): unknown {
  const { value } = decodeEntry(bodyOf(block, options), { core: new Uint8Array(32), index: 1 })
  return value === null ? null : toCodec(options.valueEncoding).decode(value)
}

function bodyOf(block: Uint8Array, { key }: DecodeOptions): Uint8Array {
  if (!(block instanceof Uint8Array)) throw new AutobeeError('INVALID_ARGUMENT', 'a block is bytes')
  if (key !== undefined) return hasCheckValue(block, toKey(key)) ? block.subarray(CHECK_BYTES) : block
  try {
    decodeEntry(block, { core: new Uint8Array(32), index: 1 })
    return block
  } catch (error) {
    if (block.byteLength <= CHECK_BYTES) throw error
    return block.subarray(CHECK_BYTES)
  }
}
