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
