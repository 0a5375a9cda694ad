import type Hyperbee from 'hyperbee2'
import { toAutobeeError } from '../errors.ts'
import type { Unit } from '../oplog/unit.ts'
import type { Linearizer, PlacedUnit } from '../order/index.ts'
import { type BasePoint, type BaseRecord, decodeBase, encodeBase } from '../system/base.ts'
import type { OrderHashes } from '../system/order-hash.ts'
import { type Placed, SEGMENT } from '../system/segment.ts'
import { type BasesUpdate, readBase, readOrder } from '../system/tree.ts'
import { thin, type UndoPoint } from '../system/undo-points.ts'
import type { CycleStats } from './cycle-options.ts'
import { UnitsAgain, withLiveLinks } from './links.ts'
import type { WriterSet } from './writers.ts'

/** How much of the order is in memory. In positions, but for `spacing`. */
export interface HistoryLimits {
  /** Bases are about so many entries apart near the end of the order, and further apart in the far past. */
  readonly spacing: number
  /** What is kept when older positions are let go, which happens at twice as many. */
  readonly keep: number
  /** What an opening reads at least; a merge that goes deeper reads more. */
  readonly recent: number
  /** Units of ordinary writers at the end, which an indexer's next unit would order anew, are kept up to here. */
  readonly tail: number
}

export const HISTORY_LIMITS: HistoryLimits = { spacing: 256, keep: 2048, recent: 8, tail: 65_536 }
/** A base names every writer: with many of them, bases are further apart, by so many entries for each. */
const SPACING_PER_WRITER = 4
const FEW_WRITERS = 64

export interface HistoryOptions {
  readonly linearizer: Linearizer<Unit>
  readonly hashes: OrderHashes
  readonly writers: WriterSet
  readonly system: Hyperbee
  readonly limits: HistoryLimits
  readonly stats: Pick<CycleStats, 'reread'>
  /** Bases in the system tree: those that hold, and those that are of no use. */
  readonly points: readonly BasePoint[]
  readonly stale: readonly BasePoint[]
  /** The order in memory begins elsewhere: `points` are places that an undo can return to from there on. */
  onmove(move: { readonly points: readonly UndoPoint[]; readonly segment: readonly Placed[] }): void
}

interface Added extends Pick<BasePoint, 'position' | 'isTail'> {
  readonly record: Uint8Array
}

/** The base to begin with, so that at least `recent` positions before `length` are in memory; null: the very beginning. */
export function basePointFor(
  points: readonly BasePoint[],
  { length, recent, tail }: { length: number; recent: number; tail: number }
): BasePoint | null {
  const old = points.filter(({ position }) => position <= length - recent)
  const last = old.findLast(({ isTail }) => !isTail) ?? null
  const isDear = length - (last?.position ?? 0) > tail
  return isDear ? (old.at(-1) ?? null) : last
}

/** Positions of the segment that a base lies in, as far as they lie before it. */
export function segmentBefore(system: Hyperbee, position: number): Promise<Placed[]> {
  return readOrder(system, { from: position - (position % SEGMENT), to: position })
}

/**
 * Which part of the order is in memory. What lies before is in the system tree and the oplogs, and is read again when a
 * unit comes that may belong there. Bases are taken where the view's tree is flushed, so that an undo can return to them.
 */
export class History {
  readonly #o: HistoryOptions
  /** Ascending. */
  #points: BasePoint[]
  /** Not in the tree yet, or in the tree as they were before. */
  readonly #added = new Map<number, Uint8Array>()
  /** In the tree still. */
  readonly #removed: Set<number>
  readonly #inTree: Set<number>
  /** Entries before each base, as far as it was asked for. */
  readonly #entries = new Map<number, number>()

  constructor(options: HistoryOptions) {
    this.#o = options
    this.#points = [...options.points]
    this.#removed = new Set(options.stale.map(({ position }) => position))
    this.#inTree = new Set([...options.points, ...options.stale].map(({ position }) => position))
  }

