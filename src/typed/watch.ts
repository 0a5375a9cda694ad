import type Hyperbee from 'hyperbee2'
import { AutobeeError } from '../errors.ts'
import type { HyperbeeView } from '../view.ts'
import { type Source, sameHead } from './source.ts'

/** Two states of a tree, the later one first. */
export type Moved<T> = [current: T, previous: T]

interface WatcherOptions<T> {
  readonly source: Source
  wrap(bee: HyperbeeView): T
  /** Is there a difference between the two that is watched for? */
  differs(moved: Moved<T>): Promise<boolean>
}

/**
 * Gives the state of the tree before and after each time that something changed in the range, reorganisations
 * included. Who reads slowly gets fewer and larger steps; nothing is buffered. Ends with `close()`, with `break` in a
 * loop over it, and when the database closes.
 */
export class Watcher<T> implements AsyncIterableIterator<Moved<T>, undefined> {
  readonly #o: WatcherOptions<T>
  readonly #steps: AsyncGenerator<Moved<T>, undefined>
  readonly #unfollow: () => void
  #head: Hyperbee.Head | null
  #closed = false
  #moved = false
  #wake: (() => void) | null = null

  /** @internal Made by `TypedBee.watch()`. */
  constructor(options: WatcherOptions<T>) {
    const { source } = options
    if (!source.isLive) {
      throw new AutobeeError('NOT_SUPPORTED', 'this bee never moves; watch typed(db.bee), outside of apply')
    }
    this.#o = options
    this.#head = source.bee.head()
    this.#unfollow = source.follow({ onmove: () => this.#tell(), onclose: () => void this.close() })
    this.#steps = this.#run()
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Resolves at once: what happens after `watch()` was called is seen. */
  async ready(): Promise<void> {}

  /** The next step; waits for it, and is done when the watcher is closed. */
  next(): Promise<IteratorResult<Moved<T>, undefined>> {
    return this.#steps.next()
  }

  /** Closes it, as `break` does. */
  async return(): Promise<IteratorResult<Moved<T>, undefined>> {
    await this.close()
    return this.#steps.return(undefined)
  }

  /** Ends it, and the loops over it; idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    this.#unfollow()
    this.#tell()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async *#run(): AsyncGenerator<Moved<T>, undefined> {
    while (!this.#closed) {
      this.#moved = false
      const moved = await this.#look()
      if (moved) yield moved
      else await this.#nextMove()
    }
  }

  /** The step from the last one to now; null without a difference. */
  async #look(): Promise<Moved<T> | null> {
    const { source, wrap, differs } = this.#o
    try {
      const { bee } = source
      const head = bee.head()
      if (sameHead(head, this.#head)) return null
      // by its head, from the present bee: that of then belongs to cores that may have been opened anew
      const moved: Moved<T> = [wrap(bee.snapshot()), wrap(this.#head ? bee.checkout(this.#head) : bee)]
      if (!(await differs(moved))) return this.#take(head, null)
      return this.#take(head, moved)
    } catch (error) {
      // cores close when the database does, or is opened anew: then it tells of a move
      if (this.#closed || AutobeeError.is(source.readError(error), 'CLOSED')) return null
      await this.close()
      throw error
    }
  }

  #take(head: Hyperbee.Head | null, moved: Moved<T> | null): Moved<T> | null {
    this.#head = head
    return moved
  }

  async #nextMove(): Promise<void> {
    if (this.#closed || this.#moved) return
    await new Promise<void>(resolve => {
      this.#wake = resolve
    })
  }

  #tell(): void {
    this.#moved = true
    this.#wake?.()
    this.#wake = null
  }
}
