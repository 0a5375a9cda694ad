import b4a from 'b4a'
import crypto from 'hypercore-crypto'
import { AutobeeError } from '../errors.ts'
import { hexOf } from '../keys.ts'
import type { Link, UnitFacts } from '../order/index.ts'
import { type Checkpoint, type DecodedEntry, decodeEntry, type Origin } from './entry.ts'

/** Most values in one append, and most bytes in one: a writer that claims more is frozen, not waited for. */
export const MAX_UNIT_ENTRIES = 65_536
export const MAX_UNIT_BYTES = 256 * 1024 * 1024

/** The values of one `append` call by one writer: ordered and applied whole or not at all. */
export interface Unit extends UnitFacts {
  readonly key: Uint8Array
  readonly ack: boolean
  /** Of all its entries together; what the rolling order hash takes in. */
  readonly hash: Uint8Array
  readonly bytes: number
  readonly origin: Origin | null
  readonly checkpoint: Checkpoint | null
  /** Dropped once applied and flushed; read again from the oplog when an undo needs them. */
  values: readonly (Uint8Array | null)[] | null
}

export function unitHash(hashes: readonly Uint8Array[]): Uint8Array {
  const only = hashes[0]
  return hashes.length === 1 && only ? only : crypto.hash(hashes as never)
}

/**
 * Turns one writer's blocks, in order, into units, and checks every rule that needs only this writer's own
 * blocks. The rule that needs others (later than what it links to) is checked when the links are known.
 */
export class UnitAssembler {
  readonly #key: Uint8Array
  readonly #writer: string
  #length: number
  #timestamp: number
  #parts: DecodedEntry[] = []
  #bytes = 0

  constructor(options: { key: Uint8Array; length: number; timestamp: number }) {
    this.#key = options.key
    this.#writer = hexOf(options.key)
    this.#length = options.length
    this.#timestamp = options.timestamp
  }

  /** Blocks taken so far, the started unit's included. */
  get length(): number {
    return this.#length + this.#parts.length
  }

  /** Length after the last whole unit. */
  get unitLength(): number {
    return this.#length
  }

  /**
   * Takes the block at index {@link length}; gives a unit when the block completes one.
   * @throws AutobeeError `INVALID_ENTRY` or `UPGRADE_REQUIRED`: the writer is to be frozen at `unitLength`.
   */
  push(block: Uint8Array): Unit | null {
    const entry = decodeEntry(block, { core: this.#key, index: this.length })
    this.#check(entry)
    this.#parts.push(entry)
    this.#bytes += entry.value?.byteLength ?? 0
    if (this.#bytes > MAX_UNIT_BYTES) throw invalid('a unit of too many bytes')
    return entry.batch.end === 0 ? this.#complete() : null
  }

  #check(entry: DecodedEntry): void {
    const first = this.#parts[0]
    const { start, end } = entry.batch
    if (start !== this.#parts.length) throw invalid('a unit is not whole')
    if (start + end >= MAX_UNIT_ENTRIES) throw invalid('a unit of too many entries')
    if (entry.timestamp < this.#timestamp) throw invalid('it is stamped earlier than the one before it')
    if (entry.origin && this.length > 0) throw invalid('only the first entry of an oplog records an origin')
    if (entry.checkpoint && end > 0) throw invalid('a checkpoint inside a unit')
    if (entry.ack && start + end > 0) throw invalid('an ack inside a unit')
    for (const link of entry.links) {
      if (b4a.equals(link.key, this.#key)) throw invalid('a link to its own oplog')
    }
    if (!first) return
    if (first.batch.start + first.batch.end !== start + end) throw invalid('a unit changes its size')
    if (entry.links.length) throw invalid('links after the first entry of a unit')
    if (entry.timestamp !== first.timestamp) throw invalid('a unit with two timestamps')
    if (entry.optimistic !== first.optimistic) throw invalid('a unit that is optimistic in part')
  }

  #complete(): Unit {
    const parts = this.#parts
    const first = parts[0] as DecodedEntry
    const last = parts[parts.length - 1] as DecodedEntry
    const start = this.#length
    const unit: Unit = {
      key: this.#key,
      writer: this.#writer,
      start,
      length: start + parts.length,
      timestamp: first.timestamp,
      links: first.links.map((link): Link => ({ writer: hexOf(link.key), length: link.length })),
      optimistic: first.optimistic,
      ack: first.ack,
      hash: unitHash(parts.map(part => part.hash)),
      bytes: this.#bytes,
      origin: first.origin,
      checkpoint: last.checkpoint,
      values: parts.map(part => part.value)
    }
    this.#length = unit.length
    this.#timestamp = unit.timestamp
    this.#parts = []
    this.#bytes = 0
    return unit
  }
}

function invalid(what: string): AutobeeError {
  return new AutobeeError('INVALID_ENTRY', `breaks a rule: ${what}`)
}
