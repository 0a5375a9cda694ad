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

  /** How many were asked for beyond what there was. */
  get debt(): number {
    return Math.max(0, -this.#left)
  }

  take(): boolean {
    const now = performance.now()
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#at) / 1000) * this.#rate)
    this.#at = now
    return --this.#left >= 0
  }

  /** The last one taken was free. */
  give(): void {
    this.#left = Math.min(this.#burst, this.#left + 1)
  }
}
