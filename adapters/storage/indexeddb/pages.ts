import { textOf } from './bytes.ts'
import { begin, type KeyRange, onFailure, type StoreName } from './requests.ts'

export interface Row {
  readonly text: string
  readonly key: Uint8Array
  readonly value: Uint8Array
}

export interface PageOptions {
  readonly range: KeyRange
  /** Rows at most. */
  readonly count: number
  readonly reverse?: boolean
}

/** What another database than ours may hold. */
export class NotBytes extends Error {}

interface StoredRecord {
  readonly primaryKey: IDBValidKey
  readonly value: unknown
}

/** Chromium and Firefox by now: keys and values at once, and backwards too. */
interface WithRecords extends IDBObjectStore {
  getAllRecords(options: {
    query: IDBKeyRange | null
    count: number
    direction: IDBCursorDirection
  }): IDBRequest<StoredRecord[]>
}

/** The next rows of a range, all of the moment of the call. */
export function readPage(database: IDBDatabase, name: StoreName, options: PageOptions): Promise<Row[]> {
  const { range, reverse = false } = options
  if (range === 'empty') return Promise.resolve([])
  const transaction = begin(database, [name])
  const store = transaction.objectStore(name)
  return new Promise((resolve, reject) => {
    onFailure(transaction, reject)
    const settle = (records: StoredRecord[]) => {
      try {
        resolve(records.map(rowOf))
      } catch (error) {
        reject(error)
      }
    }
    if (hasRecords(store)) recordsOf(store, { ...options, range }, settle)
    else if (reverse) walk(store, { ...options, range }, settle)
    else keysAndValues(store, { ...options, range }, settle)
  })
}

export function bytesIn(value: unknown): Uint8Array | null {
  if (value === undefined) return null
  if (value instanceof Uint8Array) return value
  throw new NotBytes()
}

interface Query extends PageOptions {
  readonly range: IDBKeyRange | null
}

type Settle = (records: StoredRecord[]) => void

function recordsOf(store: WithRecords, { range, count, reverse }: Query, settle: Settle): void {
  const request = store.getAllRecords({ query: range, count, direction: reverse ? 'prev' : 'next' })
  request.onsuccess = () => settle(request.result)
  store.transaction.commit()
}

function keysAndValues(store: IDBObjectStore, { range, count }: Query, settle: Settle): void {
  const keys = store.getAllKeys(range, count)
  const values = store.getAll(range, count)
  values.onsuccess = () =>
    settle(keys.result.map((primaryKey, i) => ({ primaryKey, value: values.result[i] as unknown })))
  store.transaction.commit()
}

function walk(store: IDBObjectStore, { range, count }: Query, settle: Settle): void {
  const records: StoredRecord[] = []
  const request = store.openCursor(range, 'prev')
  request.onsuccess = () => {
    const cursor = request.result
    if (cursor) records.push({ primaryKey: cursor.primaryKey, value: cursor.value as unknown })
    if (cursor && records.length < count) cursor.continue()
    else settle(records)
  }
}

function hasRecords(store: IDBObjectStore): store is WithRecords {
  return 'getAllRecords' in store
}

function rowOf({ primaryKey, value }: StoredRecord): Row {
  const bytes = bytesIn(value)
  if (!(primaryKey instanceof ArrayBuffer) || !bytes) throw new NotBytes()
  const key = new Uint8Array(primaryKey)
  return { text: textOf(key), key, value: bytes }
}
