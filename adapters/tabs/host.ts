import type { Autobee, AutobeeEvents, OrderedUnit, OrderOptions, WaitingUnit } from '../../src/index.ts'
import { AutobeeError } from '../../src/index.ts'
import { sharedOf } from '../../src/shared.ts'
import { isOwnersEnd, toWire } from './errors.ts'
import type { Guest } from './guest.ts'
import { compact, ownBytes } from './line.ts'
import type { Method, OrderPage, Question, Told } from './messages.ts'
import type { OwnerCalls } from './options.ts'
import { readState } from './state.ts'

/** What tabs are told as it happens. Beside these, `error`; `ready` and `close` each tab has of its own. */
const EVENTS = [
  'update',
  'writable',
  'unwritable',
  'writer',
  'writer-frozen',
  'rejected',
  'reorg',
  'diverged',
  'conflict',
  'recovered',
  'fast-forward',
  'interrupt',
  'waiting'
] as const satisfies readonly (keyof AutobeeEvents)[]

/** Units in one message. */
const PAGE = 128
/** Iterations of the order that a tab has open. */
const MOST_CURSORS = 32

type Units = AsyncIterator<OrderedUnit | WaitingUnit>

export interface HostOptions {
  readonly db: Autobee<never>
  readonly calls: OwnerCalls<never>
  readonly epoch: number
  /** Id of the store. */
  readonly store: string
  /** Why the store cannot be used any more; null when it can. */
  storeFailure(): Promise<AutobeeError | null>
  /** An error that ends it: the store is somebody else's, or broken. */
  onend(error: AutobeeError): void
}

/** Serves an open database to all tabs, the one that it is open in included. */
export class Host {
  readonly #o: HostOptions
  readonly #guests = new Map<string, Guest>()
  readonly #cursors = new Map<string, Map<number, Units>>()
  readonly #off: (() => void)[] = []
  #cursor: number
  #told: Told | null = null
  #isOpen = true

  constructor(options: HostOptions) {
    this.#o = options
    // none that an owner before has given
    this.#cursor = options.epoch * 2 ** 20
    for (const name of EVENTS) this.#listen(name, (...args) => this.#event(name, args))
    this.#listen('error', error => void this.#failed(error))
  }

