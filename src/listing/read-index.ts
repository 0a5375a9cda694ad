import Hyperbee from 'hyperbee2'
import type { DatabaseCores } from '../engine/cores.ts'
import { type Placed, SEGMENT } from '../system/segment.ts'
import { readOrder } from '../system/tree.ts'
import type { Range } from './options.ts'

/** Segments that are read at a time. */
const MOST_SEGMENTS = 32

/** Which version of the system tree. It is append-only: an older one can be read as long as the store is open. */
export interface IndexVersion {
  readonly cores: DatabaseCores
  /** Of the database. */
  readonly key: Uint8Array
  /** Length of the tree. */
  readonly head: number
}

/** Reads in the system tree as it was. The session is its own: a database that is opened anew meanwhile closes others. */
export async function withIndex<T>(
  { cores, key, head }: IndexVersion,
  use: (tree: Hyperbee) => Promise<T>
): Promise<T> {
  const core = await cores.system(key, { createIfMissing: false })
  try {
    const tree = new Hyperbee(cores.store, { core })
    await tree.ready()
    tree.move({ length: head, writable: false })
    return await use(tree)
  } finally {
    await core.close()
  }
}

/**
 * The position of the unit that contains a writer's entry, among the first `length` positions; null when it is not there. The
 * units of a writer stand in the order of its oplog, so it is halved where the writer is met; who is met seldom
 * is looked for in all of it, piece by piece.
 */
export async function findInIndex(
  tree: Hyperbee,
  { writer, entry, length }: { writer: string; entry: number; length: number }
): Promise<{ readonly position: number; readonly placed: Placed } | null> {
  let low = 0
  let high = Math.ceil(length / SEGMENT)
  while (low < high) {
    const middle = (low + high) >> 1
    const met = await firstWith(tree, { writer, from: middle, to: high, length })
    if (!met) {
      high = middle
      continue
    }
    const index = met.placed.findIndex(one => one.writer === writer && entry <= one.length)
    const placed = met.placed[index]
    if (!placed) low = met.segment + 1
    else if (placed.start < entry) return { position: met.segment * SEGMENT + index, placed }
    else high = middle
  }
  return null
}

/** The first of the segments that has a unit of the writer. Few are read at first, more while it is not met. */
async function firstWith(
  tree: Hyperbee,
  { writer, from, to, length }: Range & { writer: string; length: number }
): Promise<{ readonly segment: number; readonly placed: Placed[] } | null> {
  let count = 1
  for (let segment = from; segment < to; segment += count, count = Math.min(2 * count, MOST_SEGMENTS)) {
    const start = segment * SEGMENT
    const end = Math.min(segment + count, to) * SEGMENT
    const placed = await readOrder(tree, { from: start, to: Math.min(end, length) })
    const index = placed.findIndex(one => one.writer === writer)
    if (index < 0) continue
    const met = Math.floor(index / SEGMENT)
    return { segment: segment + met, placed: placed.slice(met * SEGMENT, (met + 1) * SEGMENT) }
  }
  return null
}
