/** After a failure the same peer is asked for the same oplog again after this, doubled each time, ms. */
const BACKOFF = 1000
const MOST_BACKOFF = 60_000
/** After so many failures in a row, of any oplogs, it is not asked for anything for a while. */
const MOST_STRIKES = 3

interface Record {
  readonly failures: number
  /** In ms of `performance.now()`. */
  readonly until: number
}

/** How one peer did with each oplog. */
export class Trust {
  readonly #records = new Map<string, Record>()
  #strikes = 0
  #until = 0

  /** Failures since it last gave anything. */
  get strikes(): number {
    return this.#strikes
  }

  failures(id: string): number {
    return this.#records.get(id)?.failures ?? 0
  }

  /** May it be asked for that oplog now? */
  has(id: string): boolean {
    return this.pause(id) <= 0
  }

  /** How long it is not asked for that oplog any more, ms. */
  pause(id: string): number {
    return Math.max(this.#records.get(id)?.until ?? 0, this.#until) - performance.now()
  }

  /** It was slow, or did not have what it had announced. */
  fail(id: string): void {
    const failures = this.failures(id) + 1
    this.#records.set(id, { failures, until: performance.now() + backoff(failures) })
    this.#strike()
  }

  /** What it sent does not verify: it lies, or has another version of that oplog, which Hypercore has to find out. */
  lose(id: string): void {
    this.#records.set(id, { failures: this.failures(id) + 1, until: Number.POSITIVE_INFINITY })
    this.#strike()
  }

  /** What it gave was taken. */
  restore(id: string): void {
    this.#records.delete(id)
    this.#strikes = 0
    this.#until = 0
  }

  #strike(): void {
    this.#strikes++
    if (this.#strikes >= MOST_STRIKES) {
      this.#until = performance.now() + backoff(this.#strikes - MOST_STRIKES + 1)
    }
  }
}

function backoff(failures: number): number {
  return Math.min(MOST_BACKOFF, BACKOFF * 2 ** (failures - 1))
}
