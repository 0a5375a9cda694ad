/** Pauses between attempts to connect. */
export interface BackoffOptions {
  /** The shortest pause, ms; default 100. Doubles with each attempt. */
  first?: number
  /** The longest, ms; default 10,000. */
  longest?: number
  /** A connection that lasted so long, in ms, was a good one: the next pause is the shortest again. Default 5,000. */
  good?: number
  /** From 0 to 1, for the jitter: a pause is shortened by up to half. Default `Math.random`. */
  random?: () => number
}

/** Pauses between attempts: doubling, with jitter so that many who lost the same peer do not come back at once. */
export class Backoff {
  readonly #o: Required<BackoffOptions>
  #attempt = 0

  constructor({ first = 100, longest = 10_000, good = 5_000, random = Math.random }: BackoffOptions = {}) {
    this.#o = { first, longest, good, random }
  }

  /** The attempt that comes next, from 1, and the pause before it, ms. */
  next(): { attempt: number; delay: number } {
    const { first, longest, random } = this.#o
    const pause = Math.min(longest, first * 2 ** this.#attempt)
    this.#attempt++
    return { attempt: this.#attempt, delay: pause * (0.5 + random() / 2) }
  }

  /** A connection ended that had lasted so long, ms. */
  ended(lasted: number): void {
    if (lasted >= this.#o.good) this.#attempt = 0
  }
}
