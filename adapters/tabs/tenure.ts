import type Corestore from 'corestore'
import { toAutobeeError } from '../../src/errors.ts'
import { Autobee, AutobeeError, type AutobeeOptions } from '../../src/index.ts'
import { hexOf } from '../../src/keys.ts'
import { indexedDb } from '../storage/indexeddb.ts'
import type { KeyValueAdapter, KeyValueStore } from '../storage/key-value.ts'
import { openStoreWith } from '../storage/open-store.ts'
import { Host } from './host.ts'
import type { Closable, OwnedAutobee, SharedSettings } from './options.ts'

export interface TenureOptions<View> {
  readonly adapter: KeyValueAdapter
  readonly settings: SharedSettings<View>
  /** What this tab has seen here by then: the database's key, hex, and the id of its store. */
  known(): { readonly key: string; readonly store: string } | null
  /** Breaks the wait for the store off. */
  readonly signal: AbortSignal
}

const openStore = openStoreWith(indexedDb)

/** A tab's time as the owner of a store: from the moment that it has the store to the moment that others can have it. */
export class Tenure<View> {
  readonly epoch: number
  readonly db: OwnedAutobee<View>
  readonly host: Host
  /** Resolves when it has to end: to why, or to null when it was told to. */
  readonly over: Promise<AutobeeError | null>
  readonly #store: Corestore
  readonly #settings: SharedSettings<View>
  #finish: (why: AutobeeError | null) => void = () => {}
  #connected: Closable | null = null
  #ending: Promise<void> | null = null

  /**
   * Waits for the store, and opens the database in it.
   * @throws AutobeeError what `openStore` and `ready()` of an Autobee throw; after a rejection the store is free
   */
  static async open<View>(options: TenureOptions<View>): Promise<Tenure<View>> {
    const { adapter, settings, signal } = options
    let opened: KeyValueStore | null = null
    const observed: KeyValueAdapter = {
      name: adapter.name,
      async openKeyValue(opening) {
        opened = await adapter.openKeyValue(opening)
        return opened
      }
    }
    const store = await openStore(observed, { wait: true, signal })
    try {
      const keyValue = shared(opened, adapter.name)
      const known = options.known()
      if (known && known.store !== keyValue.id) throw deleted(adapter.name)
      const db = await openDatabase(store, { settings, key: known?.key ?? null })
      return new Tenure<View>(options, { store, keyValue, db })
    } catch (error) {
      // what fails when others take the store meanwhile may say anything
      const failure = opened && (await failureOf(opened))
      await store.close().catch(noop)
      throw failure ?? error
    }
  }

  private constructor(
    { settings }: TenureOptions<View>,
    { store, keyValue, db }: { store: Corestore; keyValue: SharedStore; db: Autobee<View> }
  ) {
    const { epoch, id } = keyValue
    this.epoch = epoch
    this.#store = store
    this.#settings = settings
    this.over = new Promise(resolve => {
      this.#finish = resolve
    })
    this.db = Object.assign(db, { tell: (value: unknown) => this.host.tellAll(value) })
    this.host = new Host({
      db: db as unknown as Autobee<never>,
      calls: settings.calls as never,
      epoch,
      store: id,
      storeFailure: () => failureOf(keyValue),
      onend: error => this.#finish(error)
    })
  }

  /** Hex. */
  get key(): string {
    return hexOf(this.db.key as Uint8Array)
  }

  /** Runs the user's `connect`; what it throws is an event `error`. */
  connect(): void {
    const { connect } = this.#settings.user
    if (!connect) return
    const run = async () => {
      const connected = (await connect(this.db)) ?? null
      if (this.#ending) await connected?.close()
      else this.#connected = connected
    }
    run().catch((error: unknown) => this.host.tellError(connectFailed(error)))
  }

  /** Others shall have the store. */
  finish(): void {
    this.#finish(null)
  }

  /** Others have it: what is under way fails, or has been done. */
  lose(): void {
    this.host.stop()
    const message = 'another tab has taken the store over'
    this.#finish(new AutobeeError('STORE_LOCKED', message, { reason: 'TAKEN_OVER' }))
  }

  /** Answers what is under way, and gives the store free; idempotent. Never rejects. */
  end(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  async #end(): Promise<void> {
    this.#finish(null)
    this.host.stop()
    // the next owner waits for the store, not for that
    const disconnected = this.#disconnect()
    // appends that are queued are written now, or asked again of the next owner
    await this.db.close().catch((error: unknown) => this.host.tellError(closeFailed(error)))
    await this.#store.close().catch(noop)
    this.host.close()
    await disconnected
  }

  async #disconnect(): Promise<void> {
    try {
      await this.#connected?.close()
    } catch (error) {
      this.host.tellError(connectFailed(error))
    }
  }
}

async function openDatabase<View>(
  store: Corestore,
  { settings, key }: { settings: SharedSettings<View>; key: string | null }
): Promise<Autobee<View>> {
  // each tab tells its own view what changed
  const { update: _, connect: __, calls: ___, ...rest } = settings.user
  const db = new Autobee<View>(store, key ?? settings.given.key, rest as AutobeeOptions<View>)
  // until somebody listens; what opening throws, it throws
  db.on('error', noop)
  try {
    await db.ready()
    return db
  } catch (error) {
    await db.close().catch(noop)
    throw error
  }
}

/** A store that says by an epoch whose it is. */
type SharedStore = KeyValueStore & { readonly epoch: number; readonly id: string }

function shared(store: KeyValueStore | null, name: string): SharedStore {
  if (store?.epoch !== undefined && store.id !== undefined) return store as SharedStore
  const message = `tabs can share a store in IndexedDB; ${name} is none`
  throw new AutobeeError('NOT_SUPPORTED', message)
}

async function failureOf(store: KeyValueStore): Promise<AutobeeError | null> {
  try {
    await store.getMany([new Uint8Array(1)])
    return null
  } catch (error) {
    return toAutobeeError(error, { code: 'STORE_FAILED', message: 'the store cannot be read' })
  }
}

function deleted(name: string): AutobeeError {
  const message = `the database of the store ${name} was deleted while this tab used it; load the page again`
  return new AutobeeError('STORE_CLOSED', message, { reason: 'DELETED' })
}

function connectFailed(error: unknown): AutobeeError {
  return toAutobeeError(error, { code: 'TRANSPORT_FAILED', message: 'connect failed' })
}

function closeFailed(error: unknown): AutobeeError {
  return toAutobeeError(error, { code: 'STORE_FAILED', message: 'the database could not be closed' })
}

function noop(): void {}
