import { AutobeeError } from '../../src/index.ts'
import { checkOpenOptions, type OpenStoreOptions } from './adapter.ts'
import type { KeyValueAdapter, KeyValueStore } from './key-value.ts'
import { MemoryStore } from './memory-store.ts'
import { SortedBytes } from './sorted-bytes.ts'

export type { OpenStoreOptions } from './adapter.ts'
export type * from './key-value.ts'

/**
 * A store in memory. What was written is there again when the same object is opened again, and gone with the object.
 */
export function memory(): KeyValueAdapter {
  const entries = new SortedBytes()
  const waiting: (() => void)[] = []
  let isOpen = false

  const release = () => {
    const next = waiting.shift()
    // from owner to owner: nobody else comes in between
    if (next) next()
    else isOpen = false
  }

  async function openKeyValue(options: OpenStoreOptions = {}): Promise<KeyValueStore> {
    const { wait = false, readOnly = false } = checkOpenOptions(options)
    if (readOnly) throw new AutobeeError('NOT_SUPPORTED', 'a store in memory has one owner, who may write')
    if (isOpen && !wait)
      throw new AutobeeError('STORE_LOCKED', 'this store in memory is open already; close it there')
    if (isOpen) await new Promise<void>(resolve => waiting.push(resolve))
    isOpen = true
    return new MemoryStore(entries, release)
  }

  return { name: 'memory', openKeyValue }
}