  /** A tab wants to know all; `make` makes it a guest if it is none yet. */
  admit(client: string, make: () => Guest): void {
    if (!this.#isOpen) return
    const guest = this.#guests.get(client) ?? make()
    this.#guests.set(client, guest)
    guest.welcome(readState(this.#o.db, this.#o.store), this.#told)
  }

  #leave(client: string): void {
    this.#guests.get(client)?.close()
    this.#guests.delete(client)
    this.#cursors.delete(client)
  }

  tellAll(value: unknown): void {
    const told = { value: cloned(value, 'a value that is told') }
    this.#told = told
    this.#tell({ type: 'told', ...told })
  }

  tellError(error: AutobeeError): void {
    this.#tell({ type: 'error', error: toWire(error) })
  }

  ask(client: string, question: Question): void {
    const guest = this.#guests.get(client)
    if (guest) this.take(guest, question)
  }

  take(guest: Guest, question: Question): void {
    if (!this.#isOpen) return
    // it missed something, and is awake
    const hasMissed = guest.isAsleep && question.type !== 'asleep' && question.type !== 'bye'
    if (hasMissed) guest.welcome(readState(this.#o.db, this.#o.store), this.#told)
    switch (question.type) {
      case 'append':
        void this.#append(guest, question)
        break
      case 'get':
        void this.#get(guest, question)
        break
      case 'ask':
        void this.#answer(guest, question)
        break
      case 'wakeup':
        this.#o.db.wakeup(question)
        break
      case 'heard':
        guest.heard(question.count)
        break
      case 'asleep':
        guest.sleep()
        break
      case 'bye':
        sharedOf(this.#o.db).forget(guest.client)
        this.#leave(guest.client)
    }
  }

  /** Takes no more questions; what is under way is answered until {@link close}. */
  stop(): void {
    this.#isOpen = false
  }

  close(): void {
    this.stop()
    for (const off of this.#off.splice(0)) off()
    for (const guest of this.#guests.values()) guest.close()
    this.#guests.clear()
    this.#cursors.clear()
  }

  async #append(guest: Guest, question: Extract<Question, { type: 'append' }>): Promise<void> {
    const { number, values, optimistic, confirmed, since } = question
    const once = { client: guest.client, number, confirmed, since }
    try {
      if (number <= confirmed) throw new AutobeeError('INVALID_ARGUMENT', 'that append is confirmed already')
      const { key, length } = await sharedOf(this.#o.db).append(values, { optimistic, once })
      guest.answer({ type: 'appended', number, head: { key: ownBytes(key), length } })
    } catch (error) {
      // the next owner is asked again, and knows from the record whether it was written
      if (!(await this.#isEnd(error))) guest.answer({ type: 'not-appended', number, error: toWire(error) })
    }
  }

  async #get(guest: Guest, { id, index }: Extract<Question, { type: 'get' }>): Promise<void> {
    try {
      const block = await this.#block(index)
      guest.answer({ type: 'result', id, value: block && ownBytes(block) })
    } catch (error) {
      if (await this.#isEnd(error)) return
      guest.answer({ type: 'failure', id, error: toWire(error) })
    }
  }

  async #block(index: number): Promise<Uint8Array | null> {
    const { db } = this.#o
    const { core } = db.bee
    try {
      return (await core.get(index, { wait: false })) as Uint8Array | null
    } catch (error) {
      if (!isSessionClosed(error)) throw error
      // the database is being closed, or opened anew for another local writer
      await db.updated()
      if (!this.#isOpen || db.bee.core === core) throw new AutobeeError('CLOSED', 'the database was closed')
      return this.#block(index)
    }
  }

  async #answer(guest: Guest, { id, method, args }: Extract<Question, { type: 'ask' }>): Promise<void> {
    try {
      guest.answer({ type: 'result', id, value: await this.#do(method, { args, guest }) })
    } catch (error) {
      if (await this.#isEnd(error)) return
      guest.answer({ type: 'failure', id, error: toWire(error) })
    }
  }

  async #do(method: Method, { args, guest }: { args: readonly unknown[]; guest: Guest }): Promise<unknown> {
    const { db } = this.#o
    const [first, second] = args
    switch (method) {
      case 'update':
        return db.update()
      case 'updated':
        return db.updated()
      case 'flush':
        return db.flush()
      case 'setLocal':
        return db.setLocal(first as Uint8Array)
      case 'unit': {
        const unit = await db.unit(first as { key: Uint8Array; length: number })
        return unit && compactUnit(unit)
      }
      case 'order':
        return this.#page(guest.client, first as number | OrderOptions)
      case 'call':
        return cloned(await this.#call(String(first), second), `what ${first} gave`)
    }
  }

  async #call(name: string, argument: unknown): Promise<unknown> {
    const { calls, db } = this.#o
    const call = Object.hasOwn(calls, name) ? calls[name] : undefined
    if (!call) throw new AutobeeError('INVALID_ARGUMENT', `this database has no call named ${name}`)
    return call(db as never, argument as never)
  }

  /** The next units of an iteration that is open, or the first ones of another. */
  async #page(client: string, asked: number | OrderOptions): Promise<OrderPage> {
    const open = this.#cursors.get(client) ?? new Map<number, Units>()
    this.#cursors.set(client, open)
    const cursor = typeof asked === 'number' ? asked : ++this.#cursor
    const units = typeof asked === 'number' ? open.get(asked) : this.#o.db.order(asked)
    if (!units) throw new AutobeeError('OWNER_CHANGED', 'that iteration of the order is over; begin it anew')
    const page: (OrderedUnit | WaitingUnit)[] = []
    while (page.length < PAGE) {
      const { done, value } = await units.next()
      if (done) {
        open.delete(cursor)
        return { cursor: null, units: page }
      }
      page.push(compactUnit(value))
    }
    open.set(cursor, units)
    for (const other of open.keys()) {
      if (open.size <= MOST_CURSORS) break
      open.delete(other)
    }
    return { cursor, units: page }
  }

  /** Nobody but the next owner need know of an owner's end. */
  async #failed(error: AutobeeError): Promise<void> {
    if (!(await this.#isEnd(error))) this.#tell({ type: 'error', error: toWire(error) })
    if (error.code.startsWith('STORE_')) this.#o.onend(error)
  }

  /**
   * Does it come of the store's being lost? Whatever fails then has not been done, or the next owner knows of it: reads that the
   * user's `apply` and `calls` make fail, too, and what they throw instead may say anything.
   */
  async #isEnd(error: unknown): Promise<boolean> {
    if (isOwnersEnd(error)) return true
    const failure = await this.#o.storeFailure()
    if (!failure) return false
    this.#o.onend(failure)
    return true
  }

  #event(name: string, args: readonly unknown[]): void {
    if (this.#guests.size === 0) return
    const reading = readState(this.#o.db, this.#o.store)
    const event = { args: compact(args), reading }
    for (const guest of this.#guests.values()) guest.event(name, event)
  }

  #tell(message: Parameters<Guest['tell']>[0]): void {
    for (const guest of this.#guests.values()) guest.tell(message)
  }

  #listen<K extends keyof AutobeeEvents>(name: K, listener: (...args: AutobeeEvents[K]) => void): void {
    const { db } = this.#o
    db.on(name, listener)
    this.#off.push(() => db.off(name, listener))
  }
}

/** Values are the user's: whatever can be cloned. */
function compactUnit<T extends OrderedUnit | WaitingUnit>(unit: T): T {
  return { ...unit, key: ownBytes(unit.key), links: compact(unit.links), roles: compact(unit.roles) }
}

/** In the owner's own tab, too: the same whoever asks. @throws AutobeeError `INVALID_ARGUMENT` */
export function cloned<T>(value: T, what: string): T {
  try {
    return structuredClone(value)
  } catch (error) {
    throw new AutobeeError('INVALID_ARGUMENT', `${what} cannot be given to another tab`, { cause: error })
  }
}

function isSessionClosed(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'SESSION_CLOSED'
}
