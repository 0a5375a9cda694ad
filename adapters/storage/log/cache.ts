import type { Place } from './place.ts'

/** The values that were read or written last, by where they are; bounded by the bytes of the values. */
export class ValueCache {
  readonly #capacity: number
  readonly #values = new Map<Place, Uint8Array>()
  #bytes = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** With what an entry of a map and an array take, about. */
  get bytes(): number {
    return this.#bytes
  }

  get(place: Place): Uint8Array | undefined {
    const value = this.#values.get(place)
    if (value === undefined) return undefined
    // a map keeps the order of insertion: the first is the one that nobody asked for the longest
    this.#values.delete(place)
    this.#values.set(place, value)
    return value
  }

  /** Keeps the bytes themselves where they are all of their buffer, else a copy: a view would keep the whole buffer. */
  set(place: Place, value: Uint8Array): void {
    const cost = costOf(value)
    if (cost > this.#capacity / 8) return
    const before = this.#values.get(place)
    if (before !== undefined) this.#drop(place, before)
    this.#values.set(place, value.byteLength === value.buffer.byteLength ? value : value.slice())
    this.#bytes += cost
    for (const [oldest, bytes] of this.#values) {
      if (this.#bytes <= this.#capacity) return
      this.#drop(oldest, bytes)
    }
  }

  #drop(place: Place, value: Uint8Array): void {
    this.#values.delete(place)
    this.#bytes -= costOf(value)
  }
}

function costOf(value: Uint8Array): number {
  return value.byteLength + OVERHEAD
}

const OVERHEAD = 200
