import type { KeyValueAdapter, KeyValueStore } from '../../../adapters/storage/key-value.ts'

/** An adapter whose opened stores have some of their methods replaced. */
export function changed(
  place: KeyValueAdapter,
  change: (store: KeyValueStore) => Partial<KeyValueStore>
): KeyValueAdapter {
  return {
    name: place.name,
    async openKeyValue(options) {
      const store = await place.openKeyValue(options)
      return { ...methodsOf(store), ...change(store) }
    }
  }
}

export function methodsOf(store: KeyValueStore): KeyValueStore {
  return {
    commit: operations => store.commit(operations),
    sync: () => store.sync(),
    getMany: keys => store.getMany(keys),
    entries: range => store.entries(range),
    snapshot: () => store.snapshot(),
    close: () => store.close()
  }
}
