import { AutobeeError } from '../../../src/index.ts'
import type { KeyValueOperation, KeyValueStore } from '../key-value.ts'

/** Joined, batches are no more than this; one that is larger goes alone. A long commit makes reads wait in some stores. */
const JOINED = { operations: 2048, bytes: 4 * 1024 * 1024 }

interface Batch {
  readonly operations: readonly KeyValueOperation[]
  readonly bytes: number
  resolve(): void
  reject(error: unknown): void
}

/**
 * Group commit: what comes while one commit runs waits, and goes out as one next commit. A commit costs a store much the
 * same for one batch as for many, so parallel writers share the cost. Batches keep their order.
 */
export class Commits {
  readonly #store: Pick<KeyValueStore, 'commit'>
  readonly #waiting: Batch[] = []
  #isRunning = false

  constructor(store: Pick<KeyValueStore, 'commit'>) {
    this.#store = store
  }

  /** Resolves when the operations are committed, as `KeyValueStore.commit` says; rejects with the store's error. */
  add(operations: readonly KeyValueOperation[], bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operations, bytes, resolve, reject })
      if (this.#isRunning) return
      this.#isRunning = true
      // not at once: batches of the same moment go together
      queueMicrotask(() => void this.#run())
    })
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) await this.#commit(this.#next())
    this.#isRunning = false
  }

  #next(): Batch[] {
    let count = 0
    let operations = 0
    let bytes = 0
    for (const batch of this.#waiting) {
      operations += batch.operations.length
      bytes += batch.bytes
      if (count > 0 && (operations > JOINED.operations || bytes > JOINED.bytes)) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #commit(batches: readonly Batch[]): Promise<void> {
    try {
      await this.#store.commit(joined(batches))
    } catch (error) {
      if (batches.length > 1 && AutobeeError.is(error, 'STORE_FULL')) return this.#commitEach(batches)
      for (const batch of batches) batch.reject(error)
      return
    }
    for (const batch of batches) batch.resolve()
  }

  /**
   * Nothing of the joined commit took effect. Each for itself, in order, as if they had never been joined: a small batch
   * (a core's head, say) is not refused because a large one beside it found no room.
   */
  async #commitEach(batches: readonly Batch[]): Promise<void> {
    for (const batch of batches) await this.#commit([batch])
  }
}

function joined(batches: readonly Batch[]): readonly KeyValueOperation[] {
  const [first] = batches
  return batches.length === 1 && first ? first.operations : batches.flatMap(batch => batch.operations)
}
