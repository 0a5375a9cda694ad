import type { AutobeeError } from '../../../src/index.ts'
import type { KeyValueOperation } from '../key-value.ts'
import { BatchLife, type BatchOptions, destroyedError, type Handle } from './batch-life.ts'
import { type Binary, copyIn, copyValueIn, refusal } from './bytes.ts'

interface Waiting {
  resolve(): void
  reject(error: unknown): void
}

/** Writes that take effect together, in their order, or not at all. */
export class WriteBatch {
  readonly #handle: Handle
  readonly #life: BatchLife
  #operations: KeyValueOperation[] = []
  #bytes = 0
  #refused: AutobeeError | null = null
  #waiting: Waiting[] = []

  constructor(handle: Handle, options: BatchOptions) {
    this.#handle = handle
    this.#life = new BatchLife(handle, options)
  }

  /** A null value is stored as no bytes. A key or value too long makes the flush reject with `INVALID_ARGUMENT`. */
  tryPut(key: Binary, value: Binary | null): void {
    this.#life.checkFilling()
    const put = { type: 'put', key: copyIn(key), value: copyValueIn(value) } as const
    // told by the flush: who throws here leaves a batch behind that closing waits for
    this.#refused ??= refusal(put.key, put.value)
    this.#operations.push(put)
    this.#bytes += put.key.length + put.value.length
  }

  tryDelete(key: Binary): void {
    this.#life.checkFilling()
    const operation = { type: 'delete', key: copyIn(key) } as const
    this.#refused ??= refusal(operation.key, operation.key)
    this.#operations.push(operation)
    this.#bytes += operation.key.length
  }

  /** From `start`, inclusive, to `end`, exclusive. */
  tryDeleteRange(start: Binary, end: Binary): void {
    this.#life.checkFilling()
    const operation = { type: 'delete-range', start: copyIn(start), end: copyIn(end) } as const
    this.#operations.push(operation)
    this.#bytes += operation.start.length + operation.end.length
  }

  /** Like `tryPut`; resolves with the flush. */
  put(key: Binary, value: Binary | null): Promise<void> {
    this.tryPut(key, value)
    return this.#flushed()
  }

  delete(key: Binary): Promise<void> {
    this.tryDelete(key)
    return this.#flushed()
  }

  deleteRange(start: Binary, end: Binary): Promise<void> {
    this.tryDeleteRange(start, end)
    return this.#flushed()
  }

  /** @throws AutobeeError of the store: `STORE_FULL`, `STORE_CLOSED`, `STORE_LOCKED`, `STORE_FAILED` */
  async flush(): Promise<void> {
    const { error } = await this.#flush()
    if (error !== undefined) throw error
  }

  /** What goes wrong, only the promises of `put` and the like tell. */
  tryFlush(): void {
    void this.#flush()
  }

  destroy(): void {
    if (!this.#life.destroy()) return
    for (const { reject } of this.#waiting.splice(0)) reject(destroyedError())
  }

  #flushed(): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  #flush(): Promise<{ error?: unknown }> {
    this.#life.begin()
    const [operations, bytes, refused, waiting] = [
      this.#operations,
      this.#bytes,
      this.#refused,
      this.#waiting
    ]
    this.#operations = []
    this.#bytes = 0
    this.#refused = null
    this.#waiting = []
    const written = refused ? Promise.reject(refused) : this.#write(operations, bytes)
    return written
      .then(
        () => {
          for (const { resolve } of waiting) resolve()
          return {}
        },
        (error: unknown) => {
          for (const { reject } of waiting) reject(error)
          return { error }
        }
      )
      .finally(() => this.#life.end())
  }

  #write(operations: readonly KeyValueOperation[], bytes: number): Promise<void> {
    if (operations.length === 0) return Promise.resolve()
    const { state } = this.#handle
    return state.run(() => state.commits.add(operations, bytes))
  }
}
