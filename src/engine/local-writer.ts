import { AutobeeError } from '../errors.ts'
import { type Head, hexOf } from '../keys.ts'
import { type Checkpoint, type Entry, encodeEntry, entryOverhead, type Origin } from '../oplog/entry.ts'
import { MAX_UNIT_BYTES, MAX_UNIT_ENTRIES, type Unit, unitHash } from '../oplog/unit.ts'
import { nextTimestamp } from '../order/index.ts'

/** Blocks over this are refused by Hypercore itself, 15 MB; encryption pads each by 8 bytes. */
const MAX_BLOCK = 15 * 1024 * 1024 - 8

/** A unit of the own oplog that is not written yet. */
export interface Draft {
  readonly unit: Unit
  readonly entries: readonly Entry[]
  readonly blocks: Uint8Array[]
}

export interface DraftOptions {
  readonly values: readonly (Uint8Array | null)[]
  readonly optimistic: boolean
  readonly ack: boolean
  /** Heads of all other writers, in the order of their keys. */
  readonly heads: readonly { readonly key: Uint8Array; readonly length: number; readonly timestamp: number }[]
  /** The local clock, ms. */
  readonly now: number
}

/** Makes the entries of the own oplog. */
export class LocalWriter {
  readonly key: Uint8Array
  readonly id: string
  /** Recorded in the first entry when this oplog is the database's first. */
  readonly #origin: Origin | null
  #length: number
  #timestamp: number

  constructor(options: { key: Uint8Array; origin: Origin | null; length: number; timestamp: number }) {
    this.key = options.key
    this.id = hexOf(options.key)
    this.#origin = options.origin
    this.#length = options.length
    this.#timestamp = options.timestamp
  }

  get length(): number {
    return this.#length
  }

  /** Refuses what could never be written, before anything is applied. @throws AutobeeError `ENTRY_TOO_LARGE` */
  static check(values: readonly (Uint8Array | null)[], links = 0): void {
    if (values.length > MAX_UNIT_ENTRIES) {
      throw new AutobeeError('ENTRY_TOO_LARGE', `one append takes at most ${MAX_UNIT_ENTRIES} values`)
    }
    let bytes = 0
    for (const value of values) {
      if (value && value.byteLength + entryOverhead(links) > MAX_BLOCK) {
        throw new AutobeeError(
          'ENTRY_TOO_LARGE',
          `a value takes at most ${MAX_BLOCK - entryOverhead(links)} bytes`
        )
      }
      bytes += value?.byteLength ?? 0
    }
    if (bytes > MAX_UNIT_BYTES) {
      throw new AutobeeError(
        'ENTRY_TOO_LARGE',
        `the values of one append take at most ${MAX_UNIT_BYTES} bytes together`
      )
    }
  }

  /** @throws AutobeeError `ENTRY_TOO_LARGE` */
  draft(options: DraftOptions): Draft {
    const { values, heads } = options
    LocalWriter.check(values, heads.length)
    const linked = heads.reduce((latest, head) => Math.max(latest, head.timestamp), 0)
    const timestamp = nextTimestamp({ now: options.now, previous: this.#timestamp, linked })
    const links: Head[] = heads.map(({ key, length }) => ({ key, length }))
    const entries = values.map(
      (value, i): Entry => ({
        timestamp,
        batch: { start: i, end: values.length - 1 - i },
        optimistic: options.optimistic,
        ack: options.ack,
        links: i === 0 ? links : [],
        value,
        origin: i === 0 && this.#length === 0 ? this.#origin : null,
        checkpoint: null
      })
    )
    const encoded = entries.map((entry, i) => encodeEntry(entry, { core: this.key, index: this.#length + i }))
    const unit: Unit = {
      key: this.key,
      writer: this.id,
      start: this.#length,
      length: this.#length + values.length,
      timestamp,
      links: links.map(link => ({ writer: hexOf(link.key), length: link.length })),
      optimistic: options.optimistic,
      ack: options.ack,
      hash: unitHash(encoded.map(({ hash }) => hash)),
      bytes: values.reduce((sum, value) => sum + (value?.byteLength ?? 0), 0),
      origin: entries[0]?.origin ?? null,
      checkpoint: null,
      values
    }
    return { unit, entries, blocks: encoded.map(({ block }) => block) }
  }

  /** The draft is in the order and will be written. */
  accept(draft: Draft): void {
    this.#length = draft.unit.length
    this.#timestamp = draft.unit.timestamp
  }

  /** Puts the checkpoint onto the draft's last entry; its hash stays. */
  seal(draft: Draft, checkpoint: Checkpoint): void {
    const last = draft.entries.length - 1
    const entry = { ...(draft.entries[last] as Entry), checkpoint }
    draft.blocks[last] = encodeEntry(entry, { core: this.key, index: draft.unit.start + last }).block
  }
}
