import type { UnitFacts } from './types.ts'
import { compareVertices, type Vertex } from './vertex.ts'

/** A binary heap, smallest first. Whoever uses it deletes lazily: what is no longer wanted is dropped when it surfaces. */
export class Heap<U extends UnitFacts> {
  readonly #items: Vertex<U>[] = []

  peek(): Vertex<U> | undefined {
    return this.#items[0]
  }

  push(item: Vertex<U>): void {
    const items = this.#items
    let i = items.length
    items.push(item)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (compareVertices(items[parent]!, item) <= 0) break
      items[i] = items[parent]!
      i = parent
    }
    items[i] = item
  }

  pop(): Vertex<U> | undefined {
    const items = this.#items
    const top = items[0]
    const item = items.pop()
    const size = items.length
    if (item === undefined || size === 0) return top
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= size) break
      if (child + 1 < size && compareVertices(items[child + 1]!, items[child]!) < 0) child++
      if (compareVertices(item, items[child]!) <= 0) break
      items[i] = items[child]!
      i = child
    }
    items[i] = item
    return top
  }
}
