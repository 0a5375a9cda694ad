import type { AutobeeError } from '../../../src/index.ts'
import type {
  KeyValueCursor,
  KeyValueOperation,
  KeyValueRange,
  KeyValueSnapshot,
  KeyValueStore
} from '../key-value.ts'
import { type Guard, LogCursor, readKeys } from './cursor.ts'
import { closedError } from './errors.ts'
import type { LogFiles } from './file.ts'
import { Maintenance } from './maintenance.ts'
import { checkOperations } from './operations.ts'
import { recover } from './recovery.ts'
import { LogSnapshot } from './snapshot.ts'

export interface LogStoreOptions {
  /** Bytes of values that are kept in memory. Default 4 MiB. */
  cacheBytes?: number | undefined
  /** Syncs after every commit, where the place can. Default false. */
  strict?: boolean | undefined
  /** Garbage that is never worth a compaction, bytes. Default 1 MiB. */
  minGarbage?: number | undefined
  /** Bytes that an opening reads at once, default 1 MiB, and a compaction copies at once, default 256 KiB. */
  chunk?: number | undefined
  /** ms, of a clock that never goes back. Default `performance.now`. */
  now?: (() => number) | undefined
  /** A compaction failed: the store goes on, and grows until the next one. */
  onCompactionError?: ((error: AutobeeError) => void) | undefined
}

/** What a store holds and takes. */
export interface LogStats {
  readonly keys: number
  /** Of the log that counts. */
  readonly bytes: number
  /** What of it is not garbage. */
  readonly liveBytes: number
  /** Of values in memory. */
  readonly cachedBytes: number
  readonly generation: number
}

/** A key-value store in a checksummed log: keys in memory with the place of their value, values in the file. */
export class LogStore implements KeyValueStore {
  readonly #files: LogFiles
  readonly #maintenance: Maintenance
  readonly #strict: boolean
  readonly #reading = new Set<Promise<unknown>>()
  readonly #guard: Guard = { check: () => this.#checkOpen(), track: reading => this.#track(reading) }
  #last: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | null = null

  private constructor(files: LogFiles, maintenance: Maintenance, strict: boolean) {
    this.#files = files
    this.#maintenance = maintenance
    this.#strict = strict
  }

  /**
   * Opens the store in these files, creating it when they are empty. They are closed with the store, or when it cannot
   * be opened.
   * @throws AutobeeError `STORE_CORRUPT`, `STORE_FULL`, `STORE_LOCKED`, `STORE_FAILED`
   */
  static async open(files: LogFiles, options: LogStoreOptions = {}): Promise<LogStore> {
    const { cacheBytes = 4 * 1024 * 1024, minGarbage = 1024 * 1024, chunk, strict = false } = options
    const { now = () => performance.now(), onCompactionError = noop } = options
    const recovery = { cacheBytes, now, chunk }
    try {
      const maintenance = new Maintenance(files, await recover(files, recovery), {
        recovery,
        minGarbage,
        exclusively: task => store.#enqueue(task),
        onerror: onCompactionError
      })
      const store = new LogStore(files, maintenance, strict)
      return store
    } catch (error) {
      // that it could not be opened is the error to tell
      await files.close().catch(noop)
      throw error
    }
  }

  get stats(): LogStats {
    const { index, end, cache, header } = this.#maintenance.log
    return {
      keys: index.size,
      bytes: end,
      liveBytes: index.liveBytes,
      cachedBytes: cache.bytes,
      generation: header.generation
    }
  }

  async commit(operations: readonly KeyValueOperation[]): Promise<void> {
    this.#checkOpen()
    checkOperations(operations)
    if (operations.length === 0) return
    await this.#enqueue(() => this.#maintenance.log.append(operations, { sync: this.#strict }))
    this.#maintenance.evaluate()
  }

  async sync(): Promise<void> {
    this.#checkOpen()
    await this.#enqueue(() => this.#maintenance.log.sync())
    this.#maintenance.evaluate()
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | null)[]> {
    this.#checkOpen()
    const { log } = this.#maintenance
    return this.#track(readKeys(log, { index: log.index, keys }))
  }

  entries(range: KeyValueRange): KeyValueCursor {
    this.#checkOpen()
    const { log } = this.#maintenance
    return new LogCursor(log, { index: log.index.clone(), range, guard: this.#guard })
  }

  snapshot(): KeyValueSnapshot {
    this.#checkOpen()
    return new LogSnapshot(this.#maintenance.log, this.#guard)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#last
    await this.#maintenance.stop()
    await Promise.allSettled(this.#reading)
    try {
      await this.#settle()
    } finally {
      await this.#files.close()
    }
  }

  /** With a last record that says that all before it is safe, damage to any of it is found at the next opening. */
  async #settle(): Promise<void> {
    const { log } = this.#maintenance
    if (log.broken) return
    await log.sync()
    await this.#maintenance.finish()
    if (log.hasNews) await log.append([]).catch(noop)
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#last.then(task)
    this.#last = run.catch(noop)
    return run
  }

  #track<T>(reading: Promise<T>): Promise<T> {
    const done = reading.finally(() => this.#reading.delete(done))
    this.#reading.add(done)
    return done
  }

  #checkOpen(): void {
    if (this.#closing) throw closedError()
  }
}

function noop(): void {}
