import type { KeyValueOperation } from '../key-value.ts'
import { NotOwner } from './errors.ts'
import { bytesIn, NotBytes } from './pages.ts'
import type { Place } from './place.ts'
import { begin, completed, type Durability, read, STORES } from './requests.ts'
import { lengthen, shorten } from './runs.ts'
import { isSameOwner } from './write.ts'

/** Bytes of a record, about; a commit takes as many as it needs. Chromium puts larger values into files of their own. */
const RECORD = 48 * 1024

/** What a record costs when it is read, beside its bytes, in bytes. */
const OVERHEAD = 512

/** Records read at once when a store is opened. */
const AT_ONCE = 256

/** Of an operation: its type, and the lengths of its two strings of bytes. */
const HEADER = 9

const TYPES = ['put', 'delete', 'delete-range'] as const

const NOTHING = new Uint8Array(0)

/**
 * Commits that are not among the entries yet, each as one record, or a few in one transaction: for IndexedDB a record of a
 * hundred operations costs as much as one of a single one, and a tenth of what a record for each of them would.
 *
 * Records are numbered without gaps, and only ever added, so that the owner is checked by IndexedDB itself, without a
 * question and its answer: who takes the store over leaves an empty record, a fence, where its predecessor would add its
 * next one. Fences stay for good.
 */
export class Log {
  readonly #place: Place
  readonly #durability: Durability
  readonly #fences: number[] = []
  #next = 1
  #trimmed = 0

  constructor(place: Place, durability: Durability) {
    this.#place = place
    this.#durability = durability
  }

  /** The number of the last record. */
  get last(): number {
    return this.#next - 1
  }

