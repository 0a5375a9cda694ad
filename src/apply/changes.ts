import type Hyperbee from 'hyperbee2'
import type { Bytes } from '../bytes.ts'

/** One key that differs between two states of the view; null where it is not there. */
export interface Change {
  readonly key: Bytes
  readonly before: Bytes | null
  readonly after: Bytes | null
}

/** A state of the view's tree. */
export interface ViewHead {
  readonly key: Uint8Array
  readonly length: number
}

/** What a cycle changed in the view, in the order of the keys; computed as it is read, any number of times. */
export interface Changes extends AsyncIterable<Change> {
  readonly from: ViewHead
  readonly to: ViewHead
}

/** Both states stay readable: their trees share what did not change. */
export function changesBetween(from: Hyperbee, to: Hyperbee): Changes {
  return {
    from: from.head() as ViewHead,
    to: to.head() as ViewHead,
    async *[Symbol.asyncIterator]() {
      for await (const { left, right } of from.createDiffStream(to)) {
        const before = (left?.value ?? null) as Bytes | null
        const after = (right?.value ?? null) as Bytes | null
        // moved within the tree, not changed
        if (before && after && equal(before, after)) continue
        yield { key: (left ?? right)?.key as Bytes, before, after }
      }
    }
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i])
}
