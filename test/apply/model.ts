import b4a from 'b4a'
import fc from 'fast-check'
import type { KeyRange } from '../../src/apply/overlay.ts'

/** Keys and values as latin1 strings: one character is one byte, and they sort as bytes do. */
export interface Bounds {
  readonly gte?: string | undefined
  readonly gt?: string | undefined
  readonly lte?: string | undefined
  readonly lt?: string | undefined
  readonly reverse?: boolean | undefined
  readonly limit?: number | undefined
}

/** Few keys, so that they meet; the empty one, prefixes of one another and bytes that are no ASCII among them. */
export const key: fc.Arbitrary<string> = fc
  .array(fc.constantFrom('\x00', '\x01', 'a', 'b', '\x80', '\xff'), { maxLength: 2 })
  .map(characters => characters.join(''))

/** Few again, the empty one, and one so large that Hyperbee keeps it in a block of its own. */
export const value: fc.Arbitrary<string> = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('', '\x00', '1', '2', '3') },
  { weight: 1, arbitrary: fc.constant('x'.repeat(2000)) }
)

const bound = fc.option(key, { nil: undefined, freq: 1 })

export const bounds: fc.Arbitrary<Bounds> = fc.record(
  {
    gte: bound,
    gt: bound,
    lte: bound,
    lt: bound,
    reverse: fc.boolean(),
    limit: fc.constantFrom(-1, -1, undefined, 0, 1, 2, 5)
  },
  { requiredKeys: [] }
)

/** The slow and obvious range. `sorted` is in ascending order. */
export function inRange<V>(sorted: readonly [key: string, value: V][], bounds: Bounds): [string, V][] {
  const { gte, gt, lte, lt, reverse = false } = bounds
  const found = sorted.filter(([key]) => {
    if (gte !== undefined ? key < gte : gt !== undefined && key <= gt) return false
    if (lte !== undefined ? key > lte : lt !== undefined && key >= lt) return false
    return true
  })
  return reverse ? found.reverse() : found
}

export function limited<T>(items: T[], limit = -1): T[] {
  return limit === -1 ? items : items.slice(0, limit)
}

export function bytes(text: string): Uint8Array {
  return b4a.from(text, 'latin1')
}

export function toRange({ reverse, limit, ...limits }: Bounds): KeyRange & { limit: number | undefined } {
  const entries = Object.entries(limits).map(([name, bound]) => [
    name,
    bound === undefined ? bound : bytes(bound)
  ])
  return { ...Object.fromEntries(entries), reverse, limit }
}
