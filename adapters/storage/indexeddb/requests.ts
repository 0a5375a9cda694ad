import { ConnectionLost, PutAside } from './errors.ts'

/**
 * Where the entries are, the commits that are not among them yet, the records of who owns them, and what large range
 * deletes took out under open snapshots.
 */
export const STORES = { entries: 'entries', log: 'log', meta: 'meta', undo: 'undo' } as const

export type StoreName = (typeof STORES)[keyof typeof STORES]

export type Durability = 'relaxed' | 'strict'

/** Transactions under way, by their connection. */
const underWay = new WeakMap<IDBDatabase, Set<IDBTransaction>>()
const putAside = new WeakSet<IDBTransaction>()

/**
 * Whatever writes takes the log along, so that only one such transaction runs at a time. When Chromium (150) is killed while
 * two of one database run, on stores of which they share none, both with something written, its next start deletes all
 * databases of the origin: what it has to roll back both claims the database for itself ("Invalid locks on disk").
 * @throws ConnectionLost when the connection is closed or closing
 */
export function begin(
  database: IDBDatabase,
  stores: readonly StoreName[],
  { mode = 'readonly', durability }: { mode?: 'readonly' | 'readwrite'; durability?: Durability } = {}
): IDBTransaction {
  const scope = mode === 'readwrite' ? new Set([...stores, STORES.log]) : stores
  try {
    return followed(database.transaction([...scope], mode, durability && { durability }))
  } catch (error) {
    throw new ConnectionLost(error, { hadNoEffect: true })
  }
}

/**
 * Aborts what waits for an answer that this page has to hear before it goes on: frozen, it would never hear it, and keep the
 * database from all others. What is committed already needs nobody.
 */
export function breakOff(database: IDBDatabase): void {
  for (const transaction of underWay.get(database) ?? []) {
    try {
      transaction.abort()
      putAside.add(transaction)
    } catch {
      // it is committed
    }
  }
}

function followed(transaction: IDBTransaction): IDBTransaction {
  const { db } = transaction
  const all = underWay.get(db) ?? new Set()
  underWay.set(db, all.add(transaction))
  const forget = () => all.delete(transaction)
  transaction.addEventListener('complete', forget)
  transaction.addEventListener('abort', forget)
  return transaction
}

/**
 * The results of what `issue` asks for, all of one moment: that of the call. IndexedDB lets a transaction wait for those
 * made before it, and no later one in before it, when one of the two writes; so what it reads is decided when it is made.
 */
export function read<T>(
  database: IDBDatabase,
  stores: readonly StoreName[],
  issue: (transaction: IDBTransaction) => readonly IDBRequest<T>[]
): Promise<T[]> {
  const transaction = begin(database, stores)
  return new Promise((resolve, reject) => {
    onFailure(transaction, reject)
    const requests = issue(transaction)
    // requests succeed in order
    const last = requests.at(-1)
    if (last) last.onsuccess = () => resolve(requests.map(request => request.result))
    else transaction.oncomplete = () => resolve([])
    // a write that waits for this one need not wait for this page to hear of the results
    transaction.commit()
  })
}

/** Resolves when the transaction is complete: success of a request says nothing yet. */
export function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    onFailure(transaction, reject)
  })
}

/**
 * Over quota, and when the disk fails, there is no `error` event, only `abort`. When the browser closes the connection,
 * because the site's data are cleared say, Chromium tells nothing at all to a transaction that was to be committed.
 */
export function onFailure(transaction: IDBTransaction, fail: (error: unknown) => void): void {
  const { db } = transaction
  const onclose = () => fail(new ConnectionLost(null))
  const off = () => db.removeEventListener('close', onclose)
  db.addEventListener('close', onclose)
  transaction.addEventListener('complete', off)
  transaction.addEventListener('abort', () => {
    off()
    fail(putAside.has(transaction) ? new PutAside() : (transaction.error ?? new ConnectionLost(null)))
  })
}

/** null for all keys, 'empty' for none: IndexedDB throws at a range that can hold no key. */
export function keyRange({ lower, upper, isLowerOpen = false, isUpperOpen = true }: Bounds): KeyRange {
  if (lower && upper) {
    const order = indexedDB.cmp(lower, upper)
    if (order > 0 || (order === 0 && (isLowerOpen || isUpperOpen))) return 'empty'
    return IDBKeyRange.bound(lower, upper, isLowerOpen, isUpperOpen)
  }
  if (lower) return IDBKeyRange.lowerBound(lower, isLowerOpen)
  return upper ? IDBKeyRange.upperBound(upper, isUpperOpen) : null
}

export interface Bounds {
  readonly lower?: Uint8Array<ArrayBuffer> | undefined
  readonly upper?: Uint8Array<ArrayBuffer> | undefined
  readonly isLowerOpen?: boolean
  readonly isUpperOpen?: boolean
}

export type KeyRange = IDBKeyRange | null | 'empty'
