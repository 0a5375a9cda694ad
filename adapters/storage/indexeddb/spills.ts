import { textOf } from './bytes.ts'
import { type PageOptions, type Row, readPage } from './pages.ts'
import type { Spill } from './patch.ts'
import { type Bounds, keyRange, read, STORES } from './requests.ts'
import { type WriteOptions, write } from './write.ts'

/** Keys that are deleted at once when a spill is given free: commits wait for each round. */
const FREED_AT_ONCE = 500

/** Bytes of a spill's number, before each of its keys. */
const PREFIX = 4

export function spilledKey({ number }: Spill, key: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PREFIX + key.length)
  new DataView(bytes.buffer).setUint32(0, number)
  bytes.set(key, PREFIX)
  return bytes
}

/** The rows of a spill, by the keys that they had. */
export async function readSpill(
  database: IDBDatabase,
  spill: Spill,
  { bounds, ...options }: Omit<PageOptions, 'range'> & { bounds: Bounds }
): Promise<Row[]> {
  const { lower, upper, isLowerOpen = false } = bounds
  const range = keyRange({
    lower: spilledKey(spill, lower ?? new Uint8Array(0)),
    upper: upper ? spilledKey(spill, upper) : endOf(spill),
    isLowerOpen: lower !== undefined && isLowerOpen
  })
  const rows = await readPage(database, STORES.undo, { ...options, range })
  return rows.map(row => {
    const key = row.key.slice(PREFIX)
    return { text: textOf(key), key, value: row.value }
  })
}

export function writeSpill(
  database: IDBDatabase,
  { spill, rows, owner }: { spill: Spill; rows: readonly Row[] } & Pick<WriteOptions, 'owner'>
): Promise<void> {
  const puts = rows.map(({ key, value }) => ({ type: 'put' as const, key: spilledKey(spill, key), value }))
  return write(database, puts, { owner, durability: 'relaxed', store: STORES.undo })
}

/** A little at a time, as commits wait for it. */
export async function freeSpill(
  database: IDBDatabase,
  { spill, owner }: { spill: Spill } & Pick<WriteOptions, 'owner'>
): Promise<void> {
  const range = IDBKeyRange.bound(spilledKey(spill, new Uint8Array(0)), endOf(spill), false, true)
  for (;;) {
    const [keys = []] = await read(database, [STORES.undo], transaction => [
      transaction.objectStore(STORES.undo).getAllKeys(range, FREED_AT_ONCE)
    ])
    if (keys.length === 0) return
    const deletes = keys.map(key => ({ type: 'delete' as const, key: new Uint8Array(key as ArrayBuffer) }))
    await write(database, deletes, { owner, durability: 'relaxed', store: STORES.undo })
  }
}

function endOf({ number }: Spill): Uint8Array<ArrayBuffer> {
  return spilledKey({ number: number + 1 }, new Uint8Array(0))
}
