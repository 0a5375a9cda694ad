/**
 * Leans on internals of hypercore-storage as engine/atomic.ts does: one atom over one core, so that a step's blocks and
 * the mark that speaks of them are one write batch, which is on disk before any peer hears of them. A reader that has a
 * block which a power cut takes from its writer would make a fork of the core.
 */
import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import { storeError } from '../engine/atomic.ts'
import { AutobeeError } from '../errors.ts'

interface Batch {
  flush(): Promise<void>
}

interface Storage {
  readonly db: { write(options: unknown): Batch; flush(): Promise<void> }
  createAtom?(): { db: { write(options: unknown): Batch }; flush(): Promise<void> }
}

export class AtomicCore {
  /** What is written to it waits for {@link commit}. */
  readonly session: Hypercore
  readonly #base: Hypercore
  readonly #atom: { flush(): Promise<void> }
  #length: number
  #isCommitting = false

  private constructor(base: Hypercore, session: Hypercore, atom: { flush(): Promise<void> }) {
    this.#base = base
    this.session = session
    this.#atom = atom
    this.#length = base.length
  }

  /** @throws AutobeeError `NOT_SUPPORTED` when the installed packages lack what this needs */
  static async open(store: Corestore, base: Hypercore): Promise<AtomicCore> {
    const storage = store.storage as unknown as Storage
    if (typeof storage.createAtom !== 'function' || typeof storage.db?.flush !== 'function') {
      throw new AutobeeError(
        'NOT_SUPPORTED',
        'this corestore has no atomic writes; install corestore 7.12 or later'
      )
    }
    const atom = storage.createAtom()
    atom.db = { write: options => synced(storage.db.write(options), storage.db) }
    const session = base.session({ atom })
    await session.ready()
    return new AtomicCore(base, session, atom)
  }

  /** Did the core under it change in another way? Then nothing may be committed, and it has to be opened anew. */
  get isStale(): boolean {
    return !this.#isCommitting && this.#base.length !== this.#length
  }

  /**
   * Resolves when all that was written to the session is on disk; peers hear of it then. After a failure it has to be
   * opened anew.
   * @throws AutobeeError `WAITING` when the core changed underneath (nothing is written), `STORE_FULL`, `STORE_CLOSED`,
   *   `STORE_FAILED`
   */
  async commit(): Promise<void> {
    if (this.isStale) {
      throw new AutobeeError('WAITING', 'a reader is giving back a lost tail of the published core', {
        reason: 'RECOVERING'
      })
    }
    this.#isCommitting = true
    try {
      await this.#atom.flush()
      this.#length = this.#base.length
    } catch (error) {
      throw storeError(error)
    } finally {
      this.#isCommitting = false
    }
  }

  /** What was not committed is dropped. */
  close(): Promise<void> {
    return this.session.close()
  }
}

function synced(batch: Batch, database: { flush(): Promise<void> }): Batch {
  const flush = async () => {
    await batch.flush()
    await database.flush()
  }
  return new Proxy(batch, {
    get(target, name) {
      if (name === 'flush') return flush
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    }
  })
}
