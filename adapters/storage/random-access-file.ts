import { AutobeeError } from '../../src/index.ts'
import type { LogFile } from './log/file.ts'

type Callback<T> = (error: Error | null, value?: T) => void

/**
 * What random-access-storage 1 to 3 have in common, as far as it is used here. `stat`, `truncate`, `suspend` and `close`
 * are used where they are there; without `truncate`, room is only given back by writing over it.
 */
export interface RandomAccessStorage {
  read(offset: number, size: number, callback: Callback<Uint8Array>): void
  // biome-ignore lint/suspicious/noExplicitAny: implementations ask for their own kind of Buffer
  write(offset: number, data: any, callback: Callback<unknown>): void
  stat(callback: Callback<{ size: number }>): void
  truncate?(offset: number, callback: Callback<unknown>): void
  suspend?(callback: Callback<unknown>): void
  close?(callback: Callback<unknown>): void
  readonly truncatable?: boolean
  readonly closed?: boolean
}

export interface RandomAccessFileOptions<S extends RandomAccessStorage> {
  /** What messages call it. */
  readonly name: string
  /** ms until a call that was not answered has failed. */
  readonly timeout: number
  readonly sync: ((storage: S) => Promise<void>) | undefined
}

/** A random-access storage as a file of the log. */
export class RandomAccessFile<S extends RandomAccessStorage> implements LogFile {
  readonly storage: S
  readonly sync?: () => Promise<void>
  readonly truncate?: (size: number) => Promise<void>
  readonly #options: RandomAccessFileOptions<S>
  #unanswered = 0

  constructor(storage: S, options: RandomAccessFileOptions<S>) {
    this.storage = storage
    this.#options = options
    const { sync } = options
    if (sync) this.sync = () => this.#limited('sync', sync(storage))
    if (canTruncate(storage)) {
      this.truncate = async size => {
        await this.#call('truncate', done => storage.truncate!(size, done))
      }
    }
  }

  async size(): Promise<number> {
    try {
      return (await this.#call<{ size: number }>('stat', done => this.storage.stat(done))).size
    } catch (error) {
      // random-access-file makes a file when it is written first
      if (AutobeeError.is(error) && codeOf(error.cause) === 'ENOENT') return 0
      throw error
    }
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    if (length === 0) return new Uint8Array(0)
    const bytes = await this.#call<Uint8Array>('read', done => this.storage.read(at, length, done))
    if (bytes.length !== length)
      throw this.#error('read', new Error(`${bytes.length} of ${length} bytes came back`))
    // a Buffer may be a view of a slab that others have a part of
    return new Uint8Array(bytes)
  }

  async write(at: number, bytes: Uint8Array): Promise<void> {
    await this.#call('write', done => this.storage.write(at, bufferOf(bytes), done))
  }

  /** `suspend`: so that the same object can be used again, where it has that; else it is left open. */
  async close({ suspend }: { suspend: boolean }): Promise<void> {
    const { storage } = this
    const close = suspend ? storage.suspend : storage.close
    if (!close) return
    // a storage waits with closing for all calls; one that never answers would keep its owner for ever
    if (this.#unanswered > 0) close.call(storage, noop)
    else await this.#call('close', done => close.call(storage, done))
  }

  async #call<T>(what: string, start: (done: Callback<T>) => void): Promise<T> {
    const call = new Promise<T>((resolve, reject) => {
      start((error, value) => (error ? reject(error) : resolve(value as T)))
    })
    return this.#limited(what, call)
  }

  async #limited<T>(what: string, call: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined
    let isLate = false
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        isLate = true
        this.#unanswered++
        call.catch(noop).finally(() => this.#unanswered--)
        reject(new Error(`no answer in ${this.#options.timeout} ms`))
      }, this.#options.timeout)
    })
    try {
      return await Promise.race([call, late])
    } catch (error) {
      throw isLate ? this.#lateError(what, error) : this.#error(what, error)
    } finally {
      clearTimeout(timer)
    }
  }

  /** What random-access-idb does when there is no room; nobody can tell, as browsers do not say how much there is. */
  #lateError(what: string, cause: unknown): AutobeeError {
    const { name } = this.#options
    const message = `${name} did not answer to ${what}; there may be no room left, or no Buffer for random-access-idb`
    return new AutobeeError('STORE_FAILED', message, { cause, reason: 'TIMEOUT' })
  }

  #error(what: string, cause: unknown): AutobeeError {
    const { name } = this.#options
    const code = codeOf(cause)
    if (FULL.includes(code))
      return new AutobeeError('STORE_FULL', `there is no room left for ${name}`, { cause })
    if (code === 'ELOCKED') {
      return new AutobeeError('STORE_LOCKED', `${name} is open in another process; close it there`, { cause })
    }
    const detail = cause instanceof Error ? cause.message : String(cause)
    return new AutobeeError('STORE_FAILED', `${what} of ${name} failed: ${detail}`, { cause })
  }
}

const FULL = ['ENOSPC', 'EDQUOT', 'QuotaExceededError']

function canTruncate(storage: RandomAccessStorage): boolean {
  // random-access-memory 6 cannot be cloned any more once it was truncated, which its `reusable()` does at every opening
  if (typeof (storage as { clone?: unknown }).clone === 'function') return false
  return typeof storage.truncate === 'function' && storage.truncatable !== false
}

/** random-access-idb needs methods that only a Buffer has; one is not a copy. */
function bufferOf(bytes: Uint8Array): Uint8Array {
  const { Buffer } = globalThis as {
    Buffer?: { from(b: ArrayBufferLike, at: number, length: number): Uint8Array }
  }
  return Buffer ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes
}

function codeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  return typeof code === 'string' ? code : String(name ?? '')
}

function noop(): void {}
