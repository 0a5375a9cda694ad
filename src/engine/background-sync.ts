/** How much of the acknowledged tail a power cut may take in the relaxed durability, ms. */
const INTERVAL = 1000

/** Brings what was written to the disk a while later, once for many writes. */
export class BackgroundSync {
  readonly #sync: () => Promise<void>
  #timer: ReturnType<typeof setTimeout> | null = null
  #stopped = false

  constructor(sync: () => Promise<void>) {
    this.#sync = sync
  }

  soon(): void {
    if (this.#timer || this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      // a store that cannot sync cannot write either: the next flush reports it
      this.#sync().catch(() => {})
    }, INTERVAL)
    ;(this.#timer as { unref?: () => void }).unref?.()
  }

  stop(): void {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }
}
