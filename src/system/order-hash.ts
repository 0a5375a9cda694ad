import b4a from 'b4a'
import c from 'compact-encoding'
import crypto from 'hypercore-crypto'

const BYTES = 32

/** What the hash takes in of a unit. */
export interface HashedUnit {
  readonly key: Uint8Array
  readonly length: number
  readonly hash: Uint8Array
}

/**
 * Rolling BLAKE2b-256 over the order: hash(n) = BLAKE2b(hash(n - 1), writer, length, unit hash, applied or
 * skipped), hash(0) = zeros. Two peers with the same hash at the same position ordered the same entries alike.
 */
export class OrderHashes {
  #bytes = b4a.alloc(1024 * BYTES)
  #length = 0

  /** Positions hashed. */
  get length(): number {
    return this.#length
  }

  /** Hash after `position` units. */
  at(position: number): Uint8Array {
    if (position > this.#length) throw new RangeError(`no order hash at ${position} of ${this.#length}`)
    if (position === 0) return b4a.alloc(BYTES)
    return b4a.from(this.#bytes.subarray((position - 1) * BYTES, position * BYTES))
  }

  push(unit: HashedUnit, applied: boolean): void {
    const tail = b4a.allocUnsafe(9)
    c.uint64.encode({ start: 0, end: 8, buffer: tail as never }, unit.length)
    tail[8] = applied ? 1 : 0
    const hash = crypto.hash([this.at(this.#length), unit.key, tail, unit.hash])
    const end = (this.#length + 1) * BYTES
    if (end > this.#bytes.byteLength) this.#grow()
    this.#bytes.set(hash, end - BYTES)
    this.#length++
  }

  truncate(position: number): void {
    if (position < this.#length) this.#length = position
  }

  #grow(): void {
    const larger = b4a.alloc(this.#bytes.byteLength * 2)
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}
