import type Corestore from 'corestore'
import crypto from 'hypercore-crypto'
import type { KeyPair } from '../../src/index.ts'

const NAME = 'autobee/identity'

/**
 * By what key pair others know who replicates `target` (32 and 64 bytes): one per store, derived from its secret seed, so
 * it is the same after reopening, for every database in the store and on every transport that has one. What has no store
 * gets a new one with each call. Waits for the store to be open.
 */
export async function identityOf(target: object): Promise<KeyPair> {
  const store = storeOf(target)
  // a namespace is only a view of its store: connections carry the whole of it
  return store ? await (store.root ?? store).createKeyPair(NAME) : crypto.keyPair()
}

function storeOf(target: object): Corestore | null {
  if (isCorestore(target)) return target
  const { store } = target as { store?: unknown }
  return typeof store === 'object' && store !== null && isCorestore(store) ? store : null
}

function isCorestore(value: object): value is Corestore {
  return typeof (value as Partial<Corestore>).createKeyPair === 'function'
}
