import { browserEnvironment, type Environment } from '../../../adapters/storage/indexeddb/environment.ts'
import type { StoreOptions } from '../../../adapters/storage/indexeddb/store.ts'
import { type IndexedDbOptions, indexedDbIn } from '../../../adapters/storage/indexeddb.ts'
import type { KeyValueAdapter } from '../../../adapters/storage/key-value.ts'

let count = 0

/** A name that no other case has. */
export function freshName(): string {
  return `case-${Date.now()}-${count++}-${Math.random().toString(36).slice(2)}`
}

/** A tab of its own, as far as a store can tell: its page events are sent by the case. */
export interface Tab extends Environment {
  readonly page: EventTarget
  readonly document: EventTarget
  /** ms that its clock is ahead. */
  ahead: number
}

export function tab(changes: Partial<Environment> = {}): Tab {
  const made: Tab = {
    ...browserEnvironment(),
    lease: 400,
    now: () => Date.now() + made.ahead,
    ahead: 0,
    ...changes,
    page: new EventTarget(),
    document: new EventTarget()
  }
  return made
}

/** As on a page that is not secure. */
export function tabWithoutLocks(changes: Partial<Environment> = {}): Tab {
  return tab({ locks: undefined, ...changes })
}

export function storeIn(
  environment: Environment,
  name: string,
  options: IndexedDbOptions & Partial<StoreOptions> = {}
): KeyValueAdapter {
  return indexedDbIn(() => environment, name, options)
}

export function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name)
    request.onsuccess = () => resolve()
    request.onerror = () => reject(request.error)
  })
}

/** The database itself, beside the store. */
export function openRaw(name: string, upgrade?: (database: IDBDatabase) => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name)
    request.onupgradeneeded = () => upgrade?.(request.result)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** Waits for what nobody tells. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise(resolve => setTimeout(resolve, 5))
}

/** Everything goes on to the entries nearly at once, so that short cases see what happens there. */
export const RESTLESS = { journal: { keys: 3, bytes: 2000, logged: 4000 } }

interface WithRecords extends IDBObjectStore {
  getAllRecords(options: object): IDBRequest
}

/** A tab whose connections the case sees, holds up and cuts. */
export function wired(environment: Tab) {
  const connections: IDBDatabase[] = []
  const seen = new Set<(transaction: IDBTransaction) => void>()
  let isDead = false

  const factory = {
    open(name: string) {
      // a page that is gone hears of nothing
      if (isDead) return {} as IDBOpenDBRequest
      const request = indexedDB.open(name)
      request.addEventListener('success', () => {
        const database = request.result
        connections.push(database)
        const transaction = database.transaction.bind(database)
        database.transaction = (...parameters: Parameters<typeof transaction>) => {
          if (isDead) throw new DOMException('the page is gone', 'InvalidStateError')
          const made = transaction(...parameters)
          for (const see of [...seen]) see(made)
          return made
        }
      })
      return request
    }
  }

  /** Calls back, once, with the next transaction that appends to the log, before anything is asked of it. */
  function onAppend(see: (transaction: IDBTransaction) => void): void {
    const seeing = (transaction: IDBTransaction) => {
      if (transaction.mode !== 'readwrite' || [...transaction.objectStoreNames].join() !== 'log') return
      seen.delete(seeing)
      see(transaction)
    }
    seen.add(seeing)
  }

  /** The browser aborts the next commit. Resolves when it does. */
  function breakNextCommit(): Promise<void> {
    return new Promise(resolve => {
      onAppend(transaction => {
        transaction.commit = () => {
          transaction.abort()
          resolve()
        }
      })
    })
  }

  /** The store does not hear that its next commit is complete until `hear` is called. */
  function holdCommit(): { done: Promise<void>; hear(): void } {
    let hear = () => {}
    const heard = new Promise<void>(resolve => {
      hear = resolve
    })
    const done = new Promise<void>(resolve => {
      onAppend(transaction => {
        transaction.addEventListener('complete', () => resolve())
        Object.defineProperty(transaction, 'oncomplete', {
          set: (listener: () => void) =>
            transaction.addEventListener('complete', () => void heard.then(listener))
        })
      })
    })
    return { done, hear: () => hear() }
  }

  /** The store does not hear of the next page of entries until `hear` is called. */
  function holdPage(): { done: Promise<void>; hear(): void } {
    let hear = () => {}
    const heard = new Promise<void>(resolve => {
      hear = resolve
    })
    const done = new Promise<void>(resolve => {
      const see = (transaction: IDBTransaction) => {
        if (transaction.mode !== 'readonly' || [...transaction.objectStoreNames].join() !== 'entries') return
        seen.delete(see)
        const store = transaction.objectStore('entries') as WithRecords
        const getAllRecords = store.getAllRecords.bind(store)
        store.getAllRecords = options => {
          const request = getAllRecords(options)
          request.addEventListener('success', () => resolve())
          Object.defineProperty(request, 'onsuccess', {
            set: (listener: () => void) =>
              request.addEventListener('success', () => void heard.then(listener))
          })
          return request
        }
      }
      seen.add(see)
    })
    return { done, hear: () => hear() }
  }

  /** Resolves when the store has made this connection, and said on it that it is alive. */
  async function reopened(count: number): Promise<void> {
    let isThere = false
    const see = (transaction: IDBTransaction) => {
      if (transaction.mode !== 'readwrite' || transaction.db !== connections[count - 1]) return
      // not before: one that is closed while it is taken into use fails the store
      transaction.addEventListener('complete', () => {
        isThere = true
      })
    }
    seen.add(see)
    await until(async () => isThere)
    seen.delete(see)
  }

  return {
    environment: Object.assign(environment, { indexedDB: factory as IDBFactory }),
    connections,
    seen,
    breakNextCommit,
    holdCommit,
    holdPage,
    reopened,
    /** From now on the page does nothing any more, and what runs is cut off. */
    kill() {
      isDead = true
      for (const connection of connections) connection.close()
    }
  }
}
