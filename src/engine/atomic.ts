/**
 * Leans on internals of hypercore, hypercore-storage and hyperbee2 (with core-internals.ts, store-traffic.ts and
 * block-cache.ts): one long-lived atom over the three own cores, so that everything a flush produces goes out in one write batch of the store.
 *
 * Traps it avoids (found by experiment, see docs/FORMAT.md for what is written):
 * - nothing may be written between start and end of the atom's flush, or it is lost silently: only the cycle
 *   writes, and it waits for {@link AtomicCores.commit};
 * - never write to a base session, and never close one atomized session alone;
 * - a stock flush also writes hints (three more batches); they are recomputed on open, so they are skipped;
 * - each append would read a bitfield page per written core, and each flush the dependency of each core, in batches
 *   of their own: both are known already (a third more appends per second), so they are not read;
 * - Hyperbee opens a plain session for a context it does not know, which would bypass the atom: its own context
 *   is registered under its own key, and its length is kept current (else it rewrites a user data record).
 */
import type Corestore from 'corestore'
import Hyperbee from 'hyperbee2'
import type Hypercore from 'hypercore'
import { AutobeeError, messageOf, toAutobeeError } from '../errors.ts'
import { hexOf } from '../keys.ts'
import { cacheBlocks } from './block-cache.ts'
import { keepHints, keepReads, skipHints, skipReads } from './store-traffic.ts'

/** Where a commit stands; a test kills the process at each of them. */
export type CommitPhase = 'before-batch' | 'after-batch'

export interface AtomicCoresOptions {
  readonly store: Corestore
  /** Base sessions, open: own oplog (null when this store has none to write to), view, system. */
  readonly oplog: Hypercore | null
  readonly view: Hypercore
  readonly system: Hypercore
  /** `sync`: every batch is on disk, not only in the operating system, before it counts as written. */
  readonly sync: boolean
  /** The store says that it was closed cleanly: that is to be untrue on disk before anyone hears of a new block. */
  readonly syncFirst: boolean
  readonly onphase: (phase: CommitPhase) => void
}

interface Batch {
  flush(): Promise<void>
}

interface Database {
  write(options: unknown): Batch
  flush(): Promise<void>
}

interface Atom {
  db: { write(options: unknown): Batch }
  flush(): Promise<void>
}

interface Storage {
  readonly db: Database
  createAtom(): Atom
}

interface SessionState {
  setUserData(key: string, value: Uint8Array): Promise<unknown>
}

interface BeeContext {
  length: number
  readonly core: Hypercore
  readonly other: Map<string, unknown>
  update(config: unknown): Promise<void>
}

/** Nodes kept decoded of the view, of up to 255 keys each: some 25 MB at most, and all of a view of 50,000 keys. */
const CACHED_NODES = 512
/** The same of the system tree: it is written at its end, and hardly read. */
const CACHED_SYSTEM_NODES = 64

export class AtomicCores {
  readonly view: Hyperbee
  readonly system: Hyperbee
  readonly #oplog: Hypercore | null
  readonly #sessions: readonly Hypercore[]
  readonly #bases: readonly Hypercore[]
  readonly #atom: Atom
  readonly #database: Database
  #committing = false
  #syncNext: boolean
  /** Lengths of the base cores after the last commit. */
  #committed: number[]

