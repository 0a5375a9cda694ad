export interface Turn {
  /** May be called again. */
  end(): void
}

/** One owner at a time, in the order in which they came. */
export class Turns {
  #isTaken = false
  readonly #waiting: (() => void)[] = []

  /** null when somebody else has it, and one does not wait. */
  async take({ wait }: { wait: boolean }): Promise<Turn | null> {
    if (this.#isTaken && !wait) return null
    if (this.#isTaken) await new Promise<void>(resolve => this.#waiting.push(resolve))
    this.#isTaken = true
    let hasEnded = false
    return {
      end: () => {
        if (hasEnded) return
        hasEnded = true
        const next = this.#waiting.shift()
        // from owner to owner: nobody else comes in between
        if (next) next()
        else this.#isTaken = false
      }
    }
  }
}
