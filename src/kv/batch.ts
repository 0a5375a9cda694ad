import { AutobeeError } from '../errors.ts'
import type { Input } from '../typed/index.ts'
import { MAX_OPERATIONS, type Operation } from './operations.ts'
import { type Encoders, encodeKey, encodeValue } from './options.ts'

/** One step of a batch. */
export type BatchOperation<K, V> =
  | { readonly type: 'put'; readonly key: Input<K>; readonly value: Input<V> }
  | { readonly type: 'del'; readonly key: Input<K> }

/** Changes that are written as one unit: on every peer, they show all at once or not at all. */
export class KeyValueBatch<K, V> {
  readonly #encoders: Encoders
  readonly #append: (operations: readonly Operation[]) => Promise<void>
  #operations: Operation[] = []
  #state: 'open' | 'flushing' | 'closed' = 'open'

  /** @internal Made by `KeyValue.batch()`. */
  constructor(encoders: Encoders, append: (operations: readonly Operation[]) => Promise<void>) {
    this.#encoders = encoders
    this.#append = append
  }

  /** Changes so far. */
  get length(): number {
    return this.#operations.length
  }

  get closed(): boolean {
    return this.#state === 'closed'
  }

  /** @throws AutobeeError `INVALID_ARGUMENT`, `ENTRY_TOO_LARGE`, `CLOSED` */
  put(key: Input<K>, value: Input<V>): this {
    this.#assertRoom()
    this.#operations.push({
      type: 'put',
      key: encodeKey(this.#encoders, key),
      value: encodeValue(this.#encoders, value)
    })
    return this
  }

  /** @throws AutobeeError `INVALID_ARGUMENT`, `ENTRY_TOO_LARGE`, `CLOSED` */
  del(key: Input<K>): this {
    this.#assertRoom()
    this.#operations.push({ type: 'del', key: encodeKey(this.#encoders, key) })
    return this
  }

  /**
   * Writes all of it, and closes the batch. On rejection nothing is written and the batch stays open, to be flushed
   * again or closed.
   * @throws AutobeeError as {@link KeyValue.put}, and `ENTRY_TOO_LARGE` for more than 256 MiB
   */
  async flush(): Promise<void> {
    this.#assertOpen()
    this.#state = 'flushing'
    try {
      if (this.#operations.length > 0) await this.#append(this.#operations)
      this.#state = 'closed'
      this.#operations = []
    } catch (error) {
      this.#state = 'open'
      throw error
    }
  }

  /** Drops what was not flushed. */
  close(): void {
    if (this.#state !== 'open') return
    this.#state = 'closed'
    this.#operations = []
  }

  #assertRoom(): void {
    this.#assertOpen()
    if (this.#operations.length < MAX_OPERATIONS) return
    throw new AutobeeError('ENTRY_TOO_LARGE', `a batch takes at most ${MAX_OPERATIONS} operations`)
  }

  #assertOpen(): void {
    if (this.#state === 'open') return
    const what = this.#state === 'closed' ? 'is closed; make a new one' : 'is being flushed'
    throw new AutobeeError('CLOSED', `this batch ${what}`)
  }
}
