import { bytesOf } from './bytes.ts'
import { type Row, readPage } from './pages.ts'
import { Old, type Spill } from './patch.ts'
import { keyRange, STORES } from './requests.ts'
import { writeSpill } from './spills.ts'
import type { Segment } from './undo.ts'
import type { Owner } from './write.ts'

/** Rows read at once: what is to be deleted is read in many short transactions, and other reads go on beside them. */
const AT_ONCE = 256

/** A part of a range and all that was in it: in memory, or in a spill. */
export interface Piece {
  readonly start: string
  readonly end: string
  readonly rows: readonly Row[]
  readonly spill: Spill | null
}

export interface NoteOptions {
  /** Asked for anew each time: what is away may come back as another connection. */
  readonly database: () => IDBDatabase
  readonly owner: Owner
  /** Bytes that may be kept in memory; what is beyond goes to the object store `undo`. */
  readonly memory: number
  readonly nextSpill: () => Spill
}

/**
 * Reads what ranges hold before a commit deletes them. Commits take turns, so nothing changes until this one's transaction
 * is made; a snapshot taken meanwhile needs the same.
 */
export async function noteRanges(
  ranges: readonly { readonly start: string; readonly end: string }[],
  options: NoteOptions
): Promise<Piece[]> {
  const pieces: Piece[] = []
  let memory = options.memory
  for (const { start, end } of ranges) {
    let spill: Spill | null = null
    for (let at = start; at < end; ) {
      const range = keyRange({ lower: bytesOf(at), upper: bytesOf(end) })
      const rows: Row[] = await readPage(options.database(), STORES.entries, { range, count: AT_ONCE })
      const next: string = rows.length < AT_ONCE ? end : `${rows.at(-1)?.text}\0`
      if (memory < 0) spill = await spillRows(rows, spill, options)
      if (memory < 0 && !spill) memory = Number.POSITIVE_INFINITY
      if (!spill) for (const { text, value } of rows) memory -= text.length + value.length
      pieces.push({ start: at, end: next, rows: spill ? [] : rows, spill })
      at = next
    }
  }
  return pieces
}

/** null when there is no room: deleting is what makes room, so it must go on. */
async function spillRows(
  rows: readonly Row[],
  spill: Spill | null,
  { database, owner, nextSpill }: NoteOptions
): Promise<Spill | null> {
  const into = spill ?? nextSpill()
  try {
    await writeSpill(database(), { spill: into, rows, owner })
    return into
  } catch (error) {
    if (error instanceof DOMException && error.name === 'QuotaExceededError') return null
    throw error
  }
}

/** From now on, all snapshots that are open find it. */
export function attach(pieces: readonly Piece[], segment: Segment): void {
  for (const { start, end, rows, spill } of pieces) {
    for (const { text, value } of rows) segment.note(text, new Old(value))
    segment.ranges.fill({ start, end, source: spill })
    if (spill) segment.spills.add(spill)
  }
}
