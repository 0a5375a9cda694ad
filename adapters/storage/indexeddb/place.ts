import type { AutobeeError } from '../../../src/index.ts'
import { acquire, type Holding } from './acquire.ts'
import { connect } from './connection.ts'
import type { Environment } from './environment.ts'
import {
  ConnectionLost,
  closedError,
  deletedError,
  isConnectionLost,
  lostError,
  storeError,
  takenOver
} from './errors.ts'
import { beat, release, verify } from './lease.ts'
import { type Lock, takeLock } from './lock.ts'
import { PageLife } from './page-life.ts'
import { breakOff } from './requests.ts'
import { Voice } from './voice.ts'
import type { Owner } from './write.ts'

type State =
  | { readonly state: 'open'; readonly database: IDBDatabase }
  /** Opened anew: after the browser closed the connection, or when the page comes back. */
  | Moving
  /** The page is hidden for good, or frozen: others may have the store. */
  | { readonly state: 'away'; readonly gate: Gate }
  | { readonly state: 'failed'; readonly error: AutobeeError }
  | { readonly state: 'closed' }

interface Moving {
  readonly state: 'moving'
  readonly done: Promise<void>
  /** The other connection, as soon as there is one. */
  database: IDBDatabase | null
}

interface Gate {
  readonly promise: Promise<void>
  open(): void
}

/**
 * The database of a store, and being its one owner, from the opening to the end: through pages that are frozen and come
 * back, and connections that the browser closes.
 */
export class Place {
  readonly name: string
  readonly owner: Owner
  readonly #environment: Environment
  /** Of the database, made when it was created. */
  readonly id: string
  readonly #life: PageLife
  readonly #heartbeat: ReturnType<typeof setInterval> | null
  #state: State
  #lock: Lock | null
  #voice: Voice
  #verifying: Promise<void> | null = null
  /** The end of the last move; never rejects. */
  #moved: Promise<void> = Promise.resolve()
  /** When the store was last known to be ours, ms since 1970. */
  #known: number
  /** Opened anew, and nothing has worked since. */
  #isUnproved = false

  static async open(
    name: string,
    environment: Environment,
    { wait, signal }: { wait: boolean; signal?: AbortSignal | undefined }
  ): Promise<Place> {
    // nothing of this happens before there is a place
    let place: Place | null = null
    const life = new PageLife(environment)
    const events = {
      onDeleted: () => place?.fail(deletedError(name)),
      onLost: () => place?.lost(),
      onStolen: () => place?.fail(takenOver(name))
    }
    try {
      const holding = await acquire(name, environment, { wait, signal, life, ...events })
      place = new Place(name, environment, { ...holding, life })
      return place
    } catch (error) {
      life.stop()
      throw error
    }
  }

  private constructor(name: string, environment: Environment, holding: Holding & { life: PageLife }) {
    const { connection, owner, lock, voice, life } = holding
    this.name = name
    this.owner = owner
    this.#environment = environment
    this.id = connection.id
    this.#state = { state: 'open', database: connection.database }
    this.#lock = lock
    this.#voice = voice
    this.#known = environment.now()
    this.#speak()
    this.#heartbeat = lock ? null : setInterval(() => void this.#beat(), environment.lease / 3)
    this.#life = life
    life.listen({ onLeave: () => this.#leave(), onReturn: () => this.#return() })
    if (life.isAway) this.#leave()
  }

  /** @throws ConnectionLost unless {@link ready} has just given null */
  get database(): IDBDatabase {
    if (this.#state.state !== 'open') throw new ConnectionLost(null, { hadNoEffect: true })
    return this.#state.database
  }

  get failure(): AutobeeError | null {
    return this.#state.state === 'failed' ? this.#state.error : null
  }

  /**
   * null when the database can be used now; else to be awaited, and asked again. A reader has to know besides that nobody
   * has taken the store over while this page slept; writes look for themselves.
   * @throws AutobeeError `STORE_CLOSED`, `STORE_LOCKED` for good
   */
  ready({ toWrite = false }: { toWrite?: boolean } = {}): Promise<void> | null {
    const state = this.#state
    if (state.state === 'failed') throw state.error
    if (state.state === 'closed') throw closedError(this.name)
    if (state.state === 'moving') return state.done
    if (state.state === 'away') return state.gate.promise
    if (toWrite || this.#isKnown()) return null
    this.#verifying ??= this.#verify(state.database).finally(() => {
      this.#verifying = null
    })
    return this.#verifying
  }

  /** ms since 1970. */
  now(): number {
    return this.#environment.now()
  }

  /** A commit that began then has found the store to be ours; when it was heard of says nothing. */
  confirm(since: number): void {
    this.#known = since
    this.#isUnproved = false
  }

  /** Something was read. */
  worked(): void {
    this.#isUnproved = false
  }

  /** The connection is gone, this one if any is named: opens another, once. */
  lost(cause?: unknown, database?: IDBDatabase): void {
    if (this.#state.state !== 'open' || (database && database !== this.#state.database)) return
    this.#state.database.close()
    // not when it has been open for a while: some browsers close whatever is idle in the background
    if (this.#isUnproved && this.#isKnown()) this.fail(lostError(this.name, cause))
    else {
      this.#isUnproved = true
      this.#move(moving => this.#reopen(moving))
    }
  }

  /** For good; the first error counts. */
  fail(error: AutobeeError): void {
    if (this.#state.state === 'failed' || this.#state.state === 'closed') return
    void this.#end({ state: 'failed', error })
  }

  async close(): Promise<void> {
    while (this.#state.state === 'moving') await this.#state.done
    if (this.#state.state === 'open') await this.#release(this.#state.database)
    await this.#end({ state: 'closed' })
  }

  #end(next: State): Promise<void> {
    const last = this.#state
    this.#state = next
    this.#life.stop()
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat)
    if (last.state === 'open') last.database.close()
    if (last.state === 'away') last.gate.open()
    return this.#letGo()
  }

  async #letGo(): Promise<void> {
    const lock = this.#lock
    this.#lock = null
    this.#voice.say('free', this.owner.token)
    this.#voice.close()
    await lock?.release()
  }

  /** Should that not work, the next owner waits for the end of the lease. */
  #release(database: IDBDatabase): Promise<void> {
    return release(database, this.owner).catch(noop)
  }

  #speak(): void {
    this.#voice.speakFor(this.owner.token, () => {
      this.#known = 0
      if (this.#state.state === 'open') void this.#verify(this.#state.database)
    })
  }

  #isKnown(): boolean {
    const age = this.#environment.now() - this.#known
    return age >= 0 && age < this.#environment.lease / 3
  }

