import { AutobeeError } from '../../../src/index.ts'
import {
  ConnectionLost,
  corruptError,
  isConnectionLost,
  lostError,
  NotOwner,
  PutAside,
  storeError,
  takenOver
} from './errors.ts'
import { verify } from './lease.ts'
import { NotBytes } from './pages.ts'
import type { Place } from './place.ts'

/** Runs reads and writes in a place, through lost connections, and turns what goes wrong into typed errors. */
export class Work {
  readonly #place: Place
  readonly #running = new Set<Promise<unknown>>()

  constructor(place: Place) {
    this.#place = place
  }

  /** In the turn of the call if the database can be used at once, so that what it reads is of that moment. */
  read<T>(read: () => Promise<T>): Promise<T> {
    const running = this.#attempt(read)
    this.#running.add(running)
    const forget = () => this.#running.delete(running)
    running.then(forget, forget)
    return running
  }

  /** Resolves when the database can be used, and is known to be ours. */
  async ready(): Promise<void> {
    for (let wait = this.#place.ready(); wait; wait = this.#place.ready()) await wait
  }

  /** Again, once, if the connection was gone before anything was asked of it; each time that the page was put aside. */
  async write(write: () => Promise<void>): Promise<void> {
    for (let isSecond = false; ; ) {
      // what is ready is so in this turn only
      const ready = () => this.#place.ready({ toWrite: true })
      for (let wait = ready(); wait; wait = ready()) await wait
      const { database } = this.#place
      const since = this.#place.now()
      try {
        await write()
        this.#place.confirm(since)
        return
      } catch (error) {
        if (isSecond || !(error instanceof ConnectionLost) || !error.hadNoEffect)
          throw await this.#failedWrite(error, database)
        isSecond = !(error instanceof PutAside)
        this.#place.lost(error, database)
      }
    }
  }

  /** Resolves when all reads that run have come to their end, and those that followed from them. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
  }

  errorOf(error: unknown): AutobeeError {
    if (error instanceof NotBytes) return corruptError(this.#place.name, 'an entry')
    return storeError(error, this.#place.name)
  }

  async #attempt<T>(read: () => Promise<T>): Promise<T> {
    for (let isSecond = false; ; ) {
      for (let wait = this.#place.ready(); wait; wait = this.#place.ready()) await wait
      const { database } = this.#place
      try {
        const result = await read()
        this.#place.worked()
        return result
      } catch (error) {
        if (isSecond || !isConnectionLost(error)) throw this.errorOf(error)
        isSecond = !(error instanceof PutAside)
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
    else if (!(error instanceof Error && error.name === 'QuotaExceededError'))
      await this.#examine(error, database)
    if (place.failure) return place.failure
    if (!isConnectionLost(error)) return this.errorOf(error)
    const message = `the store ${place.name} failed: the browser broke off what was being written, and nothing of it is there`
    return new AutobeeError('STORE_FAILED', message, { cause: error })
  }

  /** Not all browsers say why they aborted. */
  async #examine(cause: unknown, database: IDBDatabase): Promise<void> {
    const place = this.#place
    try {
      if (!(await verify(database, place.owner))) place.fail(takenOver(place.name))
    } catch {
      place.fail(lostError(place.name, cause))
    }
  }
}
