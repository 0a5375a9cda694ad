import type { KeyValueCursor, KeyValueRange, KeyValueSnapshot } from '../key-value.ts'
import { type Guard, LogCursor, readKeys } from './cursor.ts'
import { closedError } from './errors.ts'
import type { KeyIndex } from './index.ts'
import type { Log } from './log.ts'

/** A clone of the index, and a pin on the log that it points into. */
export class LogSnapshot implements KeyValueSnapshot {
  readonly #log: Log
  readonly #guard: Guard
  #index: KeyIndex | null

  constructor(log: Log, guard: Guard) {
    this.#log = log
    this.#guard = guard
    this.#index = log.index.clone()
    log.pin()
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | null)[]> {
    return this.#guard.track(readKeys(this.#log, { index: this.#open(), keys }))
  }

  entries(range: KeyValueRange): KeyValueCursor {
    return new LogCursor(this.#log, { index: this.#open(), range, guard: this.#guard })
  }

  close(): void {
    if (!this.#index) return
    this.#index = null
    this.#log.unpin()
  }

  #open(): KeyIndex {
    this.#guard.check()
    if (!this.#index) throw closedError()
    return this.#index
  }
}
