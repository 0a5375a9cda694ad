import { ownBytes, textOf } from './bytes.ts'
import { ReadCache } from './cache.ts'
import { bytesIn } from './pages.ts'
import { type Found, Old, type Spill } from './patch.ts'
import type { Place } from './place.ts'
import { read, STORES } from './requests.ts'
import { spilledKey } from './spills.ts'
import type { Effects } from './write.ts'

interface Asked {
  readonly place: number
  readonly key: Uint8Array
  readonly text: string
}

/**
 * Values by key, through the cache of the entries. Each read is of the moment of its call, and a write to the entries takes
 * effect when its transaction is made: IndexedDB lets what is read later wait for it. So while a write runs, what the cache
 * has of its keys is neither old nor new, and they are read from the database; all other keys are what they were,
 * whatever becomes of it.
 */
export class Reads {
  readonly #place: Place
  readonly #cache: ReadCache
  /** The last read of a key that runs, and may put what it finds into the cache: nothing was written to it since. */
  readonly #fills = new Map<string, object>()
  #running: Effects | null = null

  /** @param cacheBytes 0 for no cache */
  constructor(place: Place, cacheBytes: number) {
    this.#place = place
    this.#cache = new ReadCache(cacheBytes)
  }

  get cachedBytes(): number {
    return this.#cache.bytes
  }

  /** undefined: not known, or about to change. */
  known(key: string): Uint8Array | null | undefined {
    return this.#running?.touches(key) ? undefined : this.#cache.get(key)
  }

  /** Called in the turn in which the transaction is made. */
  writeBegins(effects: Effects): void {
    this.#running = effects
    for (const key of effects.values.keys()) this.#fills.delete(key)
    if (effects.ranges.length === 0) return
    for (const key of this.#fills.keys()) if (effects.touches(key)) this.#fills.delete(key)
  }

  writeEnds({ tookEffect }: { tookEffect: boolean }): void {
    const effects = this.#running
    this.#running = null
    if (!effects || !tookEffect) return
    for (const { start, end } of effects.ranges) this.#cache.deleteRange(start, end)
    for (const [key, value] of effects.values) this.#cache.set(key, value)
  }

  forget(): void {
    this.#fills.clear()
    this.#cache.clear()
  }

  /**
   * What is found without waiting, and what is asked for, is of the moment of the call.
   * @param find what somebody knows of a key that differs from the entries
   */
  async many(
    keys: readonly Uint8Array[],
    find: (key: string) => Found | undefined
  ): Promise<(Uint8Array | null)[]> {
    const values = new Array<Uint8Array | null>(keys.length).fill(null)
    const missing: Asked[] = []
    const pending: (Asked & { readonly old: Old })[] = []
    const spilled: (Asked & { readonly spill: Spill })[] = []
    for (const [place, key] of keys.entries()) {
      const text = textOf(key)
      const found = find(text)
      if (found instanceof Old) {
        if (found.value === undefined) pending.push({ place, key, text, old: found })
        else values[place] = found.value
      } else if (found) spilled.push({ place, key, text, spill: found })
      else {
        const known = this.known(text)
        if (known === undefined) missing.push({ place, key, text })
        else values[place] = known
      }
    }
    const rest: Promise<void>[] = []
    if (missing.length > 0) rest.push(this.#fetch(missing, values))
    if (spilled.length > 0) rest.push(this.#fetchSpilled(spilled, values))
    if (pending.length > 0) rest.push(this.#settle(pending, { values, find }))
    await Promise.all(rest)
    return values
  }

  async #fetch(asked: readonly Asked[], values: (Uint8Array | null)[]): Promise<void> {
    const fill = {}
    for (const { text } of asked) this.#fills.set(text, fill)
    const isLast = (text: string) => this.#fills.get(text) === fill && this.#fills.delete(text)
    try {
      const results = await read<unknown>(this.#place.database, [STORES.entries], transaction => {
        const store = transaction.objectStore(STORES.entries)
        return asked.map(({ key }) => store.get(ownBytes(key)))
      })
      for (const [i, { place, text }] of asked.entries()) {
        const value = bytesIn(results[i])
        values[place] = value
        if (isLast(text)) this.#cache.set(text, value)
      }
    } finally {
      for (const { text } of asked) isLast(text)
    }
  }

  async #fetchSpilled(
    asked: readonly (Asked & { readonly spill: Spill })[],
    values: (Uint8Array | null)[]
  ): Promise<void> {
    const results = await read<unknown>(this.#place.database, [STORES.undo], transaction => {
      const store = transaction.objectStore(STORES.undo)
      return asked.map(({ key, spill }) => store.get(spilledKey(spill, key)))
    })
    for (const [i, { place }] of asked.entries()) values[place] = bytesIn(results[i])
  }

  /** A write is about to overwrite these, and has not read yet what they hold. */
  async #settle(
    asked: readonly (Asked & { readonly old: Old })[],
    { values, find }: { values: (Uint8Array | null)[]; find: (key: string) => Found | undefined }
  ): Promise<void> {
    await Promise.all(asked.map(({ old }) => old.settled))
    const keys = asked.map(({ key }) => key)
    const found = await this.many(keys, find)
    for (const [i, { place }] of asked.entries()) values[place] = found[i] ?? null
  }
}
