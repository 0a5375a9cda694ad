/** So many at once, and so many per second in the long run. A rate of `Infinity` is no limit. */
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

  /** ms until the debt is paid, from when it was last looked at. */
  get wait(): number {
    return (this.debt / this.#rate) * 1000
  }

  /** Takes them also when there are not so many. Returns whether there were. */
  take(count = 1): boolean {
    if (this.#rate === Number.POSITIVE_INFINITY) return true
    this.#refill()
    this.#left -= count
    return this.#left >= 0
  }

  /** Takes one if there is one. Returns whether there was. */
  takeIfAny(): boolean {
    this.#refill()
    if (this.#left < 1) return false
    this.#left--
    return true
  }

  /** The last one taken was free. */
  give(): void {
    this.#left = Math.min(this.#burst, this.#left + 1)
  }

  #refill(): void {
    if (this.#rate === Number.POSITIVE_INFINITY) {
      this.#left = this.#burst
      return
    }
    const now = performance.now()
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#at) / 1000) * this.#rate)
    this.#at = now
  }
}
