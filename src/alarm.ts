/** Later than a timer can hold: look again then, ms. */
const LONGEST = 2 ** 30

/** Wakes somebody at the earliest of the times that were set. It keeps no process alive. */
export class Alarm {
  readonly #ring: () => void
  #timer: ReturnType<typeof setTimeout> | null = null
  #at = 0

  constructor(ring: () => void) {
    this.#ring = ring
  }

  /** @param delay ms */
  set(delay: number): void {
    const ms = Math.min(Math.max(1, delay), LONGEST)
    const at = performance.now() + ms
    if (this.#timer && this.#at <= at) return
    this.stop()
    this.#at = at
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#ring()
    }, ms)
    ;(this.#timer as { unref?: () => void }).unref?.()
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }
}
