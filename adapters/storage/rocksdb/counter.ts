/** Counts what is under way. */
export class Counter {
  #count = 0
  #waiting: (() => void)[] = []

  add(): void {
    this.#count++
  }

  remove(): void {
    if (--this.#count > 0) return
    for (const wake of this.#waiting.splice(0)) wake()
  }

  /** Resolves when nothing is. */
  async idle(): Promise<void> {
    while (this.#count > 0) await new Promise<void>(resolve => this.#waiting.push(resolve))
  }
}
