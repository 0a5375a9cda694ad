import b4a from 'b4a'
import type Hyperbee from 'hyperbee2'
import { AutobeeError } from '../errors.ts'
import type { Encoder, Input } from './encoding.ts'
import type { KeySpace } from './range.ts'

/** Changes that belong together: nothing of them shows before `flush()`. As Hyperbee 2's batch, with encodings. */
export class TypedBatch<K, V> {
  readonly #batch: Hyperbee.WriteBatch
  readonly #space: KeySpace
  readonly #values: Encoder

  /** @internal Made by `TypedBee.write()`. */
  constructor(batch: Hyperbee.WriteBatch, { space, values }: { space: KeySpace; values: Encoder }) {
    this.#batch = batch
    this.#space = space
    this.#values = values
  }

  get closed(): boolean {
    return this.#batch.closed
  }

  /** @throws AutobeeError `INVALID_ARGUMENT`, `CLOSED` */
  tryPut(key: Input<K>, value: Input<V>): void {
    this.#batch.tryPut(this.#keyOf(key), this.#values.encode(value))
  }

  /** @throws AutobeeError `INVALID_ARGUMENT`, `CLOSED` */
  tryDelete(key: Input<K>): void {
    this.#batch.tryDelete(this.#keyOf(key))
  }

  /** Empties the whole tree. @throws AutobeeError `NOT_SUPPORTED` in a sub: the rest would be gone as well */
  tryClear(): void {
    if (this.#space.prefix.byteLength > 0) {
      throw new AutobeeError('NOT_SUPPORTED', 'a sub is emptied by deleting its keys')
    }
    this.#batch.tryClear()
  }

  /** Keeps other batches of this bee waiting until `flush()` or `close()`. */
  lock(): Promise<void> {
    return this.#batch.lock()
  }

  /** Writes all changes, or none; the batch is closed then. @throws AutobeeError `CLOSED` */
  flush(): Promise<void> {
    return this.#batch.flush()
  }

  /** Drops what was not flushed. */
  close(): Promise<void> {
    return this.#batch.close()
  }

  #keyOf(key: Input<K>): Uint8Array {
    const { encoder, prefix } = this.#space
    const bytes = encoder.encode(key)
    return prefix.byteLength > 0 ? b4a.concat([prefix, bytes]) : bytes
  }
}
