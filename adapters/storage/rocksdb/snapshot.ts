import type { KeyValueReader, KeyValueSnapshot } from '../key-value.ts'

/** One snapshot of the store, shared by sessions, batches and iterators; closed when the last of them is done with it. */
export class SharedSnapshot {
  readonly #snapshot: KeyValueSnapshot
  #uses = 0

  constructor(snapshot: KeyValueSnapshot) {
    this.#snapshot = snapshot
  }

  get reader(): KeyValueReader {
    return this.#snapshot
  }

  use(): void {
    this.#uses++
  }

  release(): void {
    if (--this.#uses === 0) this.#snapshot.close()
  }
}
