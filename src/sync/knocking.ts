/** How often a stranger tells the others of its oplog again, ms: when the view changed, and anyway. */
const SOON = 200
const INTERVAL = 10_000

/** As a stranger: what was refused before, or found no place, may be let in now, so it is announced again. */
export class Knocking {
  readonly #knock: () => boolean
  #timer: ReturnType<typeof setTimeout> | null = null
  #isSoon = false

  /** `knock` announces, and says whether there is still something to be let in for. */
  constructor(knock: () => boolean) {
    this.#knock = knock
  }

  soon(): void {
    if (this.#isSoon) return
    this.#isSoon = true
    this.#wait(SOON)
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#isSoon = false
  }

  #wait(ms: number): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#isSoon = false
      if (this.#knock()) this.#wait(INTERVAL)
    }, ms)
    ;(this.#timer as { unref?: () => void }).unref?.()
  }
}
