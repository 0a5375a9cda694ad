const FIRST = 100
const LONGEST = 10_000
/** A connection that lasted so long was a good one: the next pause is the shortest again, ms. */
const GOOD = 5_000

/** Pauses between attempts: doubling, with jitter so that many who lost the same peer do not come back at once. */
export class Backoff {
  #pause = FIRST

  /** ms until the next attempt. */
  next(): number {
    const pause = this.#pause
    this.#pause = Math.min(LONGEST, pause * 2)
    return pause * (0.5 + Math.random() / 2)
  }

  /** A connection ended that had lasted so long, ms. */
  ended(lasted: number): void {
    if (lasted >= GOOD) this.#pause = FIRST
  }
}
