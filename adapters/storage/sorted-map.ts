import module from 'sorted-btree'

// CommonJS that says it was a module: Node gives its exports as the default import, some bundlers its default export
const BTree = module.default ?? (module as unknown as typeof module.default)

/**
 * What is used of the tree; as a type of its own, since the package's declarations read differently from one module
 * resolution to the next.
 */
export interface SortedMap<K extends string, V> {
  readonly size: number
  readonly isEmpty: boolean
  get(key: K): V | undefined
  set(key: K, value: V): boolean
  delete(key: K): boolean
  deleteRange(start: K, end: K, includeEnd: boolean): number
  editRange(
    start: K,
    end: K,
    includeEnd: boolean,
    edit: (key: K, value: V) => { readonly delete?: boolean } | undefined
  ): unknown
  /** Costs nothing until either side is written. */
  clone(): SortedMap<K, V>
  /** From `first` on, in order. Nothing may be written meanwhile: iterate a clone. */
  entries(first?: K, reused?: [K, V]): IterableIterator<[K, V]>
  /** From `last` back. */
  entriesReversed(last?: K, reused?: [K, V], skipLast?: boolean): IterableIterator<[K, V]>
}

/** A map in the order of its keys' characters. `nodeSize`: entries per node of the tree, at most; default 32. */
export function sortedMap<K extends string, V>({ nodeSize }: { nodeSize?: number } = {}): SortedMap<K, V> {
  return new BTree<K, V>(undefined, compare, nodeSize) as SortedMap<K, V>
}

function compare(a: string, b: string): number {
  if (a < b) return -1
  return a > b ? 1 : 0
}
