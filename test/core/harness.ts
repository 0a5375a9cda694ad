import type Corestore from 'corestore'
import { afterEach } from 'vitest'
import {
  Autobee,
  type AutobeeEvents,
  type AutobeeOptions,
  type HyperbeeView,
  type KeyLike
} from '../../src/index.ts'
import { Hostile } from '../support/hostile.ts'
import { apply, connect, contents, until } from '../support/peers.ts'
import { type TempStore, tempStore } from '../support/store.ts'

type Options<View> = AutobeeOptions<View> & { store?: TempStore | Corestore | undefined }

/** Opens stores and databases, and closes them after each case. */
export class Harness {
  readonly #stores: TempStore[] = []
  readonly #closing: (() => unknown)[] = []
  readonly #storeOf = new Map<unknown, Corestore>()

  async store(): Promise<TempStore> {
    const store = await tempStore()
    this.#stores.push(store)
    return store
  }

  /** A database that may fail to open: nothing is awaited. */
  make<View = HyperbeeView>(
    store: TempStore | Corestore,
    key: KeyLike | null = null,
    options: AutobeeOptions<View> = {}
  ): Autobee<View> {
    const corestore = 'dir' in store ? store.store : store
    const db = new Autobee<View>(corestore, key, { apply: apply as never, ackInterval: 0, ...options })
    this.#closing.push(() => db.close())
    this.#storeOf.set(db, corestore)
    return db
  }

  /** The Corestore that a database was opened in. */
  storeOf(db: object): Corestore {
    return this.#storeOf.get(db)!
  }

  async peer<View = HyperbeeView>(
    key: KeyLike | null = null,
    { store, ...options }: Options<View> = {}
  ): Promise<Autobee<View>> {
    const db = this.make<View>(store ?? (await this.store()), key, options as AutobeeOptions<View>)
    await db.ready()
    return db
  }

  async hostile(
    key: Uint8Array,
    { store, ...options }: Parameters<typeof Hostile.open>[2] & { store?: TempStore } = {}
  ): Promise<Hostile> {
    const hostile = await Hostile.open((store ?? (await this.store())).store, key, options)
    this.#closing.push(() => hostile.close())
    return hostile
  }

  async clean(): Promise<void> {
    await Promise.all(this.#closing.splice(0).map(close => close()))
    await Promise.all(this.#stores.splice(0).map(store => store.close()))
  }
}

export function harness(): Harness {
  const h = new Harness()
  afterEach(() => h.clean())
  return h
}

/** Collects what an event says, from now on. */
export function collect<K extends keyof AutobeeEvents>(db: Autobee<never>, event: K): AutobeeEvents[K][0][]
export function collect(db: Autobee<unknown>, event: keyof AutobeeEvents): unknown[]
export function collect(db: Autobee<unknown>, event: keyof AutobeeEvents): unknown[] {
  const seen: unknown[] = []
  db.on(event, (...args: unknown[]) => {
    seen.push(args[0])
  })
  return seen
}

/** Waits until the view has this key. */
export async function sees(db: Autobee, ...keys: string[]): Promise<void> {
  await until(async () => {
    const all = await contents(db)
    return keys.every(key => key in all)
  })
}

/** Adds `b` as a writer of `a`'s database and connects the two; resolves when `b` may append. */
export async function admit(
  a: Autobee,
  b: Autobee,
  { indexer = true }: { indexer?: boolean } = {}
): Promise<() => Promise<void>> {
  const cut = connect(a, b)
  await a.append(JSON.stringify({ addWriter: b.local.id, indexer }))
  await until(() => b.writable)
  return cut
}

/** A clock that goes as it is told. */
export class Clock {
  ms: number
  constructor(ms = Date.now()) {
    this.ms = ms
  }
  readonly now = (): number => this.ms
}

export { op } from '../support/peers.ts'
export { connect, contents, until }
