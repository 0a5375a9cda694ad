import type { Linearizer, UnitFacts } from '../order/index.ts'

export interface AcksOptions {
  /** ms; 0: never. */
  readonly interval: number
  append(): void
}

/**
 * An indexer fixes the place of what ordinary writers appended with an empty entry, when no indexer has referred to
 * it for a while. Acks are by indexers, so they never call for acks.
 */
export class Acks {
  readonly #o: AcksOptions
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(options: AcksOptions) {
    this.#o = options
  }

  /** Looks whether an ack is due, after every cycle. */
  schedule(linearizer: Linearizer<UnitFacts>, isIndexer: boolean): void {
    const isDue = () => linearizer.tailStart < linearizer.length
    if (!isIndexer || this.#o.interval === 0 || !isDue()) this.stop()
    else this.#start(isDue)
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  #start(isDue: () => boolean): void {
    if (this.#timer) return
    // jitter, so that the first of several indexers spares the others theirs
    const delay = this.#o.interval * (0.5 + Math.random())
    this.#timer = setTimeout(() => {
      this.#timer = null
      if (isDue()) this.#o.append()
    }, delay)
    ;(this.#timer as { unref?: () => void }).unref?.()
  }
}
