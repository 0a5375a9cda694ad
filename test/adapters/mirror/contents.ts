import type Corestore from 'corestore'

interface Iterates {
  iterator(range?: object): AsyncIterable<{ key: Uint8Array; value: Uint8Array }>
}

/** Everything in a store: all keys and values of its database. */
export async function everything(store: Corestore): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const { key, value } of (store.storage.db as unknown as Iterates).iterator({}))
    all.push(key, value)
  return all
}
