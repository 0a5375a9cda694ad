/** Bytes that an entry costs beside those of its key and value, about. */
const OVERHEAD = 100

/**
 * What keys have as value, null for none, as of the last commit that took effect; the least recently used go first. Who
 * reads and writes the database says what is known: see `IndexedDbStore`.
 */
export class ReadCache {
  readonly #limit: number
  readonly #values = new Map<string, Uint8Array | null>()
  #bytes = 0

  /** @param limit bytes; 0 for no cache */
  constructor(limit: number) {
    this.#limit = limit
  }

  get bytes(): number {
    return this.#bytes
  }

  /** undefined: not known. */
  get(key: string): Uint8Array | null | undefined {
    const value = this.#values.get(key)
    if (value === undefined) return undefined
    this.#values.delete(key)
    this.#values.set(key, value)
    return value
  }

  set(key: string, value: Uint8Array | null): void {
    this.delete(key)
    const size = sizeOf(key, value)
    // one large value is not worth all the small ones
    if (size > this.#limit / 8) return
    this.#values.set(key, value)
    this.#bytes += size
    while (this.#bytes > this.#limit) {
      const oldest = this.#values.keys().next()
      if (oldest.done) return
      this.delete(oldest.value)
    }
  }

  delete(key: string): void {
    const value = this.#values.get(key)
    if (value === undefined) return
    this.#values.delete(key)
    this.#bytes -= sizeOf(key, value)
  }

  /** From `start` (inclusive) to `end` (exclusive). */
  deleteRange(start: string, end: string): void {
    for (const key of this.#values.keys()) if (key >= start && key < end) this.delete(key)
  }

  clear(): void {
    this.#values.clear()
    this.#bytes = 0
  }
}

function sizeOf(key: string, value: Uint8Array | null): number {
  return key.length + (value?.length ?? 0) + OVERHEAD
}
