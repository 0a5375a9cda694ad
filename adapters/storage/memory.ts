import { AutobeeError } from '../../src/index.ts'
import { checkOpenOptions, type OpenStoreOptions } from './adapter.ts'
import type { KeyValueAdapter, KeyValueStore } from './key-value.ts'
import { MemoryStore } from './memory-store.ts'
import { SortedBytes } from './sorted-bytes.ts'
import { Turns } from './turns.ts'

export type { OpenStoreOptions } from './adapter.ts'
export type * from './key-value.ts'

/**
 * A store in memory. What was written is there again when the same object is opened again, and gone with the object.
 */
export function memory(): KeyValueAdapter {
  const entries = new SortedBytes()
  const turns = new Turns()

  async function openKeyValue(options: OpenStoreOptions = {}): Promise<KeyValueStore> {
    const { wait = false, readOnly = false } = checkOpenOptions(options)
    if (readOnly) throw new AutobeeError('NOT_SUPPORTED', 'a store in memory has one owner, who may write')
    const turn = await turns.take({ wait })
    if (!turn) throw new AutobeeError('STORE_LOCKED', 'this store in memory is open already; close it there')
    return new MemoryStore(entries, () => turn.end())
  }

  return { name: 'memory', openKeyValue }
}
