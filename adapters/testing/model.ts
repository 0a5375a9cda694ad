import type { KeyValueEntry, KeyValueOperation, KeyValueRange } from '../storage/key-value.ts'

/** What a key-value store should hold: a plain sorted list, copied for each snapshot. Slow and obvious. */
export class Model {
  readonly #entries: readonly KeyValueEntry[]

  constructor(entries: readonly KeyValueEntry[] = []) {
    this.#entries = entries
  }

  /** The model after these operations; this one stays as it is. */
  after(operations: readonly KeyValueOperation[]): Model {
    let entries = [...this.#entries]
    for (const operation of operations) {
      if (operation.type === 'delete-range') {
        const { start, end } = operation
        entries = entries.filter(({ key }) => compare(key, start) < 0 || compare(key, end) >= 0)
        continue
      }
      entries = entries.filter(({ key }) => compare(key, operation.key) !== 0)
      if (operation.type === 'put') entries.push({ key: operation.key, value: operation.value })
    }
    return new Model(entries.sort((a, b) => compare(a.key, b.key)))
  }

  get(key: Uint8Array): Uint8Array | null {
    return this.#entries.find(entry => compare(entry.key, key) === 0)?.value ?? null
  }

  list({ start, end, reverse = false }: KeyValueRange = {}): readonly KeyValueEntry[] {
    const entries = this.#entries.filter(
      ({ key }) => (!start || compare(key, start) >= 0) && (!end || compare(key, end) < 0)
    )
    return reverse ? entries.reverse() : entries
  }
}

/** Byte by byte, unsigned; a prefix comes first. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
