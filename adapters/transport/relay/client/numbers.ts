/** Numbers of channels that are kept after their end: what was on its way may still come for them. */
const KEPT = 8_192
/** Channels that a relay may open in so many ms. */
const MOST = 8_192
const SPAN = 10_000

/** Which numbers of channels a relay has used on one WebSocket, as far as anybody can remember. */
export class Numbers {
  readonly #now: () => number
  readonly #used = new Set<number>()
  #since: number
  #count = 0

  constructor(now: () => number) {
    this.#now = now
    this.#since = now()
  }

  /** False when the number was used lately, or when there were too many. */
  take(number: number): boolean {
    const now = this.#now()
    if (now - this.#since > SPAN) {
      this.#since = now
      this.#count = 0
    }
    if (this.#used.has(number) || ++this.#count > MOST) return false
    this.#keep(number)
    return true
  }

  /** The channel has ended, however long it was open: frames may still be on their way. */
  end(number: number): void {
    this.#used.delete(number)
    this.#keep(number)
  }

  /** Was there such a channel? Asked only of those that are not open. */
  isPast(number: number): boolean {
    return this.#used.has(number)
  }

  #keep(number: number): void {
    this.#used.add(number)
    if (this.#used.size > KEPT) this.#used.delete(this.#used.values().next().value as number)
  }
}
