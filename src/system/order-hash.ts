import b4a from 'b4a'
import c from 'compact-encoding'
import crypto from 'hypercore-crypto'
import { AutobeeError } from '../errors.ts'

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
  /** First position that is kept, and the hash there. */
  #base = 0
  #bytes = b4a.alloc(1024 * BYTES)
  #length = 0

  /** Positions hashed. */
  get length(): number {
    return this.#length
  }

  /** Hash after `position` units, at least the base's. */
  at(position: number): Uint8Array {
    const at = position - this.#base
    if (at < 0 || position > this.#length) {
      throw new RangeError(`no order hash at ${position}, only at ${this.#base} to ${this.#length}`)
    }
    return b4a.from(this.#bytes.subarray(at * BYTES, (at + 1) * BYTES))
  }

  /**
   * Begins at another position: a later one, or an earlier one with the units from there to the present base.
   * @throws AutobeeError `STORE_CORRUPT` when these do not lead to what is here
   */
  rebase(
    { position, hash }: { position: number; hash: Uint8Array },
    between: readonly { readonly unit: HashedUnit; readonly applied: boolean }[] = []
  ): void {
    const next = new OrderHashes()
    next.#begin(position, hash)
    for (const { unit, applied } of between) next.push(unit, applied)
    const from = Math.max(position, this.#base)
    if (next.#length !== from || !b4a.equals(next.at(from), this.at(from))) {
      throw new AutobeeError(
        'STORE_CORRUPT',
        `the order in this store is another one before position ${from}`
      )
    }
    for (let at = from + 1; at <= this.#length; at++) next.#append(this.at(at))
    this.#base = position
    this.#bytes = next.#bytes
  }

  /** Nothing is known but the hash of what lies before. */
  #begin(position: number, hash: Uint8Array): void {
    this.#base = position
    this.#length = position
    this.#bytes.set(hash, 0)
  }

  static from(position: number, hash: Uint8Array): OrderHashes {
    const hashes = new OrderHashes()
    hashes.#begin(position, hash)
    return hashes
  }

  push(unit: HashedUnit, applied: boolean): void {
    const tail = b4a.allocUnsafe(9)
    c.uint64.encode({ start: 0, end: 8, buffer: tail as never }, unit.length)
    tail[8] = applied ? 1 : 0
    const hash = crypto.hash([this.at(this.#length), unit.key, tail, unit.hash])
    this.#append(hash)
  }

  #append(hash: Uint8Array): void {
    this.#length++
    const end = (this.#length - this.#base + 1) * BYTES
    if (end > this.#bytes.byteLength) this.#grow()
    this.#bytes.set(hash, end - BYTES)
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
