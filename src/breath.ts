import { setImmediate } from 'node:timers'

/** Longest that work goes on before others have a turn, ms: a frame of a page is 16. */
const LONGEST = 8

/**
 * Long work that waits for nothing real is one task, however often it awaits: a page draws nothing meanwhile, and a server answers
 * nobody. Whoever does such work takes a breath between its steps.
 */
export class Breath {
  #since = performance.now()

  /** The work begins, in a task that others had their turn before. */
  begin(): void {
    this.#since = performance.now()
  }

  /** Resolves at once, or after a turn of the event loop when the last one was long ago. */
  async take(): Promise<void> {
    if (performance.now() - this.#since < LONGEST) return
    await new Promise<void>(resolve => void setImmediate(resolve))
    this.#since = performance.now()
  }
}
