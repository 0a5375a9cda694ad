import { Random } from '../random.ts'

/** A prime: blocks of any usual size that are lost, doubled or out of order show. */
const PERIOD = 65_521

/** Bytes without end, known at every position: what one direction carries. */
export class Pattern {
  readonly #table: Uint8Array

  constructor(seed: number) {
    const random = new Random(seed)
    this.#table = Uint8Array.from({ length: PERIOD }, () => random.below(256))
  }

  /** An array of its own. */
  slice(from: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; ) {
      const start = (from + at) % PERIOD
      const part = this.#table.subarray(start, start + length - at)
      bytes.set(part, at)
      at += part.length
    }
    return bytes
  }

  /** The first place in the chunk that is not as it should be; null when all is. */
  firstWrong(chunk: Uint8Array, from: number): number | null {
    let at = from % PERIOD
    for (let i = 0; i < chunk.length; i++) {
      if (chunk[i] !== this.#table[at]) return i
      if (++at === PERIOD) at = 0
    }
    return null
  }
}
