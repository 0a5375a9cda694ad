/** Systems write what they were given to the disk within half a minute. */
const SETTLES_AFTER = 60_000
const STEP = 1000

/**
 * Up to which record of a log everything has reached the disk, for all that can be known: because it was synced, or
 * because it was written more than a minute ago. What is not settled may be missing after a power cut, in any order.
 */
export class Settled {
  readonly #now: () => number
  /** The records written up to `until`, and not since the sample before. */
  readonly #samples: { sequence: number; until: number }[] = []
  #sequence = 0

  /** `now` in ms; it never goes back. */
  constructor(now: () => number) {
    this.#now = now
  }

  get sequence(): number {
    const before = this.#now() - SETTLES_AFTER
    while (this.#samples.length > 0 && this.#samples[0]!.until <= before) {
      this.#raise(this.#samples.shift()!.sequence)
    }
    return this.#sequence
  }

  wrote(sequence: number): void {
    const now = this.#now()
    const last = this.#samples.at(-1)
    if (last && last.until > now) last.sequence = sequence
    else this.#samples.push({ sequence, until: now + STEP })
  }

  synced(sequence: number): void {
    this.#raise(sequence)
    while (this.#samples.length > 0 && this.#samples[0]!.sequence <= sequence) this.#samples.shift()
  }

  #raise(sequence: number): void {
    if (sequence > this.#sequence) this.#sequence = sequence
  }
}
