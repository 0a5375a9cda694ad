import { type AutobeeError, toAutobeeError } from '../errors.ts'
import { typedEmitter } from '../events.ts'
import type { Watcher } from './watch.ts'

/** What an {@link EntryWatcher} tells. Only `update` repeats. */
export interface EntryWatcherEvents {
  /** `node` is another one. */
  update: []
  /** Reading failed; nothing more comes. Those who iterate get it thrown. */
  error: [AutobeeError]
  /** Once. */
  close: []
}

/**
 * Keeps one entry current: `node`, the event `update`, or iteration over what it becomes (only the latest, when that
 * is read slowly). Ends with `close()` and when the database closes; `break` ends a loop over it, not the watcher.
 */
export class EntryWatcher<Entry> extends typedEmitter<EntryWatcherEvents>() {
  #node: Entry | null
  #version = 0
  #error: AutobeeError | null = null
  readonly #watcher: Watcher<unknown>
  readonly #done: Promise<void>
  readonly #waiting = new Set<() => void>()

  /** @internal Made by `TypedBee.getAndWatch()`. */
  constructor(
    watcher: Watcher<unknown>,
    options: { node: Entry | null; nodes: AsyncIterable<Entry | null> }
  ) {
    super()
    this.#watcher = watcher
    this.#node = options.node
    this.#done = this.#run(options.nodes)
  }

  /** The entry as it is now, or null. */
  get node(): Entry | null {
    return this.#node
  }

  get closed(): boolean {
    return this.#watcher.closed
  }

  /** Ends it, and the loops over it; idempotent. */
  async close(): Promise<void> {
    await this.#watcher.close()
    await this.#done
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Entry | null, undefined> {
    for (let seen = this.#version; ; ) {
      if (seen !== this.#version) {
        seen = this.#version
        yield this.#node
      } else if (this.#error) throw this.#error
      else if (this.closed) return
      else await new Promise<void>(resolve => this.#waiting.add(resolve))
    }
  }

  async #run(nodes: AsyncIterable<Entry | null>): Promise<void> {
    try {
      for await (const node of nodes) {
        this.#node = node
        this.#version++
        this.#tell('update')
      }
    } catch (error) {
      this.#error = toAutobeeError(error, { code: 'STORE_FAILED', message: 'the entry cannot be read' })
      if (this.listenerCount('error') > 0) this.#tell('error', this.#error)
    }
    this.#tell('close')
  }

  #tell<E extends keyof EntryWatcherEvents>(event: E, ...args: EntryWatcherEvents[E]): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
    try {
      this.emit(event, ...args)
    } catch (error) {
      // a listener's own fault: it must not end the watching
      queueMicrotask(() => {
        throw error
      })
    }
  }
}
