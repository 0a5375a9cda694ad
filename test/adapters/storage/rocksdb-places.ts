import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkOpenOptions } from '../../../adapters/storage/adapter.ts'
import type {
  KeyValueAdapter,
  KeyValueCursor,
  KeyValueEntry,
  KeyValueOperation,
  KeyValueRange,
  KeyValueReader,
  KeyValueSnapshot,
  KeyValueStore
} from '../../../adapters/storage/key-value.ts'
import type { RocksDB } from '../../../adapters/storage/rocksdb/index.ts'
import { Turns } from '../../../adapters/storage/turns.ts'
import type { StoragePlace } from '../../../adapters/testing/index.ts'
import { AutobeeError } from '../../../src/index.ts'

/** What the stand-in stands in for has the same methods. */
export type Native = Omit<RocksDB, '_state' | '_snapshot'>

export const RocksDBNative = createRequire(import.meta.url)('rocksdb-native') as new (path: string) => Native

export async function openNative(path: string): Promise<Native> {
  const database = new RocksDBNative(path)
  await database.ready()
  return database
}

/** RocksDB as a key-value store: proves that the contract asks for what the real one gives. */
export async function rocksdbPlace(): Promise<StoragePlace> {
  const path = await mkdtemp(join(tmpdir(), 'autobee-rocksdb-'))
  return { adapter: rocksdb(path), destroy: () => rm(path, { recursive: true, force: true }) }
}

function rocksdb(path: string): KeyValueAdapter {
  const turns = new Turns()
  return {
    name: path,
    async openKeyValue(options = {}) {
      const { wait = false, readOnly = false } = checkOpenOptions(options)
      if (readOnly) throw new AutobeeError('NOT_SUPPORTED', 'not here')
      const turn = await turns.take({ wait })
      if (!turn) throw new AutobeeError('STORE_LOCKED', 'open already')
      return new RocksDBStore(await openNative(path), () => turn.end())
    }
  }
}

class Reader implements KeyValueReader {
  readonly #session: Native

  constructor(session: Native) {
    this.#session = session
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | null)[]> {
    checkOpen(this.#session)
    const batch = this.#session.read({ autoDestroy: true })
    const values = Promise.all(keys.map(key => batch.get(key)))
    batch.tryFlush()
    return values
  }

  entries(range: KeyValueRange): KeyValueCursor {
    checkOpen(this.#session)
    // the binding's iterator shows the moment of its first read
    return new Cursor(this.#session.snapshot(), range)
  }
}

class RocksDBStore extends Reader implements KeyValueStore {
  readonly #database: Native
  readonly #release: () => void
  readonly #cursors = new Set<Cursor>()
  #isClosed = false
  #last: Promise<unknown> = Promise.resolve()

  constructor(database: Native, release: () => void) {
    super(database)
    this.#database = database
    this.#release = release
  }

  override entries(range: KeyValueRange): KeyValueCursor {
    const cursor = super.entries(range) as Cursor
    this.#cursors.add(cursor)
    return cursor
  }

  /** One after the other: the binding's threads take batches in any order. */
  commit(operations: readonly KeyValueOperation[]): Promise<void> {
    if (this.#isClosed) return Promise.reject(closedError())
    const commit = this.#last.then(() => this.#write(operations))
    this.#last = commit.catch(() => {})
    return commit
  }

  async sync(): Promise<void> {
    checkOpen(this.#database)
    await this.#database.flush()
  }

  snapshot(): KeyValueSnapshot {
    checkOpen(this.#database)
    const session = this.#database.snapshot()
    const reader = new Reader(session)
    return {
      getMany: keys => reader.getMany(keys),
      entries: range => {
        const cursor = reader.entries(range) as Cursor
        this.#cursors.add(cursor)
        return cursor
      },
      close: () => void session.close()
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return this.#last as Promise<void>
    this.#isClosed = true
    this.#last = this.#last.then(async () => {
      // closing the database waits for its iterators
      for (const cursor of this.#cursors) cursor.close()
      await this.#database.close()
      this.#release()
    })
    await this.#last
  }

  async #write(operations: readonly KeyValueOperation[]): Promise<void> {
    const batch = this.#database.write({ autoDestroy: true })
    for (const operation of operations) {
      if (operation.type === 'put') batch.tryPut(operation.key, operation.value)
      else if (operation.type === 'delete') batch.tryDelete(operation.key)
      // the binding rejects a range that is the wrong way round, and every write after it
      else if (compare(operation.start, operation.end) < 0)
        batch.tryDeleteRange(operation.start, operation.end)
    }
    await batch.flush()
  }
}

class Cursor implements KeyValueCursor {
  readonly #session: Native
  readonly #entries: AsyncIterator<unknown>
  #isClosed = false

  constructor(session: Native, { start, end, reverse = false }: KeyValueRange) {
    this.#session = session
    const isEmpty = end && compare(start ?? new Uint8Array(0), end) >= 0
    this.#entries = isEmpty
      ? nothing()
      : session
          .iterator({ ...(start ? { gte: start } : {}), ...(end ? { lt: end } : {}), reverse })
          [Symbol.asyncIterator]()
  }

  async next(limit: number): Promise<readonly KeyValueEntry[]> {
    if (this.#isClosed) throw closedError()
    const page: KeyValueEntry[] = []
    while (page.length < limit) {
      const { done, value } = await this.#entries.next()
      if (done) break
      page.push(value as KeyValueEntry)
    }
    return page
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    void this.#entries.return?.()
    void this.#session.close()
  }
}

async function* nothing(): AsyncGenerator<KeyValueEntry, void> {}

function checkOpen(session: Native): void {
  const { closing } = (session as unknown as { _state: { closing: unknown } })._state
  if (closing || session._index === -1) throw closedError()
}

function closedError(): AutobeeError {
  return new AutobeeError('STORE_CLOSED', 'this store is closed')
}

function compare(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b)
}
