import type { AutobeeError } from '../../../src/index.ts'
import type {
  KeyValueCursor,
  KeyValueOperation,
  KeyValueRange,
  KeyValueSnapshot,
  KeyValueStore
} from '../key-value.ts'
import { bytesOf, checkKey, checkOperation, ownBytes } from './bytes.ts'
import { Cursor, type CursorHost, checkRange } from './cursor.ts'
import {
  ConnectionLost,
  closedError,
  corruptError,
  isConnectionLost,
  lostError,
  NotOwner,
  storeError,
  takenOver
} from './errors.ts'
import { verify } from './lease.ts'
import { NotBytes } from './pages.ts'
import type { Place } from './place.ts'
import { attach, noteRanges, type Piece } from './range-undo.ts'
import { Reads } from './reads.ts'
import { type Durability, STORES } from './requests.ts'
import { freeSpill } from './spills.ts'
import { Old, type Segment, type Spill, Undo } from './undo.ts'
import { Effects, write } from './write.ts'

export interface StoreOptions {
  readonly durability: Durability
  /** Bytes of the read cache. */
  readonly cacheBytes: number
  /** Bytes of a deleted range that are kept in memory for open snapshots; what is beyond goes to disk. */
  readonly undoBytes: number
}

/** The record that `sync` writes. */
const SYNCED: KeyValueOperation = { type: 'put', key: bytesOf('synced'), value: new Uint8Array(0) }

/** A {@link KeyValueStore} in an object store: one record per entry, one transaction per commit. */
export class IndexedDbStore implements KeyValueStore {
  readonly #place: Place
  readonly #options: StoreOptions
  readonly #undo = new Undo(spill => void this.#free(spill))
  readonly #reads: Reads
  readonly #cursors = new Set<Cursor>()
  readonly #running = new Set<Promise<unknown>>()
  readonly #host: CursorHost
  /** The end of the last commit; never rejects. */
  #turn: Promise<void> = Promise.resolve()
  #closing: Promise<void> | null = null
  #spills = 0

