import type { DatabaseCores } from '../engine/cores.ts'
import { AutobeeError, toAutobeeError } from '../errors.ts'
import { type Head, hexOf } from '../keys.ts'
import { readOrder } from '../system/tree.ts'
import type { Codec } from '../value-encoding.ts'
import type { Query, Range } from './options.ts'
import { type OrderedPlace, type OrderSource, type Place, placeBelow, type WaitingPlace } from './place.ts'
import { findInIndex, type IndexVersion, withIndex } from './read-index.ts'
import { pieces, readUnits } from './read-units.ts'
import type { OrderedUnit, WaitingUnit } from './types.ts'

/** Positions whose part of the index is read at a time. */
const INDEX_PIECE = 512

export interface ListingOptions {
  readonly codec: Codec
  /** null before the database is open. */
  cores(): { readonly cores: DatabaseCores; readonly key: Uint8Array } | null
  /** Calls back once, at once, when the order is whole and durable. @throws AutobeeError `CLOSED`, or what made the database fail */
  atRest<T>(take: (source: OrderSource) => T): Promise<T>
}

/** Reads the order for its users: what is in memory is copied at the start, what lies before is read piece by piece. */
export class Listing {
  readonly #o: ListingOptions
  readonly #reading = new Set<Promise<unknown>>()
  #closed = false

  constructor(options: ListingOptions) {
    this.#o = options
  }

  async *order(query: Query): AsyncGenerator<OrderedUnit> {
    const taken = await this.#o.atRest(source => {
      const range = query.rangeIn(source.length)
      const recent: OrderedPlace[] = []
      const from = Math.max(range.from, source.base)
      for (let position = from; position < range.to; position++) recent.push(source.at(position))
      return { range, recent, base: source.base, head: source.systemHead }
    })
    const { range, recent, base } = taken
    const index: IndexVersion = { ...this.#store(), head: taken.head }
    const past: Range = { from: range.from, to: Math.min(range.to, base) }
    if (!query.reverse) yield* this.#past(past, { index, reverse: false })
    if (query.reverse) recent.reverse()
    yield* this.#units(recent)
    if (query.reverse) yield* this.#past(past, { index, reverse: true })
  }

  async *waiting({ limit, reverse }: Query): AsyncGenerator<WaitingUnit> {
    const places = await this.#o.atRest(source => {
      const taken: WaitingPlace[] = []
      for (const place of source.waiting()) {
        if (!reverse && taken.length >= limit) break
        taken.push(place)
      }
      return reverse ? taken.reverse().slice(0, limit) : taken
    })
    yield* this.#units(places)
  }

  /** null when nothing is known of it here. */
  async unit({ key, length }: Head): Promise<OrderedUnit | WaitingUnit | null> {
    if (length === 0) return null
    const writer = hexOf(key)
    const taken = await this.#o.atRest(source => {
      const position = source.positionOf(writer, length)
      if (position !== null) return { place: source.at(position), below: null }
      if (length <= source.orderedLength(writer)) return { place: null, below: source }
      for (const place of source.waiting())
        if (place.writer === writer && place.start < length && length <= place.length)
          return { place, below: null }
      return { place: null, below: null }
    })
    const { below } = taken
    let place: Place | null = taken.place
    if (below) {
      const index: IndexVersion = { ...this.#store(), head: below.systemHead }
      const found = await this.#read(() =>
        withIndex(index, tree => findInIndex(tree, { writer, entry: length, length: below.base }))
      )
      place = found && placeBelow(found.placed, found.position)
    }
    if (!place) return null
    const only = place
    const [unit] = await this.#read(() => readUnits([only], { ...this.#store(), codec: this.#o.codec }))
    return unit ?? null
  }

  /** Resolves when nothing is read any more; what asks for more rejects with `CLOSED`. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#reading)
  }

  async *#past(
    { from, to }: Range,
    { index, reverse }: { index: IndexVersion; reverse: boolean }
  ): AsyncGenerator<OrderedUnit> {
    for (let done = 0; done < to - from; done += INDEX_PIECE) {
      const piece = reverse
        ? { from: Math.max(from, to - done - INDEX_PIECE), to: to - done }
        : { from: from + done, to: Math.min(to, from + done + INDEX_PIECE) }
      const placed = await this.#read(() => withIndex(index, tree => readOrder(tree, piece)))
      const places = placed.map((one, i) => placeBelow(one, piece.from + i))
      yield* this.#units(reverse ? places.reverse() : places)
    }
  }

  async *#units<P extends Place>(
    places: readonly P[]
  ): AsyncGenerator<P extends OrderedPlace ? OrderedUnit : WaitingUnit> {
    for (const piece of pieces(places)) {
      yield* await this.#read(() => readUnits(piece, { ...this.#store(), codec: this.#o.codec }))
    }
  }

  #store(): { readonly cores: DatabaseCores; readonly key: Uint8Array } {
    const store = this.#closed ? null : this.#o.cores()
    if (store) return store
    throw new AutobeeError('CLOSED', 'the database is closed')
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    this.#store()
    const reading = read()
    this.#reading.add(reading)
    try {
      return await reading
    } catch (error) {
      this.#store()
      throw toAutobeeError(error, { code: 'STORE_FAILED', message: 'the order could not be read' })
    } finally {
      this.#reading.delete(reading)
    }
  }
}
