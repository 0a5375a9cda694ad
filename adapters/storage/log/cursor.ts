import type { KeyValueCursor, KeyValueEntry, KeyValueRange } from '../key-value.ts'
import { closedError } from './errors.ts'
import type { KeyIndex } from './index.ts'
import { bytesOf, type KeyText } from './keys.ts'
import type { Log } from './log.ts'
import { boundOf, type Place } from './place.ts'
import { readValues, type Wanted } from './values.ts'

/** Bytes of values in one page, if it is not a single one. */
const LARGEST_PAGE = 1024 * 1024

/** What a view of the log needs of its store. */
export interface Guard {
  /** Throws when the store is closed. */
  check(): void
  /** The store does not close before this has come to its end. */
  track<T>(reading: Promise<T>): Promise<T>
}

/** Entries of one moment: of an index that nobody changes, and a log that stays readable while the cursor is open. */
export class LogCursor implements KeyValueCursor {
  readonly #log: Log
  readonly #guard: Guard
  #entries: Iterator<[KeyText, Place], void> | null

  constructor(log: Log, { index, range, guard }: { index: KeyIndex; range: KeyValueRange; guard: Guard }) {
    this.#log = log
    this.#guard = guard
    this.#entries = index.entries(range)
    log.pin()
  }

  async next(limit: number): Promise<readonly KeyValueEntry[]> {
    this.#guard.check()
    const entries = this.#entries
    if (!entries) throw closedError()
    const page: Wanted[] = []
    for (let bytes = 0; page.length < limit && bytes < LARGEST_PAGE; ) {
      const next = entries.next()
      if (next.done) break
      const [text, place] = next.value
      page.push({ key: bytesOf(text), place })
      bytes += boundOf(place)
    }
    if (page.length === 0) return []
    const values = await this.#guard.track(readPinned(this.#log, page))
    return page.map(({ key }, i) => ({ key, value: values[i]! }))
  }

  close(): void {
    if (!this.#entries) return
    this.#entries = null
    this.#log.unpin()
  }
}

/** The values of the keys, as the index has them now. */
export async function readKeys(
  log: Log,
  { index, keys }: { index: KeyIndex; keys: readonly Uint8Array[] }
): Promise<(Uint8Array | null)[]> {
  const found: Wanted[] = []
  const places = keys.map(key => {
    const place = index.get(key)
    if (place !== undefined) found.push({ key, place })
    return place
  })
  const values = (await readPinned(log, found)).values()
  return places.map(place => (place === undefined ? null : values.next().value!))
}

async function readPinned(log: Log, wanted: readonly Wanted[]): Promise<Uint8Array[]> {
  if (wanted.length === 0) return []
  log.pin()
  try {
    return await readValues(log, wanted)
  } finally {
    log.unpin()
  }
}
