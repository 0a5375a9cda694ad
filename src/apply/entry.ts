import b4a from 'b4a'
import type Hyperbee from 'hyperbee2'
import type Hypercore from 'hypercore'
import type { Change } from './overlay.ts'

/** An entry as `apply` reads it. One that is not in the tree yet has `core: null, seq: -1, offset: -1`. */
export interface BeeEntry {
  readonly core: Hypercore | null
  readonly seq: number
  readonly offset: number
  readonly key: Uint8Array
  readonly value: Uint8Array
}

export function entryOf(change: Change): BeeEntry | null {
  if (change.value === null) return null
  // A copy: `apply` may change what it reads, and neither a rollback nor the next reader may see that.
  return { core: null, seq: -1, offset: -1, key: change.key, value: b4a.from(change.value) }
}

/** The tree's entry, with a value that is not the cache's own. */
export function withOwnValue(entry: Hyperbee.Entry): BeeEntry
export function withOwnValue(entry: Hyperbee.Entry | null): BeeEntry | null
export function withOwnValue(entry: Hyperbee.Entry | null): BeeEntry | null {
  // Hyperbee makes the object anew for each reader, but the value is the cache's: changed in place and put, it
  // would be compared with itself and not be written, on those peers alone that have it cached.
  if (entry?.value) (entry as { value: Uint8Array }).value = b4a.from(entry.value)
  return entry
}
