/** A place that an undo can return to: the view tree's length when `position` units were ordered. */
export interface UndoPoint {
  readonly position: number
  readonly view: number
}

export const START: UndoPoint = { position: 0, view: 0 }

/**
 * Thins points so that the gap behind any of them is at most about a quarter of its distance from the end, and
 * their number grows with the logarithm of the length. Blocks are aligned on absolute positions and nest, so
 * that a point which survives at one distance is the one that survives later (choosing by gaps alone starves
 * the far past: the point about to age is always the one dropped). The first one always stays.
 */
export function thin<P extends { readonly position: number }>(points: readonly P[], end: number): P[] {
  const kept: P[] = []
  let block = -1
  let blockSize = 0
  for (const point of points) {
    if (kept.length === 0) {
      kept.push(point)
      continue
    }
    const size = blockSizeAt(end - point.position)
    const at = Math.floor(point.position / size)
    if (size === blockSize && at === block) continue
    block = at
    blockSize = size
    kept.push(point)
  }
  const last = points[points.length - 1]
  if (last && last !== kept[kept.length - 1]) kept.push(last)
  return kept
}

function blockSizeAt(distance: number): number {
  return distance < 8 ? 1 : 2 ** (Math.floor(Math.log2(distance)) - 2)
}
