import b4a from 'b4a'
import type Hyperbee from 'hyperbee2'
import type { Overlay } from './overlay.ts'

/** What `flushOverlay` writes to. */
export type FlushTarget = Pick<Hyperbee, 'head' | 'ready' | 'write'>

/**
 * Writes the overlay into `bee` as one flush, in key order, and resolves to whether the tree has changed. The
 * overlay stays as it is: reset it then. When it fails, memory may be ahead of disk: drop the bee.
 *
 * A put of what the tree has, and a deletion of what it has not, changes nothing; when that goes for all of
 * them, Hyperbee 2 writes no block and its head stays.
 */
export async function flushOverlay(overlay: Overlay, bee: FlushTarget): Promise<boolean> {
  if (overlay.size === 0 && !overlay.cleared) return false
  await bee.ready()

  const before = bee.head()
  const empty = before === null || before.length === 0
  const puts = overlay.size - overlay.deletions

  // Nothing but deletions on an empty tree. Hyperbee 2 would write an empty root when its core is empty, and
  // when it is not (after a `move` to length 0) write nothing but move to a root that claims to be block 0.
  if (empty && puts === 0) return false

  const batch = bee.write()
  try {
    if (overlay.cleared) batch.tryClear()
    for (const change of overlay.entries()) {
      if (change.value !== null) batch.tryPut(change.key, change.value)
      else batch.tryDelete(change.key)
    }
    if (overlay.cleared && puts === 0) {
      // A Hyperbee 2 batch of a sole tryClear writes nothing either and moves to the same false root. With a
      // change that undoes itself, the empty tree becomes a block like any other.
      const nothing = b4a.alloc(0)
      batch.tryPut(nothing, nothing)
      batch.tryDelete(nothing)
    }
    await batch.flush()
  } finally {
    if (!batch.closed) await batch.close()
  }

  const after = bee.head()
  return after !== null && (empty || after.length !== before.length || !b4a.equals(after.key, before.key))
}
