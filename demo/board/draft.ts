import b4a from 'b4a'
import type { HyperbeeView } from '../../src/index.ts'
import { COUNTS } from './keys.ts'
import { NO_COUNTS } from './model.ts'
import type { Counts } from './records.ts'

/** Records of the view as one unit leaves them, each read once; written as one batch at the end, those that are others by then. */
export class Draft {
  readonly #view: HyperbeeView
  readonly #records = new Map<string, object | null>()
  readonly #changed = new Set<string>()
  /** As they were read. */
  readonly #before = new Map<string, string>()

  constructor(view: HyperbeeView) {
    this.#view = view
  }

  async get<T extends object>(key: string): Promise<T | null> {
    const known = this.#records.get(key)
    if (known !== undefined) return known as T | null
    const entry = await this.#view.get(b4a.from(key))
    const text = entry && b4a.toString(entry.value)
    if (text !== null) this.#before.set(key, text)
    const record = text === null ? null : (JSON.parse(text) as T)
    this.#records.set(key, record)
    return record
  }

  /** @param record null: there is none any more */
  put<T extends object>(key: string, record: T | null): void {
    this.#records.set(key, record)
    this.#changed.add(key)
  }

  /** The first keys of a range. @param prefix ends with `/` */
  async keys(prefix: string, { limit }: { limit: number }): Promise<string[]> {
    const found = new Set<string>()
    for (const key of this.#changed) if (key.startsWith(prefix) && this.#records.get(key)) found.add(key)
    let count = 0
    const range = { gte: b4a.from(prefix), lt: b4a.from(`${prefix.slice(0, -1)}0`) }
    for await (const entry of this.#view.createReadStream(range)) {
      const key = b4a.toString(entry.key)
      if (this.#records.get(key) === null) continue
      found.add(key)
      if (++count === limit) break
    }
    return [...found].sort().slice(0, limit)
  }

  async counts(): Promise<Counts> {
    return (await this.get<Counts>(COUNTS)) ?? NO_COUNTS
  }

  /** @param changes what to add */
  async count(changes: Partial<Counts>): Promise<void> {
    const counts: Record<keyof Counts, number> = { ...(await this.counts()) }
    for (const [name, change] of Object.entries(changes)) counts[name as keyof Counts] += change
    this.put(COUNTS, counts)
  }

  async flush(): Promise<void> {
    if (this.#changed.size === 0) return
    const batch = this.#view.write()
    for (const key of this.#changed) {
      const record = this.#records.get(key)
      const text = record ? JSON.stringify(record) : null
      if (text !== null && text === this.#before.get(key)) continue
      if (text !== null) batch.tryPut(b4a.from(key), b4a.from(text))
      else batch.tryDelete(b4a.from(key))
    }
    await batch.flush()
  }
}
