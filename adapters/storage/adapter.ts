import type Corestore from 'corestore'
import { AutobeeError } from '../../src/index.ts'

/** How a store is opened. */
export interface OpenStoreOptions {
  /** Waits until whoever has the store open closes it, instead of failing with `STORE_LOCKED`. Default false. */
  wait?: boolean
  /** Breaks the wait off, which then rejects with `STORE_LOCKED`. */
  signal?: AbortSignal
  /** Opens beside another process and writes nothing; the store must exist. Default false. */
  readOnly?: boolean
}

/** A place that a Corestore lives in. Adapters are made by factories such as `file(path)`. */
export interface StorageAdapter {
  /** What messages call it: a path, the name of a database. */
  readonly name: string
  /**
   * Opens the store, creating it when there is none. Resolves when it is ready; whoever opened it closes it. After a
   * rejection nothing stays open or locked.
   * @throws AutobeeError `STORE_LOCKED`, `STORE_CORRUPT`, `STORE_FULL`, `STORE_FAILED`
   */
  open(options?: OpenStoreOptions): Promise<Corestore>
}

export function isStorageAdapter(value: unknown): value is StorageAdapter {
  return typeof value === 'object' && value !== null && 'open' in value && typeof value.open === 'function'
}

export function checkOpenOptions(options: OpenStoreOptions): OpenStoreOptions {
  if (typeof options !== 'object' || options === null) {
    throw new AutobeeError('INVALID_OPTIONS', 'the options of a store are an object, such as { wait: true }')
  }
  for (const name of ['wait', 'readOnly'] as const) {
    const value = options[name]
    if (value !== undefined && typeof value !== 'boolean')
      throw new AutobeeError('INVALID_OPTIONS', `${name} is true or false`)
  }
  if (options.signal !== undefined && typeof options.signal?.addEventListener !== 'function')
    throw new AutobeeError('INVALID_OPTIONS', 'signal is an AbortSignal')
  return options
}
