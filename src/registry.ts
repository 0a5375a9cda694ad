import type Corestore from 'corestore'
import { AutobeeError } from './errors.ts'
import { hexOf } from './keys.ts'

/** Databases open in this process, by storage: two over the same cores would write past each other. */
const open = new WeakMap<object, Set<string>>()

/** @throws AutobeeError `STORE_LOCKED` */
export function claim(store: Corestore, key: Uint8Array): void {
  const keys = open.get(store.storage) ?? new Set<string>()
  open.set(store.storage, keys)
  const id = idOf(store, key)
  if (keys.has(id)) {
    throw new AutobeeError(
      'STORE_LOCKED',
      'this database is open in this store already; use that one, or close it'
    )
  }
  keys.add(id)
}

export function release(store: Corestore, key: Uint8Array): void {
  open.get(store.storage)?.delete(idOf(store, key))
}

/** One store holds one copy of a database per namespace. */
function idOf(store: Corestore, key: Uint8Array): string {
  return `${hexOf(store.ns)}/${hexOf(key)}`
}
