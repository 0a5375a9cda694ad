/** So many at once, and so many per second in the long run. */
export class Tokens {
  readonly #burst: number
  readonly #rate: number
  #left: number
  #at = performance.now()

  constructor({ burst, rate }: { burst: number; rate: number }) {
    this.#burst = burst
    this.#rate = rate
    this.#left = burst
  }

  /** How many were asked for beyond what there was, when it was last looked at. */
  get debt(): number {
    return Math.max(0, -this.#left)
  }

  /** Returns whether there were any left. */
  take(count = 1): boolean {
    const now = performance.now()
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#at) / 1000) * this.#rate)
    this.#at = now
    this.#left -= count
    return this.#left >= 0
  }

  /** The last one taken was free. */
  give(): void {
    this.#left = Math.min(this.#burst, this.#left + 1)
  }
}
