/** How often a stranger tells the others of its oplog again, at the most, ms. */
const INTERVAL = 200

/** As a stranger: whenever the view changed, what was refused before may be let in now, so it is announced again. */
export class Knocking {
  readonly #knock: () => void
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(knock: () => void) {
    this.#knock = knock
  }

  soon(): void {
    if (this.#timer) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#knock()
    }, INTERVAL)
    ;(this.#timer as { unref?: () => void }).unref?.()
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }
}
