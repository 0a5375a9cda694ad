export interface Interval<T> {
  readonly start: string
  /** Exclusive. */
  readonly end: string
  readonly source: T
}

/** Disjoint intervals of keys, in order; who was first keeps its keys. */
export class Intervals<T> {
  #list: Interval<T>[] = []

  get isEmpty(): boolean {
    return this.#list.length === 0
  }

  clone(): Intervals<T> {
    const copy = new Intervals<T>()
    copy.#list = this.#list.slice()
    return copy
  }

  find(key: string): Interval<T> | undefined {
    const found = this.#list[this.#after(key) - 1]
    return found && key < found.end ? found : undefined
  }

  /** Those that share keys with [start, end); null for no bound. */
  *overlapping(start: string | null, end: string | null): Generator<Interval<T>, void, undefined> {
    for (let i = start === null ? 0 : Math.max(0, this.#after(start) - 1); i < this.#list.length; i++) {
      const interval = this.#list[i] as Interval<T>
      if (end !== null && interval.start >= end) return
      if (start === null || interval.end > start) yield interval
    }
  }

  /** Gives the keys of [start, end) that belong to no interval yet to `source`. */
  fill({ start, end, source }: Interval<T>): void {
    if (start >= end) return
    const first = Math.max(0, this.#after(start) - 1)
    const joined: Interval<T>[] = []
    let at = start
    let last = first
    for (; last < this.#list.length; last++) {
      const interval = this.#list[last] as Interval<T>
      if (interval.start > end) break
      if (at < interval.start && at < end) push(joined, { start: at, end: interval.start, source })
      push(joined, interval)
      if (interval.end > at) at = interval.end
    }
    if (at < end) push(joined, { start: at, end, source })
    this.#list.splice(first, last - first, ...joined)
  }

  *[Symbol.iterator](): Generator<Interval<T>, void, undefined> {
    yield* this.#list
  }

  /** The place of the first interval that begins after the key. */
  #after(key: string): number {
    let low = 0
    let high = this.#list.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#list[middle] as Interval<T>).start <= key) low = middle + 1
      else high = middle
    }
    return low
  }
}

function push<T>(list: Interval<T>[], next: Interval<T>): void {
  const last = list.at(-1)
  if (last && last.end === next.start && last.source === next.source) {
    list[list.length - 1] = { ...last, end: next.end }
  } else list.push(next)
}
