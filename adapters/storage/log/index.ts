import type { KeyValueRange } from '../key-value.ts'
import { type SortedMap, sortedMap } from '../sorted-map.ts'
import { type KeyText, textOf } from './keys.ts'
import { Changes, ENTRY_OVERHEAD } from './operations.ts'
import { boundOf, type Place } from './place.ts'

/** Takes a fifth less memory than the 32 that is the default. */
const NODE_SIZE = 64
const DROP = { delete: true } as const

/** Where the value of every key is. A clone costs nothing until either side changes. */
export class KeyIndex {
  readonly #tree: SortedMap<KeyText, Place>
  #liveBytes = 0

  constructor(tree = sortedMap<KeyText, Place>({ nodeSize: NODE_SIZE })) {
    this.#tree = tree
  }

  get size(): number {
    return this.#tree.size
  }

  /** What the entries take in the log: the rest of it is garbage. */
  get liveBytes(): number {
    return this.#liveBytes
  }

  get(key: Uint8Array): Place | undefined {
    return this.#tree.get(textOf(key))
  }

  apply({ keys, places }: Changes): void {
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!
      const place = places[i]!
      if (place === Changes.DELETE_RANGE) this.#deleteRange(key, keys[++i]!)
      else if (place === Changes.DELETE) this.#delete(key)
      else this.#put(key, place)
    }
  }

  clone(): KeyIndex {
    const clone = new KeyIndex(this.#tree.clone())
    clone.#liveBytes = this.#liveBytes
    return clone
  }

  /** In order. The pair is the same array every time. Nothing may be changed meanwhile: iterate a clone. */
  *entries({ start, end, reverse = false }: KeyValueRange): Generator<[KeyText, Place], void, undefined> {
    const first = start && textOf(start)
    const last = end && textOf(end)
    // the tree cannot iterate backwards when it is empty
    if (last === '' || this.#tree.size === 0) return
    const reused: [KeyText, Place] = ['', 0]
    const pairs = reverse
      ? this.#tree.entriesReversed(last, reused, last !== undefined)
      : this.#tree.entries(first, reused)
    for (const pair of pairs) {
      if (reverse ? first !== undefined && pair[0] < first : last !== undefined && pair[0] >= last) return
      yield pair
    }
  }

  #put(key: KeyText, place: Place): void {
    const before = this.#tree.get(key)
    if (before !== undefined) this.#liveBytes -= sizeOf(key, before)
    this.#liveBytes += sizeOf(key, place)
    this.#tree.set(key, place)
  }

  #delete(key: KeyText): void {
    const before = this.#tree.get(key)
    if (before === undefined) return
    this.#liveBytes -= sizeOf(key, before)
    this.#tree.delete(key)
  }

  #deleteRange(start: KeyText, end: KeyText): void {
    if (start >= end) return
    this.#tree.editRange(start, end, false, (key, place) => {
      this.#liveBytes -= sizeOf(key, place)
      return DROP
    })
  }
}

function sizeOf(key: KeyText, place: Place): number {
  return ENTRY_OVERHEAD + key.length + boundOf(place)
}
