import type Corestore from 'corestore'
import type { OpenStoreOptions } from '../storage/adapter.ts'
import type { KeyValueAdapter, KeyValueStore } from '../storage/key-value.ts'
import { openStoreWith } from '../storage/open-store.ts'

/** A place that cases write to. */
export interface StoragePlace {
  /** Gives the same place each time it is opened: what was committed is there again. */
  readonly adapter: KeyValueAdapter
  /** Removes it; called when the case is over and its stores are closed. */
  destroy(): Promise<void>
}

const openStore = openStoreWith(name => {
  throw new Error(`${name} is no adapter`)
})

/** One case at work: a fresh place, and what was opened in it, which is closed at the end whatever happens. */
export class Trial<P extends StoragePlace> {
  readonly place: P
  readonly #opened: { close(): Promise<void> }[] = []

  constructor(place: P) {
    this.place = place
  }

  async open(options?: OpenStoreOptions): Promise<KeyValueStore> {
    return this.closing(await this.place.adapter.openKeyValue(options))
  }

  async corestore(): Promise<Corestore> {
    return this.closing(await openStore(this.place.adapter))
  }

  /** Has it closed at the end. */
  closing<T extends { close(): Promise<void> }>(opened: T): T {
    this.#opened.push(opened)
    return opened
  }

  async end(): Promise<void> {
    // last opened, first closed; what a case breaks on purpose may not close well
    for (const opened of this.#opened.reverse()) await opened.close().catch(() => {})
    await this.place.destroy()
  }
}

export interface StorageCase<P extends StoragePlace = StoragePlace> {
  readonly name: string
  run(trial: Trial<P>): Promise<void>
}