  /**
   * Brings the order in line with the known units: see {@link Linearizer.settle}. Bases among what is there as it was, though
   * on behalf of others, are taken again: an ack may order any amount anew that way.
   */
  settle(): number {
    const { linearizer } = this.#o
    this.#cut()
    const again = new Map<number, Added>()
    const first = linearizer.settle(() => {
      const { length } = linearizer
      if (this.#points.some(({ position }) => position === length) && !linearizer.isTentative)
        again.set(length, this.#take())
    })
    const touched = linearizer.takeTouched()
    this.#points = this.#points.flatMap(point => {
      if (point.position <= touched) return [point]
      this.#drop(point)
      const added = again.get(point.position)
      return added ? [this.#add(added, point.view)] : []
    })
    return first
  }

  /** Must the system tree be written? A base in it that no longer holds is not to be found by the next opening. */
  get mustWrite(): boolean {
    this.#cut()
    return this.#removed.size > 0 || [...this.#added.keys()].some(position => this.#inTree.has(position))
  }

  /** The view's tree was flushed: is this a place to begin at some day? */
  consider(view: number): void {
    const { linearizer, limits } = this.#o
    this.#cut()
    const last = this.#points.at(-1)?.position ?? 0
    const spacing = Math.max(limits.spacing, SPACING_PER_WRITER * (this.#o.writers.size - FEW_WRITERS))
    if (linearizer.length <= last || linearizer.entries - this.#entriesBefore(last) < spacing) return
    if (linearizer.isTentative) return
    this.#points.push(this.#add(this.#take(), view))
    for (const gone of this.#thin()) this.#drop(gone)
  }

  /** What the next flush of the system tree writes; null: nothing. To be followed by {@link written}. */
  update(): BasesUpdate | null {
    this.#cut()
    if (this.#added.size === 0 && this.#removed.size === 0) return null
    return { points: this.#points, added: this.#added, removed: this.#removed }
  }

  written(): void {
    for (const position of this.#removed) this.#inTree.delete(position)
    for (const position of this.#added.keys()) this.#inTree.add(position)
    this.#added.clear()
    this.#removed.clear()
  }

  /** Reads as much of the past as it takes. @throws AutobeeError `STORE_CORRUPT` */
  async reach(isEnough: () => boolean): Promise<void> {
    const { linearizer, limits } = this.#o
    while (linearizer.base > 0 && !isEnough()) {
      this.#cut()
      const depth = Math.max(linearizer.length - linearizer.base, limits.spacing)
      const point = this.#points.findLast(({ position }) => position <= linearizer.base - depth)
      await this.#moveTo(point ?? null)
    }
  }

  /** Lets go of what lies far back. */
  async trim(): Promise<void> {
    const { linearizer, limits } = this.#o
    const { base, length, waiting } = linearizer
    // it costs as much as all that is in memory; in the middle of a large merge most of that waits
    if (length - base <= Math.max(2 * limits.keep, waiting)) return
    this.#cut()
    const written = this.#points.filter(({ position }) => !this.#added.has(position))
    const point = basePointFor(written, { length, recent: limits.keep, tail: limits.tail })
    if (point && point.position > base) await this.#moveTo(point)
  }

  /** What is not in memory, from the very beginning. */
  past(): Promise<PlacedUnit<Unit>[]> {
    return this.#between(null)
  }

  async #moveTo(point: BasePoint | null): Promise<void> {
    const { linearizer, hashes, system } = this.#o
    const record = point && (await this.#load(point.position))
    const position = point?.position ?? 0
    const oldBase = linearizer.base
    const between = position < oldBase ? await this.#between(record) : []
    const segment = await segmentBefore(system, position)
    this.#o.stats.reread += between.length
    try {
      hashes.rebase({ position, hash: record?.orderHash ?? new Uint8Array(32) }, between)
      linearizer.rebase(record?.base ?? null, between)
    } catch (error) {
      throw toAutobeeError(error, { code: 'STORE_CORRUPT', message: 'the order cannot be read again' })
    }
    const points: UndoPoint[] = point ? [point] : [{ position: 0, view: 0 }]
    for (const later of this.#points)
      if (later.position > position && later.position <= oldBase) points.push(later)
    this.#o.onmove({ points, segment })
  }

  async #load(position: number): Promise<BaseRecord> {
    const added = this.#added.get(position)
    return added ? decodeBase(added) : readBase(this.#o.system, position)
  }

  /** What was ordered from a base to the present one. */
  async #between(record: BaseRecord | null): Promise<PlacedUnit<Unit>[]> {
    const { linearizer, system, writers } = this.#o
    const placed = await readOrder(system, { from: record?.base.position ?? 0, to: linearizer.base })
    const lasts = new Map<string, Unit>()
    for (const { writer, last } of record?.base.lanes ?? []) if (last) lasts.set(writer, last)
    const lengths = new Map<string, number[]>()
    for (const { writer, length } of placed) {
      const list = lengths.get(writer)
      if (list) list.push(length)
      else lengths.set(writer, [length])
    }
    const units = new Map<string, IterableIterator<Unit>>()
    for (const [id, list] of lengths) {
      const from = lasts.get(id) ?? { length: 0, timestamp: 0 }
      const again = await writers.ensure(id).unitsAgain(from, list)
      units.set(id, again[Symbol.iterator]() as IterableIterator<Unit>)
    }
    const known = new UnitsAgain(lasts.values())
    return placed.map(({ writer, applied, changes, tried }) => {
      const unit = withLiveLinks(units.get(writer)?.next().value as Unit, known)
      known.add(unit)
      return { unit, tried, applied, changes }
    })
  }

  /** Bases beyond what was emitted anew say no longer what they should. */
  #cut(): void {
    const touched = this.#o.linearizer.takeTouched()
    for (let last = this.#points.at(-1); last && last.position > touched; last = this.#points.at(-1)) {
      this.#drop(last)
      this.#points.pop()
    }
  }

  /** The far past needs fewer. What is in memory stays: a later trim or undo may want it. */
  #thin(): BasePoint[] {
    const start: BasePoint = { position: 0, view: 0, isTail: false }
    const kept = new Set(thin([start, ...this.#points], this.#o.linearizer.length))
    const { base } = this.#o.linearizer
    const gone = this.#points.filter(point => !kept.has(point) && point.position !== base)
    this.#points = this.#points.filter(point => !gone.includes(point))
    return gone
  }

  /** A base at the end of the order as it is. */
  #take(): Added {
    const { linearizer, hashes } = this.#o
    const base = linearizer.summary()
    const { position } = base
    return {
      position,
      isTail: linearizer.tailStart < position,
      record: encodeBase({ base, orderHash: hashes.at(position) })
    }
  }

  #add({ position, isTail, record }: Added, view: number): BasePoint {
    this.#added.set(position, record)
    this.#removed.delete(position)
    return { position, view, isTail }
  }

  /** Of a position that is in memory, or the base. */
  #entriesBefore(position: number): number {
    const { linearizer } = this.#o
    let entries = this.#entries.get(position)
    if (entries === undefined) {
      entries = linearizer.entries
      for (let at = Math.max(position, linearizer.base); at < linearizer.length; at++) {
        const { unit } = linearizer.at(at)
        entries -= unit.length - unit.start
      }
      this.#entries.set(position, entries)
    }
    return entries
  }

  #drop({ position }: BasePoint): void {
    this.#entries.delete(position)
    this.#added.delete(position)
    if (this.#inTree.has(position)) this.#removed.add(position)
  }
}
