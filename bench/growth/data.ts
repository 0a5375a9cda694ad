/** What the growing database is filled with: the same entry for the same index, in every process. */
import b4a from 'b4a'

/** The view stays this large; the oplog, the tree's history and the order grow. */
export const KEYS = 10_000

/** Spread over all keys, each as often as the others. */
export const keyAt = (index: number): string => `key ${(index * 7919) % KEYS}`

/** About 100 bytes. */
export function valueAt(index: number): Uint8Array {
  const key = keyAt(index)
  return b4a.from(JSON.stringify({ key, index, text: '-'.repeat(70 - key.length) }))
}
