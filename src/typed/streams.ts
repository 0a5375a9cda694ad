import type Hypercore from 'hypercore'
import { Readable } from 'streamx'
import type { AutobeeError } from '../errors.ts'

interface MapOptions<In, Out> {
  /** Fixes what is read. */
  open(): Hypercore.ReadStream<In>
  /** undefined: left out. */
  map(item: In): Out | undefined
  /** Most items, after those that are left out; -1: all. */
  readonly limit?: number
  toError(error: unknown): AutobeeError
}

/** A stream of what another one gives, mapped. */
class MappedStream<In, Out> extends Readable {
  readonly #o: MapOptions<In, Out>
  readonly #stream: Hypercore.ReadStream<In>
  readonly #items: AsyncIterator<In>
  #left: number

  constructor(options: MapOptions<In, Out>) {
    super()
    this.#o = options
    const { limit = -1 } = options
    this.#left = limit === -1 ? Number.POSITIVE_INFINITY : limit
    this.#stream = options.open()
    // at once, since the iterator is what listens for the stream's error
    this.#items = this.#stream[Symbol.asyncIterator]()
  }

  override async _read(callback: (error: Error | null) => void): Promise<void> {
    try {
      let more = true
      while (more && !this.destroying) {
        const item = await this.#next()
        more = this.push(item) && item !== null
      }
    } catch (error) {
      callback(this.#o.toError(error))
      return
    }
    callback(null)
  }

  async #next(): Promise<Out | null> {
    while (this.#left > 0) {
      const { done, value } = await this.#items.next()
      if (done) break
      const item = this.#o.map(value)
      if (item === undefined) continue
      this.#left--
      return item
    }
    this.#stream.destroy()
    return null
  }

  /** At once, so that requests to other peers which are under way are called off. */
  override _predestroy(): void {
    this.#stream.destroy()
  }
}

export function mapped<In, Out>(options: MapOptions<In, Out>): Hypercore.ReadStream<Out> {
  return new MappedStream(options) as unknown as Hypercore.ReadStream<Out>
}