  private constructor(options: AtomicCoresOptions, atom: Atom, sessions: readonly Hypercore[]) {
    const storage = storageOf(options.store)
    this.#atom = atom
    this.#database = storage.db
    this.#syncNext = options.syncFirst
    this.#sessions = sessions
    this.#bases = [options.view, options.system, ...(options.oplog ? [options.oplog] : [])]
    this.#oplog = sessions[2] ?? null
    this.#committed = this.#bases.map(base => base.length)
    this.view = new Hyperbee(options.store, { core: sessions[0] as Hypercore, maxCacheSize: CACHED_NODES })
    this.system = new Hyperbee(options.store, {
      core: sessions[1] as Hypercore,
      maxCacheSize: CACHED_SYSTEM_NODES
    })
    cacheBlocks(this.view)
    atom.db = { write: settings => this.#batch(storage.db.write(settings), options) }
  }

  /** @throws AutobeeError `NOT_SUPPORTED` when the installed packages lack what this needs */
  static async open(options: AtomicCoresOptions): Promise<AtomicCores> {
    const storage = storageOf(options.store)
    if (typeof storage?.createAtom !== 'function' || typeof storage.db?.write !== 'function') {
      throw new AutobeeError(
        'NOT_SUPPORTED',
        'this corestore has no atomic writes; install corestore 7.12 or later'
      )
    }
    const atom = storage.createAtom()
    const bases = [options.view, options.system, ...(options.oplog ? [options.oplog] : [])]
    const sessions = bases.map(core => core.session({ atom }))
    await Promise.all(sessions.map(session => session.ready()))
    for (const base of bases) skipHints(base)
    for (const core of [...bases, ...sessions]) skipReads(core)
    const cores = new AtomicCores(options, atom, sessions)
    for (const bee of [cores.view, cores.system]) {
      await bee.ready()
      const context = contextOf(bee)
      await context.update(bee.config)
      context.other.set(hexOf((bee.core as Hypercore).key), context)
    }
    return cores
  }

  /** True while a commit puts its results into memory: growth of a base core then is our own. */
  get committing(): boolean {
    return this.#committing
  }

  get oplogLength(): number {
    return this.#oplog?.length ?? 0
  }

  /** Is a base core longer than the last commit left it? */
  hasGrown(base: Hypercore): boolean {
    const committed = this.#committed[this.#bases.indexOf(base)]
    return committed !== undefined && base.length > committed
  }

  async append(blocks: readonly Uint8Array[]): Promise<void> {
    if (!this.#oplog) throw new AutobeeError('NOT_WRITABLE', 'this store has no oplog to write to')
    await this.#oplog.append(blocks as Uint8Array[])
  }

  /** Puts a record beside the system core's blocks, in the atom. */
  async putRecord(name: string, value: Uint8Array): Promise<void> {
    const session = this.#sessions[1] as Hypercore
    await (session.state as unknown as SessionState).setUserData(name, value)
  }

  /** Call after each flush of a tree. */
  keepContext(bee: Hyperbee): void {
    const context = contextOf(bee)
    context.length = context.core.length
  }

  /**
   * Writes everything since the last commit in one batch. A failure leaves memory ahead of the store: the
   * caller closes and reopens.
   * @throws AutobeeError `WAITING` when an own core grew underneath (nothing is written), `STORE_FULL`,
   *   `STORE_CLOSED` or `STORE_FAILED`
   */
  async commit(): Promise<void> {
    if (this.#bases.some((base, i) => base.length !== this.#committed[i])) {
      throw new AutobeeError('WAITING', 'a peer is giving back a lost tail of an own core; append again', {
        reason: 'RECOVERING'
      })
    }
    this.#committing = true
    try {
      await this.#atom.flush()
      this.#committed = this.#bases.map(base => base.length)
    } catch (error) {
      throw storeError(error)
    } finally {
      this.#committing = false
    }
  }

  /** Brings what was committed from the operating system to the disk. */
  async sync(): Promise<void> {
    await this.#database.flush()
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#sessions.map(session => session.close()))
    for (const base of this.#bases) {
      keepHints(base)
      keepReads(base)
    }
  }

  #batch(batch: Batch, options: AtomicCoresOptions): Batch {
    const flush = async () => {
      options.onphase('before-batch')
      await batch.flush()
      if (options.sync || this.#syncNext) await this.#database.flush()
      this.#syncNext = false
      options.onphase('after-batch')
    }
    return new Proxy(batch, {
      get(target, name) {
        if (name === 'flush') return flush
        const value = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      }
    })
  }
}

/** A failed write of the store, by what the user can do about it. */
export function storeError(error: unknown): AutobeeError {
  if (AutobeeError.is(error)) return error
  if (error instanceof Error && AutobeeError.is(error.cause)) return error.cause
  // RocksDB says that the batch was not applied; why, its cause says
  const cause = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : ''
  const message = messageOf(error)
  if (/no space|ENOSPC|quota/i.test(`${message} ${cause}`)) {
    return new AutobeeError('STORE_FULL', 'the store has no room left; nothing of this write was kept', {
      cause: error
    })
  }
  if (/clos/i.test(message)) {
    return new AutobeeError('STORE_CLOSED', 'the store was closed underneath the database', { cause: error })
  }
  return toAutobeeError(error, { code: 'STORE_FAILED', message: 'the store could not write' })
}

function storageOf(store: Corestore): Storage {
  return store.storage as unknown as Storage
}

function contextOf(bee: Hyperbee): BeeContext {
  return bee.context as unknown as BeeContext
}
