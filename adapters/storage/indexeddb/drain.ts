import type { KeyValueOperation } from '../key-value.ts'
import { bytesOf, textOf } from './bytes.ts'
import { NotBytes } from './pages.ts'
import type { LastWins } from './patch.ts'
import type { Place } from './place.ts'
import { keyRange, read, STORES } from './requests.ts'
import type { Table } from './table.ts'
import type { Work } from './work.ts'

/** Entries written or deleted in one transaction: reads of others wait for it. */
const AT_ONCE = 256

/** Bytes written in one transaction, but for one entry at least. */
const BYTES_AT_ONCE = 1024 * 1024

interface DrainOptions {
  readonly place: Place
  readonly work: Work
  readonly table: Table
  /** Asked between two transactions. */
  isStopped(): boolean
}

/**
 * Moves what commits wrote from the log to the entries, a little at a time. All readers look at the patch first, so they see
 * no difference while it is under way, nor when it is broken off and done again from the start.
 * @returns whether it came to its end
 */
export async function drain(
  patch: LastWins,
  { place, work, table, isStopped }: DrainOptions
): Promise<boolean> {
  // the log is in order: what is lost in a power cut, is lost from its end
  const relaxed = { durability: 'relaxed' } as const
  for (const { start, end } of patch.ranges) {
    for (let at = start; at < end; ) {
      if (isStopped()) return false
      const range = keyRange({ lower: bytesOf(at), upper: bytesOf(end) })
      if (range === 'empty') break
      const [keys = []] = await work.read(() =>
        read(place.database, [STORES.entries], transaction => [
          transaction.objectStore(STORES.entries).getAllKeys(range, AT_ONCE)
        ])
      )
      const last = keys.at(-1)
      if (last !== undefined && !(last instanceof ArrayBuffer)) throw new NotBytes()
      const next: string = last && keys.length === AT_ONCE ? `${textOf(new Uint8Array(last))}\0` : end
      if (last)
        await table.commit([{ type: 'delete-range', start: bytesOf(at), end: bytesOf(next) }], relaxed)
      at = next
    }
  }
  for (const operations of chunksOf(patch)) {
    if (isStopped()) return false
    await table.commit(operations, relaxed)
  }
  return true
}

function* chunksOf({ points }: LastWins): Generator<KeyValueOperation[], void, undefined> {
  let chunk: KeyValueOperation[] = []
  let bytes = 0
  for (const [text, { value }] of points.entries()) {
    const key = bytesOf(text)
    chunk.push(value ? { type: 'put', key, value } : { type: 'delete', key })
    bytes += value?.length ?? 0
    if (chunk.length < AT_ONCE && bytes < BYTES_AT_ONCE) continue
    yield chunk
    chunk = []
    bytes = 0
  }
  if (chunk.length > 0) yield chunk
}
