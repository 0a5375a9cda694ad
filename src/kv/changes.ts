import { AutobeeError } from '../index.ts'
import type { KeyRange, TypedBee, Watcher } from '../typed/index.ts'

/** One key that changed. `previous` is null when it was not there before (or was a JSON null). */
export type KeyValueChange<K, V> =
  | { readonly type: 'put'; readonly key: K; readonly value: V; readonly previous: V | null }
  | { readonly type: 'del'; readonly key: K; readonly value: null; readonly previous: V }

/**
 * What changes, key by key: for each move of the view the difference between before and after, reorganisations
 * included. Who reads slowly gets the difference to what is there by then; nothing is buffered. Ends with `close()`,
 * with `break` in a loop over it, and when the database closes.
 */
export class KeyValueWatcher<K, V> implements AsyncIterableIterator<KeyValueChange<K, V>, undefined> {
  readonly #opening: Promise<Watcher<TypedBee<K, V>>>
  readonly #range: KeyRange<K>
  readonly #changes: AsyncGenerator<KeyValueChange<K, V>, undefined>
  #watcher: Watcher<TypedBee<K, V>> | null = null
  #closed = false

  /** @internal Made by `KeyValue.watch()`. */
  constructor(opening: Promise<Watcher<TypedBee<K, V>>>, range: KeyRange<K>) {
    this.#opening = opening
    this.#range = range
    this.#changes = this.#run()
  }

  get closed(): boolean {
    return this.#closed || this.#watcher?.closed === true
  }

  /** The next change; waits for it, and is done when the watcher is closed. */
  next(): Promise<IteratorResult<KeyValueChange<K, V>, undefined>> {
    return this.#changes.next()
  }

  /** Closes it, as `break` does. */
  async return(): Promise<IteratorResult<KeyValueChange<K, V>, undefined>> {
    await this.close()
    return this.#changes.return(undefined)
  }

  /** Ends it, and the loops over it; idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    await (await this.#opening.catch(() => null))?.close()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async *#run(): AsyncGenerator<KeyValueChange<K, V>, undefined> {
    try {
      let since: ReturnType<TypedBee['head']> = null
      this.#watcher = await this.#opening
      for await (const [current, previous] of this.#watcher) {
        const before: TypedBee<K, V> = since ? previous.checkout(since) : previous
        since = (yield* this.#between(before, current)) ? null : before.head()
      }
    } finally {
      this.#closed = true
    }
  }

  /** Returns false when the database closed or was opened anew meanwhile: then the next step begins there again. */
  async *#between(
    before: TypedBee<K, V>,
    after: TypedBee<K, V>
  ): AsyncGenerator<KeyValueChange<K, V>, boolean> {
    try {
      for await (const { left, right } of before.createDiffStream(after, this.#range)) {
        if (this.closed) return true
        if (right) {
          yield { type: 'put', key: right.key, value: right.value, previous: left ? left.value : null }
        } else if (left) yield { type: 'del', key: left.key, value: null, previous: left.value }
      }
      return true
    } catch (error) {
      if (AutobeeError.is(error, 'CLOSED')) return false
      throw error
    }
  }
}
