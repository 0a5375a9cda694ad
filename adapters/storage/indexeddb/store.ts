import type { AutobeeError } from '../../../src/index.ts'
import type {
  KeyValueCursor,
  KeyValueOperation,
  KeyValueRange,
  KeyValueSnapshot,
  KeyValueStore
} from '../key-value.ts'
import { bytesOf, checkKey, checkOperation, ownOperation, sizeOf } from './bytes.ts'
import { Cursor, type CursorHost, checkRange } from './cursor.ts'
import { closedError } from './errors.ts'
import { Journal, type JournalLimits } from './journal.ts'
import type { Place } from './place.ts'
import { type Durability, STORES } from './requests.ts'
import { Table, type TableOptions } from './table.ts'
import { View } from './undo.ts'
import { Work } from './work.ts'
import { write } from './write.ts'

export interface StoreOptions extends TableOptions {
  readonly durability: Durability
  readonly journal: JournalLimits
  /** Bytes of a commit that goes to the entries at once: it would be too much to keep in memory, and to write twice. */
  readonly large: number
}

/** The record that `sync` writes. */
const SYNCED: KeyValueOperation = { type: 'put', key: bytesOf('synced'), value: new Uint8Array(0) }

/**
 * A {@link KeyValueStore} in IndexedDB. A commit is one record of a log; later, a little at a time, its operations go to
 * an object store with one record per entry. What is not there yet is in memory, a few MiB at most.
 */
export class IndexedDbStore implements KeyValueStore {
  readonly #place: Place
  readonly #durability: Durability
  readonly #large: number
  readonly #work: Work
  readonly #table: Table
  readonly #journal: Journal
  readonly #cursors = new Set<Cursor>()
  readonly #host: CursorHost
  /** The end of the last commit; never rejects. */
  #turn: Promise<void> = Promise.resolve()
  #closing: Promise<void> | null = null

  /** @throws AutobeeError `STORE_CORRUPT`, `STORE_FAILED`, `STORE_CLOSED` */
  static async open(place: Place, options: StoreOptions): Promise<IndexedDbStore> {
    const store = new IndexedDbStore(place, options)
    await store.#work.read(() => store.#journal.open())
    return store
  }

  private constructor(place: Place, options: StoreOptions) {
    const work = new Work(place)
    this.#place = place
    this.#durability = options.durability
    this.#large = options.large
    this.#work = work
    this.#table = new Table(place, { ...options, work })
    this.#journal = new Journal(place, { ...options, work, table: this.#table, limits: options.journal })
    this.#host = {
      get database() {
        return place.database
      },
      run: read => work.read(read),
      verified: () => work.ready(),
      closedError: () => this.#closedError(),
      onEnd: cursor => {
        this.#cursors.delete(cursor)
        this.#table.undo.release(cursor.view.segment)
      }
    }
  }

  get id(): string {
    return this.#place.id
  }

  get epoch(): number {
    return this.#place.owner.epoch
  }

  /** Bytes that the cache takes now. */
  get cachedBytes(): number {
    return this.#table.reads.cachedBytes
  }

  async commit(operations: readonly KeyValueOperation[]): Promise<void> {
    this.#check()
    for (const operation of operations) checkOperation(operation)
    if (operations.length === 0) return
    const owned = operations.map(ownOperation)
    const bytes = owned.reduce((sum, operation) => sum + sizeOf(operation), 0)
    await this.#inTurn(async () => {
      if (bytes < this.#large) return this.#journal.commit(owned)
      await this.#journal.empty()
      await this.#table.commit(owned, { durability: this.#durability })
    })
  }

  async sync(): Promise<void> {
    this.#check()
    await this.#inTurn(() =>
      this.#work.write(() => {
        const { database, owner } = this.#place
        return write(database, [SYNCED], { owner, durability: 'strict', store: STORES.meta })
      })
    )
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | null)[]> {
    this.#check()
    for (const key of keys) checkKey(key)
    return this.#work.read(() => this.#table.reads.many(keys, key => this.#journal.find(key)))
  }

  entries(range: KeyValueRange): KeyValueCursor {
    this.#check()
    checkRange(range)
    return this.#cursor(this.#view(), range)
  }

  snapshot(): KeyValueSnapshot {
    this.#check()
    const view = this.#view()
    const { undo, reads } = this.#table
    let isOpen = true
    const check = () => {
      this.#check()
      if (!isOpen) throw this.#closedError()
    }
    return {
      getMany: async keys => {
        check()
        for (const key of keys) checkKey(key)
        view.segment.uses++
        const read = this.#work.read(() => reads.many(keys, key => view.find(key)))
        return read.finally(() => undo.release(view.segment))
      },
      entries: range => {
        check()
        checkRange(range)
        view.segment.uses++
        return this.#cursor(view, range)
      },
      close: () => {
        if (isOpen) undo.release(view.segment)
        isOpen = false
      }
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#turn
    await this.#journal.stop()
    await this.#work.settled()
    for (const cursor of [...this.#cursors]) cursor.close()
    await this.#place.close()
    this.#table.reads.forget()
  }

  /** All as it is now, for as long as its segment is not released. */
  #view(): View {
    return new View(this.#table.undo.open(), this.#journal.copy())
  }

  #cursor(view: View, range: KeyValueRange): Cursor {
    const cursor = new Cursor(this.#host, view, range)
    this.#cursors.add(cursor)
    return cursor
  }

  #check(): void {
    if (this.#place.failure) throw this.#place.failure
    if (this.#closing) throw this.#closedError()
  }

  #closedError(): AutobeeError {
    return this.#place.failure ?? closedError(this.#place.name)
  }

  /** Commits and syncs, one after the other in the order of their calls. */
  #inTurn(run: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(run)
    this.#turn = done.catch(noop)
    return done
  }
}

function noop(): void {}
