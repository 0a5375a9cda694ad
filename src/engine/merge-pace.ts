/** Bounds, ms: longest wait for blocks on their way, pause in them that ends it, longest rest after a merge. */
const GATHER_MOST = 250
const GATHER_QUIET = 20
const REST_MOST = 250

/**
 * When a merge that reorganises may begin: not while blocks that are known to exist are still coming (within bounds), and
 * not so soon after the last one that reorganisations would take all the time.
 */
export class MergePace {
  #heldSince = 0
  #restUntil = 0

  /** How long a merge that undoes `depth` units is still to wait, ms; 0: now. */
  delay({ depth, inFlight, lastNews }: { depth: number; inFlight: boolean; lastNews: number }): number {
    const now = performance.now()
    if (now < this.#restUntil) return this.#restUntil - now
    if (!inFlight) return 0
    if (this.#heldSince === 0) this.#heldSince = now
    const left = Math.min(GATHER_MOST, 10 + 0.3 * depth) - (now - this.#heldSince)
    const quiet = GATHER_QUIET - (now - lastNews)
    return Math.max(0, Math.min(left, quiet))
  }

  /** Nothing is held back any more. */
  begin(): void {
    this.#heldSince = 0
  }

  /** A reorganisation took `ms`: none for four times as long. */
  rest(ms: number): void {
    this.#restUntil = performance.now() + Math.min(REST_MOST, 4 * ms)
  }
}