  constructor(place: Place, options: StoreOptions) {
    this.#place = place
    this.#options = options
    this.#reads = new Reads(place, { undo: this.#undo, cacheBytes: options.cacheBytes })
    this.#host = {
      undo: this.#undo,
      get database() {
        return place.database
      },
      run: read => this.#run(read),
      closedError: () => this.#closedError(),
      onEnd: cursor => {
        this.#cursors.delete(cursor)
        this.#undo.release(cursor.segment)
      }
    }
  }

  /** Bytes that the cache takes now. */
  get cachedBytes(): number {
    return this.#reads.cachedBytes
  }

  async commit(operations: readonly KeyValueOperation[]): Promise<void> {
    this.#check()
    for (const operation of operations) checkOperation(operation)
    if (operations.length === 0) return
    const owned = operations.map(ownOperation)
    await this.#inTurn(() => this.#writing(() => this.#commit(owned)))
  }

  async sync(): Promise<void> {
    this.#check()
    await this.#inTurn(() =>
      this.#writing(async () => {
        const { database, owner } = this.#place
        await write(database, [SYNCED], { owner, durability: 'strict', store: STORES.meta })
      })
    )
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | null)[]> {
    this.#check()
    for (const key of keys) checkKey(key)
    return this.#run(() => this.#reads.many(keys, null))
  }

  entries(range: KeyValueRange): KeyValueCursor {
    this.#check()
    checkRange(range)
    return this.#cursor(this.#undo.open(), range)
  }

  snapshot(): KeyValueSnapshot {
    this.#check()
    const segment = this.#undo.open()
    let isOpen = true
    const check = () => {
      this.#check()
      if (!isOpen) throw this.#closedError()
    }
    return {
      getMany: async keys => {
        check()
        for (const key of keys) checkKey(key)
        segment.uses++
        return this.#run(() => this.#reads.many(keys, segment)).finally(() => this.#undo.release(segment))
      },
      entries: range => {
        check()
        checkRange(range)
        segment.uses++
        return this.#cursor(segment, range)
      },
      close: () => {
        if (isOpen) this.#undo.release(segment)
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
    await Promise.allSettled(this.#running)
    for (const cursor of [...this.#cursors]) cursor.close()
    await this.#place.close()
    this.#reads.forget()
  }

  #cursor(segment: Segment, range: KeyValueRange): Cursor {
    const cursor = new Cursor(this.#host, segment, range)
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

  /** In the turn of the call if the database can be used at once, so that a read is of that moment. */
  #run<T>(read: () => Promise<T>): Promise<T> {
    const running = this.#attempt(read)
    this.#running.add(running)
    const forget = () => this.#running.delete(running)
    running.then(forget, forget)
    return running
  }

  async #attempt<T>(read: () => Promise<T>): Promise<T> {
    for (let isSecond = false; ; isSecond = true) {
      for (let wait = this.#place.ready(); wait; wait = this.#place.ready()) await wait
      const { database } = this.#place
      try {
        const result = await read()
        this.#place.worked()
        return result
      } catch (error) {
        if (isSecond || !isConnectionLost(error)) throw this.#errorOf(error)
        this.#place.lost(error, database)
      }
    }
  }

  /** Commits and syncs, one after the other in the order of their calls. */
  #inTurn(run: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(run)
    this.#turn = done.catch(noop)
    return done
  }

  async #readyToWrite(): Promise<void> {
    const ready = () => this.#place.ready({ toWrite: true })
    for (let wait = ready(); wait; wait = ready()) await wait
  }

  async #commit(operations: readonly KeyValueOperation[]): Promise<void> {
    const effects = new Effects(operations)
    await this.#readyToWrite()
    const pieces = await this.#note(effects)
    await this.#readyToWrite()
    // from here to the transaction in one turn: who reads or takes a snapshot does so before the commit, or after it
    const { database, owner } = this.#place
    let settle = () => {}
    const settled = new Promise<void>(resolve => {
      settle = resolve
    })
    const captures = this.#capture(effects, { pieces, settled })
    this.#reads.commitBegins(effects)
    let tookEffect = false
    try {
      const { durability } = this.#options
      await write(database, operations, { owner, durability, captures, store: STORES.entries })
      tookEffect = true
    } finally {
      for (const [, old] of captures) old.giveUp()
      this.#reads.commitEnds({ tookEffect })
      settle()
    }
  }

  /** What is deleted in ranges under open snapshots. */
  async #note({ ranges }: Effects): Promise<readonly Piece[]> {
    if (ranges.length === 0 || !this.#undo.newest) return []
    return this.#run(() =>
      noteRanges(ranges, {
        database: () => this.#place.database,
        owner: this.#place.owner,
        memory: this.#options.undoBytes,
        nextSpill: () => ({ number: this.#spills++ })
      })
    )
  }

  /** What open snapshots have to know of the keys that are about to be overwritten, as far as it must be read first. */
  #capture(
    { values }: Effects,
    { pieces, settled }: { pieces: readonly Piece[]; settled: Promise<void> }
  ): [Uint8Array, Old][] {
    const segment = this.#undo.newest
    if (!segment) {
      for (const { spill } of pieces) if (spill) void this.#free(spill)
      return []
    }
    attach(pieces, segment)
    const unknown: [Uint8Array, Old][] = []
    for (const text of values.keys()) {
      if (segment.find(text)) continue
      const old = new Old(this.#reads.known(text), settled)
      segment.note(text, old)
      if (old.value === undefined) unknown.push([bytesOf(text), old])
    }
    return unknown
  }

  /** Again, once, if the connection was gone before anything was asked of it. */
  async #writing(run: () => Promise<void>): Promise<void> {
    for (let isSecond = false; ; isSecond = true) {
      await this.#readyToWrite()
      const { database } = this.#place
      try {
        await run()
        this.#place.confirm()
        return
      } catch (error) {
        if (isSecond || !(error instanceof ConnectionLost) || !error.hadNotBegun)
          throw await this.#failedWrite(error, database)
        this.#place.lost(error, database)
      }
    }
  }

  /**
   * A transaction that was aborted had no effect. Whether one had whose connection went, nobody knows: the store fails,
   * and the next opening tells.
   */
  async #failedWrite(error: unknown, database: IDBDatabase): Promise<AutobeeError> {
    const place = this.#place
    if (error instanceof NotOwner) place.fail(takenOver(place.name))
    const failure = this.#errorOf(error)
    if (failure.code === 'STORE_FULL' || place.failure) return place.failure ?? failure
    try {
      await verify(database, place.owner)
    } catch {
      place.fail(lostError(place.name, error))
    }
    return place.failure ?? failure
  }

  #errorOf(error: unknown): AutobeeError {
    if (error instanceof NotBytes) return corruptError(this.#place.name, 'an entry')
    return storeError(error, this.#place.name)
  }

  /** Should it not work, the next opening throws all spills away. */
  async #free(spill: Spill): Promise<void> {
    try {
      await freeSpill(this.#place.database, { spill, owner: this.#place.owner })
    } catch {}
  }
}

function ownOperation(operation: KeyValueOperation): KeyValueOperation {
  if (operation.type === 'put')
    return { type: 'put', key: ownBytes(operation.key), value: ownBytes(operation.value) }
  if (operation.type === 'delete') return { type: 'delete', key: ownBytes(operation.key) }
  return { type: 'delete-range', start: ownBytes(operation.start), end: ownBytes(operation.end) }
}

function noop(): void {}
