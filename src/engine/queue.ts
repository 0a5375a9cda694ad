import type { AutobeeError } from '../errors.ts'
import type { Head } from '../keys.ts'
import type { Unit } from '../oplog/unit.ts'
import type { OnceTag } from './once.ts'

/** One call of `append`, waiting to be written. */
export interface Append {
  /** Encoded; one null for an ack. */
  readonly values: readonly (Uint8Array | null)[]
  readonly optimistic: boolean
  readonly ack: boolean
  /** A stranger's unit that this one is to refer to, not known to the order yet. */
  readonly extra: Unit | null
  /** Null for all but those of a database that several tabs share. */
  readonly once: OnceTag | null
  resolve(head: Head): void
  reject(error: AutobeeError): void
}

/** Calls of `append` in the order they were made. It outlives a reload of the database. */
export class AppendQueue {
  #waiting: Append[] = []
  #next = 0

  get length(): number {
    return this.#waiting.length - this.#next
  }

  push(append: Append): void {
    this.#waiting.push(append)
  }

  /** Puts back what was taken last: it is tried again, in the same order, by whoever works on the queue next. */
  giveBack(appends: readonly Append[]): void {
    this.#waiting = [...appends, ...this.#waiting.slice(this.#next)]
    this.#next = 0
  }

  shift(): Append | null {
    const append = this.#waiting[this.#next]
    if (!append) return null
    this.#next++
    if (this.#next === this.#waiting.length) {
      this.#waiting = []
      this.#next = 0
    }
    return append
  }

  rejectAll(error: AutobeeError): void {
    for (let append = this.shift(); append; append = this.shift()) append.reject(error)
  }
}