  /** Never rejects: what it finds is the state afterwards. */
  async #verify(database: IDBDatabase): Promise<void> {
    const now = this.#environment.now()
    await this.#judge(database, now, () => verify(database, this.owner))
  }

  async #beat(): Promise<void> {
    if (this.#state.state !== 'open') return
    const { database } = this.#state
    const now = this.#environment.now()
    await this.#judge(database, now, () => beat(database, this.owner, { beat: now, hasLock: false }))
  }

  async #judge(database: IDBDatabase, now: number, ask: () => Promise<boolean>): Promise<void> {
    try {
      if (!(await ask())) return this.fail(takenOver(this.name))
      this.#known = now
    } catch (error) {
      if (isConnectionLost(error)) return this.lost(error, database)
      // no room for a beat: those who would take over hear this owner when they ask
      if (error instanceof DOMException && error.name === 'QuotaExceededError') return
      this.fail(storeError(error, this.name))
    }
  }

  /** The page goes: lets go at once, so that the browser can keep it, and others can have the store meanwhile. */
  #leave(): void {
    if (this.#state.state !== 'open' && this.#state.state !== 'moving') return
    const { database } = this.#state
    if (database) {
      breakOff(database)
      // what is committed comes to its end first
      void this.#release(database)
      database.close()
    }
    this.#state = { state: 'away', gate: gate() }
    void this.#letGo()
  }

  #return(): void {
    if (this.#state.state !== 'away') return
    const { gate } = this.#state
    this.#move(async moving => {
      const lock = await this.#takeLockAgain()
      // it failed meanwhile, or was put aside again
      if (this.#state !== moving) return lock?.release()
      this.#lock = lock
      this.#voice = new Voice(this.#environment, this.name)
      this.#speak()
      await this.#reopen(moving)
    })
    gate.open()
  }

  async #takeLockAgain(): Promise<Lock | null> {
    const { locks } = this.#environment
    if (!locks) return null
    const onStolen = () => this.fail(takenOver(this.name))
    return takeLock(locks, this.name, { onStolen }).catch(() => {
      // who has it opens, or has opened, the store
      throw takenOver(this.name)
    })
  }

  #move(move: (moving: Moving) => Promise<void>): void {
    const run = async () => {
      try {
        await move(moving)
      } catch (error) {
        if (this.#state === moving)
          this.fail(isConnectionLost(error) ? lostError(this.name, error) : storeError(error, this.name))
      }
    }
    // after one that was given up: it may be about to get the lock, and to let go of it
    this.#moved = this.#moved.then(run)
    const moving: Moving = { state: 'moving', done: this.#moved, database: null }
    this.#state = moving
  }

  /** Only what is still the same database, and still ours. */
  async #reopen(moving: Moving): Promise<void> {
    const { database, id } = await connect(this.name, {
      factory: this.#environment.indexedDB as IDBFactory,
      mayCreate: false,
      onDeleted: () => this.fail(deletedError(this.name)),
      onLost: () => this.lost()
    })
    try {
      if (this.#state !== moving) throw closedError(this.name)
      moving.database = database
      if (id !== this.id) throw deletedError(this.name)
      const now = this.#environment.now()
      if (!(await beat(database, this.owner, { beat: now, hasLock: this.#lock !== null })))
        throw takenOver(this.name)
      if (this.#state !== moving) throw closedError(this.name)
      this.#known = now
      this.#state = { state: 'open', database }
    } catch (error) {
      database.close()
      throw error
    }
  }
}

function gate(): Gate {
  let open = () => {}
  const promise = new Promise<void>(resolve => {
    open = resolve
  })
  return { promise, open }
}

function noop(): void {}
