import { corruptError, deletedError, isConnectionLost, notAStore, openError } from './errors.ts'
import { read, STORES } from './requests.ts'

/** Openings that are broken off, because the site's data are just being cleared, are tried again so often. */
const TRIES = 5

/** Raised when what is stored changes its form. IndexedDB's own version of the database stays 1. */
const FORMAT = 1

export interface ConnectionEvents {
  /** Somebody deletes the database; the connection is closed already, as deleting waits for that. */
  onDeleted(): void
  /** The browser closed the connection. */
  onLost(): void
}

export interface Connection {
  readonly database: IDBDatabase
  /** Of this database: one that was deleted and made anew under the same name has another. */
  readonly id: string
}

interface ConnectOptions extends ConnectionEvents {
  readonly factory: IDBFactory
  /** Default true. Else a missing database is an error and stays missing. */
  readonly mayCreate?: boolean
}

/**
 * Opens the database, or makes it. One that holds something else is left as it is.
 * @throws AutobeeError `STORE_FAILED` (`NOT_A_STORE`), `STORE_CORRUPT`, `STORE_CLOSED` (`DELETED`, only when it may not be made),
 *   `STORE_FULL`, `UNSUPPORTED_RUNTIME`
 */
export async function connect(name: string, options: ConnectOptions): Promise<Connection> {
  const database = await openInTheEnd(name, options)
  let isOpen = true
  database.onclose = () => {
    if (isOpen) options.onLost()
  }
  database.onversionchange = ({ newVersion }) => {
    // to another version: something else wants the name, and gets it when this store is closed
    if (newVersion !== null || !isOpen) return
    isOpen = false
    database.close()
    options.onDeleted()
  }
  try {
    return { database, id: await idOf(database, name) }
  } catch (error) {
    isOpen = false
    database.close()
    throw isConnectionLost(error) ? error : openError(error, name)
  }
}

async function openInTheEnd(name: string, options: ConnectOptions): Promise<IDBDatabase> {
  for (let tries = 1; ; tries++) {
    try {
      return await openDatabase(name, options)
    } catch (error) {
      if (!isConnectionLost(error) || tries === TRIES) throw openError(error, name)
    }
  }
}

function openDatabase(
  name: string,
  { factory, mayCreate = true }: Pick<ConnectOptions, 'factory' | 'mayCreate'>
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    let request: IDBOpenDBRequest
    try {
      // no version: whatever is there is opened as it is, never upgraded
      request = factory.open(name)
    } catch (error) {
      return reject(error)
    }
    let isMissing = false
    request.onupgradeneeded = () => {
      isMissing = !mayCreate
      // aborted, the database is not made
      if (isMissing) request.transaction?.abort()
      else create(request.result, request.transaction as IDBTransaction)
    }
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(isMissing ? deletedError(name) : request.error)
  })
}

function create(database: IDBDatabase, transaction: IDBTransaction): void {
  for (const store of Object.values(STORES)) database.createObjectStore(store)
  transaction.objectStore(STORES.meta).put({ format: FORMAT, id: randomId() }, 'store')
}

async function idOf(database: IDBDatabase, name: string): Promise<string> {
  const names = [...database.objectStoreNames].sort().join()
  if (database.version !== 1 || names !== Object.values(STORES).sort().join()) throw notAStore(name)
  const [stored] = await read<unknown>(database, [STORES.meta], transaction => [
    transaction.objectStore(STORES.meta).get('store')
  ])
  const { format, id } = (stored ?? {}) as { format?: unknown; id?: unknown }
  if (format !== FORMAT || typeof id !== 'string') throw corruptError(name, 'the record of its form')
  return id
}

/** 128 random bits. (`randomUUID` is there on secure pages only.) */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}
