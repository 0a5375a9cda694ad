import type { KeyValueOperation } from '../key-value.ts'
import { bytesOf } from './bytes.ts'
import { Old, type Spill } from './patch.ts'
import type { Place } from './place.ts'
import { attach, noteRanges, type Piece } from './range-undo.ts'
import { Reads } from './reads.ts'
import { type Durability, STORES } from './requests.ts'
import { freeSpill } from './spills.ts'
import { Undo } from './undo.ts'
import type { Work } from './work.ts'
import { Effects, write } from './write.ts'

export interface TableOptions {
  /** Bytes of the read cache. */
  readonly cacheBytes: number
  /** Bytes of deleted ranges that are kept in memory for open snapshots; what is beyond goes to disk. */
  readonly undoBytes: number
}

/** The object store of the entries: one record each, with a cache, and an undo overlay for snapshots. */
export class Table {
  readonly undo = new Undo(spill => void this.#free(spill))
  readonly reads: Reads
  readonly #place: Place
  readonly #work: Work
  readonly #undoBytes: number
  /** Left for deleted ranges, until no snapshot is open any more. */
  #undoBytesLeft = 0
  #spills = 0

  constructor(place: Place, { work, cacheBytes, undoBytes }: TableOptions & { work: Work }) {
    this.#place = place
    this.#work = work
    this.#undoBytes = undoBytes
    this.reads = new Reads(place, cacheBytes)
  }

  /** Writes in one transaction, and takes effect when that is made. One at a time. */
  async commit(
    operations: readonly KeyValueOperation[],
    { durability }: { durability: Durability }
  ): Promise<void> {
    const effects = new Effects(operations)
    let pieces = await this.#note(effects)
    await this.#work.write(async () => {
      // the first snapshot may have been taken since
      while (!pieces && this.undo.newest) pieces = await this.#note(effects)
      await this.#write(operations, { effects, pieces: pieces ?? [], durability })
    })
  }

  async #write(
    operations: readonly KeyValueOperation[],
    { effects, pieces, durability }: { effects: Effects; pieces: readonly Piece[]; durability: Durability }
  ): Promise<void> {
    // to the transaction in one turn: who reads or takes a snapshot does so before this, or after it
    const { database, owner } = this.#place
    let settle = () => {}
    const settled = new Promise<void>(resolve => {
      settle = resolve
    })
    const captures = this.#capture(effects, { pieces, settled })
    this.reads.writeBegins(effects)
    let tookEffect = false
    try {
      await write(database, operations, { owner, durability, captures, store: STORES.entries })
      tookEffect = true
    } finally {
      for (const [, old] of captures) old.giveUp()
      this.reads.writeEnds({ tookEffect })
      settle()
    }
  }

  /** What is deleted in ranges under open snapshots; null when none is open, and nothing was looked for. */
  async #note({ ranges }: Effects): Promise<readonly Piece[] | null> {
    if (!this.undo.newest) this.#undoBytesLeft = this.#undoBytes
    if (ranges.length === 0) return []
    if (!this.undo.newest) return null
    const pieces = await this.#work.read(() =>
      noteRanges(ranges, {
        database: () => this.#place.database,
        owner: this.#place.owner,
        memory: this.#undoBytesLeft,
        nextSpill: () => ({ number: this.#spills++ })
      })
    )
    for (const { rows } of pieces)
      for (const { text, value } of rows) this.#undoBytesLeft -= text.length + value.length
    return pieces
  }

  /** What open snapshots have to know of the keys that are about to be overwritten, as far as it must be read first. */
  #capture(
    { values }: Effects,
    { pieces, settled }: { pieces: readonly Piece[]; settled: Promise<void> }
  ): [Uint8Array, Old][] {
    const segment = this.undo.newest
    if (!segment) {
      for (const { spill } of pieces) if (spill) void this.#free(spill)
      return []
    }
    attach(pieces, segment)
    const unknown: [Uint8Array, Old][] = []
    for (const text of values.keys()) {
      if (segment.find(text)) continue
      const old = new Old(this.reads.known(text), settled)
      segment.note(text, old)
      if (old.value === undefined) unknown.push([bytesOf(text), old])
    }
    return unknown
  }

  /** Should it not work, the next opening throws all spills away. */
  async #free(spill: Spill): Promise<void> {
    try {
      await freeSpill(this.#place.database, { spill, owner: this.#place.owner })
    } catch {}
  }
}
