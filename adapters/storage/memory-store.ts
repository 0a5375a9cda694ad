import { AutobeeError } from '../../src/index.ts'
import type {
  KeyValueCursor,
  KeyValueEntry,
  KeyValueOperation,
  KeyValueRange,
  KeyValueSnapshot,
  KeyValueStore
} from './key-value.ts'
import type { SortedBytes } from './sorted-bytes.ts'

/** An open store in memory: a commit takes effect in its call, and snapshots and cursors read clones. */
export class MemoryStore implements KeyValueStore {
  readonly #entries: SortedBytes
  readonly #onclose: () => void
  #isClosed = false

  /** `onclose`: called once, at the first close. */
  constructor(entries: SortedBytes, onclose: () => void) {
    this.#entries = entries
    this.#onclose = onclose
  }

  async commit(operations: readonly KeyValueOperation[]): Promise<void> {
    this.#checkOpen()
    this.#entries.apply(operations)
  }

  async sync(): Promise<void> {
    this.#checkOpen()
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | null)[]> {
    this.#checkOpen()
    return keys.map(key => this.#entries.get(key))
  }

  entries(range: KeyValueRange): KeyValueCursor {
    this.#checkOpen()
    return new MemoryCursor(this.#entries.clone(), range, () => this.#checkOpen())
  }

  snapshot(): KeyValueSnapshot {
    this.#checkOpen()
    return new MemorySnapshot(this.#entries.clone(), () => this.#checkOpen())
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#onclose()
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closedError()
  }
}

class MemorySnapshot implements KeyValueSnapshot {
  readonly #checkStore: () => void
  #entries: SortedBytes | null

  constructor(entries: SortedBytes, checkStore: () => void) {
    this.#entries = entries
    this.#checkStore = checkStore
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | null)[]> {
    const entries = this.#open()
    return keys.map(key => entries.get(key))
  }

  entries(range: KeyValueRange): KeyValueCursor {
    return new MemoryCursor(this.#open(), range, this.#checkStore)
  }

  close(): void {
    this.#entries = null
  }

  #open(): SortedBytes {
    this.#checkStore()
    if (!this.#entries) throw closedError()
    return this.#entries
  }
}

class MemoryCursor implements KeyValueCursor {
  readonly #checkStore: () => void
  #entries: Iterator<KeyValueEntry, void> | null

  constructor(entries: SortedBytes, range: KeyValueRange, checkStore: () => void) {
    this.#entries = entries.entries(range)
    this.#checkStore = checkStore
  }

  async next(limit: number): Promise<readonly KeyValueEntry[]> {
    this.#checkStore()
    const entries = this.#entries
    if (!entries) throw closedError()
    const page: KeyValueEntry[] = []
    while (page.length < limit) {
      const next = entries.next()
      if (next.done) break
      page.push(next.value)
    }
    return page
  }

  close(): void {
    this.#entries = null
  }
}

function closedError(): AutobeeError {
  return new AutobeeError('STORE_CLOSED', 'this store in memory, or what was read of it, is closed')
}
