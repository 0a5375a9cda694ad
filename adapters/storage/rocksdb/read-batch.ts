import type { KeyValueReader } from '../key-value.ts'
import { BatchLife, type BatchOptions, destroyedError, type Handle } from './batch-life.ts'
import { type Binary, copyIn, copyOut, isKey } from './bytes.ts'

interface Get {
  readonly key: Uint8Array
  resolve(value: Uint8Array | null): void
  reject(error: unknown): void
}

export interface ReadHandle extends Handle {
  /** null: the store as it is when the batch is flushed. */
  readonly snapshot: KeyValueReader | null
}

/** As many keys as a store reads as of one moment. */
const KEYS_AT_ONCE = 1024

/** Reads of one moment: that of the flush, or that of the session's snapshot. */
export class ReadBatch {
  readonly #handle: ReadHandle
  readonly #life: BatchLife
  #gets: Get[] = []

  constructor(handle: ReadHandle, options: BatchOptions) {
    this.#handle = handle
    this.#life = new BatchLife(handle, options)
  }

  /** Resolves with the flush, to bytes that are the caller's own; null when there are none. */
  get(key: Binary): Promise<Uint8Array | null> {
    this.#life.checkFilling()
    return new Promise((resolve, reject) => {
      this.#gets.push({ key: copyIn(key), resolve, reject })
    })
  }

  /** Rejects when the reads did. */
  async flush(): Promise<void> {
    const { error } = await this.#flush()
    if (error !== undefined) throw error
  }

  /** What goes wrong, only the reads tell. */
  tryFlush(): void {
    void this.#flush()
  }

  destroy(): void {
    if (!this.#life.destroy()) return
    for (const { reject } of this.#gets.splice(0)) reject(destroyedError())
  }

  #flush(): Promise<{ error?: unknown }> {
    this.#life.begin()
    const gets = this.#gets
    this.#gets = []
    return this.#read(gets)
  }

  async #read(gets: readonly Get[]): Promise<{ error?: unknown }> {
    // no store has a longer one
    const asked = gets.filter(({ key }) => isKey(key))
    try {
      const keys = asked.map(({ key }) => key)
      const values = keys.length > 0 ? await this.#handle.state.run(() => this.#values(keys)) : []
      for (const [i, { resolve }] of asked.entries()) {
        const value = values[i]
        resolve(value ? copyOut(value) : null)
      }
      for (const { key, resolve } of gets) if (!isKey(key)) resolve(null)
      return {}
    } catch (error) {
      for (const { reject } of gets) reject(error)
      return { error }
    } finally {
      this.#life.end()
    }
  }

  async #values(keys: readonly Uint8Array[]): Promise<(Uint8Array | null)[]> {
    const { snapshot, state } = this.#handle
    if (keys.length <= KEYS_AT_ONCE) return (snapshot ?? state.store).getMany(keys)
    const passing = snapshot === null ? state.store.snapshot() : null
    try {
      const reader = (snapshot ?? passing) as KeyValueReader
      const values: (Uint8Array | null)[] = []
      for (let i = 0; i < keys.length; i += KEYS_AT_ONCE) {
        values.push(...(await reader.getMany(keys.slice(i, i + KEYS_AT_ONCE))))
      }
      return values
    } finally {
      passing?.close()
    }
  }
}
