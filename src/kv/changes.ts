import type { KeyRange, TypedBee, Watcher } from '../typed/index.ts'

/** One key that changed: `previous` is null when it was not there before. */
export type KeyValueChange<K, V> =
  | { readonly type: 'put'; readonly key: K; readonly value: V; readonly previous: V | null }
  | { readonly type: 'del'; readonly key: K; readonly value: null; readonly previous: V }

/**
 * What changes, key by key: for each move of the view the difference between before and after, reorganisations
 * included. Who reads slowly gets the difference to what is there by then; nothing is buffered. Ends with `close()`,
 * with `break` in a loop over it, and when the database closes.
 */
export class KeyValueWatcher<K, V> implements AsyncIterableIterator<KeyValueChange<K, V>, undefined> {
  readonly #open: Promise<Watcher<TypedBee<K, V>> | null>
  readonly #range: KeyRange<K>
  readonly #changes: AsyncGenerator<KeyValueChange<K, V>, undefined>
  #closed = false

  /** @internal Made by `KeyValue.watch()`. */
  constructor(open: Promise<Watcher<TypedBee<K, V>> | null>, range: KeyRange<K>) {
    this.#open = open
    this.#range = range
    this.#changes = this.#run()
  }

  get closed(): boolean {
    return this.#closed
  }

  next(): Promise<IteratorResult<KeyValueChange<K, V>, undefined>> {
    return this.#changes.next()
  }

  async return(): Promise<IteratorResult<KeyValueChange<K, V>, undefined>> {
    await this.close()
    return this.#changes.return(undefined)
  }

  async close(): Promise<void> {
    this.#closed = true
    await (await this.#open.catch(() => null))?.close()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async *#run(): AsyncGenerator<KeyValueChange<K, V>, undefined> {
    const watcher = await this.#open
    if (!watcher) return
    for await (const [current, previous] of watcher) {
      for await (const { left, right } of previous.createDiffStream(current, this.#range)) {
        if (this.#closed) return
        if (right) {
          yield { type: 'put', key: right.key, value: right.value, previous: left ? left.value : null }
        } else if (left) yield { type: 'del', key: left.key, value: null, previous: left.value }
      }
    }
  }
}