  /** Calls back with what is in the log, in order, and with its bytes. Called again after an error, it goes on. */
  async replay(apply: (operations: readonly KeyValueOperation[], bytes: number) => void): Promise<void> {
    const [trimmed = 0] = await read<unknown>(this.#place.database, [STORES.meta], transaction => [
      transaction.objectStore(STORES.meta).get('trimmed')
    ])
    this.#trimmed = numberIn(trimmed)
    this.#next = Math.max(this.#next, this.#trimmed + 1)
    for (let isLast = false; !isLast; ) {
      const range = IDBKeyRange.lowerBound(this.#next)
      const [keys = [], records = []] = await read<unknown[]>(
        this.#place.database,
        [STORES.log],
        transaction => {
          const log = transaction.objectStore(STORES.log)
          return [log.getAllKeys(range, AT_ONCE) as IDBRequest<unknown[]>, log.getAll(range, AT_ONCE)]
        }
      )
      for (const [i, record] of records.entries()) {
        const short = bytesIn(record) ?? NOTHING
        const bytes = lengthen(short)
        if (numberIn(keys[i]) !== this.#next) throw new NotBytes()
        if (bytes.length === 0) this.#fences.push(this.#next)
        apply(unpack(bytes), short.length + OVERHEAD)
        this.#next++
      }
      isLast = keys.length < AT_ONCE
    }
  }

  /** Resolves when the operations are committed, all or none, to their bytes. One at a time. @throws NotOwner */
  async append(operations: readonly KeyValueOperation[]): Promise<number> {
    const records = pack(operations)
    const options = { mode: 'readwrite', durability: this.#durability } as const
    const transaction = begin(this.#place.database, [STORES.log], options)
    const log = transaction.objectStore(STORES.log)
    for (const [i, record] of records.entries()) log.add(record, this.#next + i)
    // one that cannot be added aborts them all, also when nobody waits for it
    transaction.commit()
    await completed(transaction).catch(error => {
      // Firefox aborts without saying so: see `Work`, which asks who the owner is
      throw error instanceof DOMException && error.name === 'ConstraintError' ? new NotOwner() : error
    })
    // only now: after a failure the next one must not pass by a fence
    this.#next += records.length
    return records.reduce((sum, { length }) => sum + length + OVERHEAD, 0)
  }

  /** Removes the records up to this one: they are among the entries. @throws NotOwner */
  async trim(last: number): Promise<void> {
    if (last <= this.#trimmed) return
    const { database, owner } = this.#place
    const options = { mode: 'readwrite', durability: this.#durability } as const
    const transaction = begin(database, [STORES.log, STORES.meta], options)
    const meta = transaction.objectStore(STORES.meta)
    let isOurs = true
    const asked = meta.get('owner')
    asked.onsuccess = () => {
      isOurs = isSameOwner(asked.result, owner)
      if (isOurs) transaction.commit()
      else transaction.abort()
    }
    meta.put(last, 'trimmed')
    let from = this.#trimmed + 1
    for (const fence of [...this.#fences.filter(fence => fence >= from && fence <= last), last + 1]) {
      if (from < fence)
        transaction.objectStore(STORES.log).delete(IDBKeyRange.bound(from, fence, false, true))
      from = fence + 1
    }
    await completed(transaction).catch(error => {
      throw isOurs ? error : new NotOwner()
    })
    this.#trimmed = last
  }
}

/** Puts a fence where the owner up to now would add its next record; part of taking a store over. */
export function fence(transaction: IDBTransaction): void {
  const log = transaction.objectStore(STORES.log)
  const trimmed = transaction.objectStore(STORES.meta).get('trimmed')
  const last = log.openKeyCursor(null, 'prev')
  last.onsuccess = () => {
    const numbers = [trimmed.result ?? 0, last.result?.primaryKey ?? 0].filter(one => typeof one === 'number')
    log.add(NOTHING, Math.max(...numbers) + 1)
  }
}

function numberIn(value: unknown): number {
  if (typeof value !== 'number') throw new NotBytes()
  return value
}

function pack(operations: readonly KeyValueOperation[]): Uint8Array<ArrayBuffer>[] {
  const records: Uint8Array<ArrayBuffer>[] = []
  let from = 0
  let size = 0
  for (const [i, operation] of operations.entries()) {
    const [first, second] = stringsOf(operation)
    size += HEADER + first.length + second.length
    if (size < RECORD && i < operations.length - 1) continue
    records.push(shorten(packed(operations.slice(from, i + 1), size)))
    from = i + 1
    size = 0
  }
  return records
}

function packed(operations: readonly KeyValueOperation[], size: number): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(size)
  const view = new DataView(record.buffer)
  let at = 0
  for (const operation of operations) {
    const [first, second] = stringsOf(operation)
    view.setUint8(at, TYPES.indexOf(operation.type))
    view.setUint32(at + 1, first.length)
    view.setUint32(at + 5, second.length)
    record.set(first, at + HEADER)
    record.set(second, at + HEADER + first.length)
    at += HEADER + first.length + second.length
  }
  return record
}

function unpack(record: Uint8Array): KeyValueOperation[] {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength)
  const operations: KeyValueOperation[] = []
  for (let at = 0; at < record.length; ) {
    if (at + HEADER > record.length) throw new NotBytes()
    const type = TYPES[view.getUint8(at)]
    const middle = at + HEADER + view.getUint32(at + 1)
    const end = middle + view.getUint32(at + 5)
    if (end > record.length) throw new NotBytes()
    const first = record.slice(at + HEADER, middle)
    const second = record.slice(middle, end)
    if (type === 'put') operations.push({ type, key: first, value: second })
    else if (type === 'delete') operations.push({ type, key: first })
    else if (type === 'delete-range') operations.push({ type, start: first, end: second })
    else throw new NotBytes()
    at = end
  }
  return operations
}

function stringsOf(operation: KeyValueOperation): readonly [Uint8Array, Uint8Array] {
  if (operation.type === 'put') return [operation.key, operation.value]
  if (operation.type === 'delete') return [operation.key, NOTHING]
  return [operation.start, operation.end]
}
