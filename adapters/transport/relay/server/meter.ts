/** What may flow: `rate` a second, `burst` at once. */
export class Meter {
  readonly #rate: number
  readonly #burst: number
  #left: number
  #at = performance.now()

  constructor({ rate, burst }: { rate: number; burst: number }) {
    this.#rate = rate
    this.#burst = burst
    this.#left = burst
  }

  /**
   * Takes `count`, also when there is not so much: what a socket had read already cannot be put back.
   * @returns ms until the debt is paid, 0 without one
   */
  take(count: number): number {
    if (this.#rate === Number.POSITIVE_INFINITY) return 0
    this.#left -= count
    if (this.#left >= 0) return 0
    // the clock is read only when it may matter
    const now = performance.now()
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#at) * this.#rate) / 1_000)
    this.#at = now
    return this.#left >= 0 ? 0 : (-this.#left / this.#rate) * 1_000
  }
}
