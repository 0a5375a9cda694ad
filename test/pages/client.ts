/** What the pages of these tests run, beside the built bundle at `/lib/`; `Tab` calls it from Node. */
import type { Autobee, Corestore, KeyValueAdapter } from '../../adapters/entry/browser.ts'
import type * as PrivateFiles from '../../adapters/storage/opfs.ts'
import type * as WebSockets from '../../adapters/transport/websocket.ts'
import { random } from '../durability/random.mjs'
import { apply, contents, type Value } from './apply.ts'
import { type Usage, usage } from './usage.ts'

type Library = typeof import('../../adapters/entry/browser.ts')

/** IndexedDB in one durability or the other, or the private file system. */
export type Place = 'relaxed' | 'strict' | 'opfs'

export interface OpenOptions {
  readonly name: string
  /** Default what `openStore` means by a mere name. */
  readonly place?: Place
  readonly wait?: boolean
  /** Hex; of a database that is there already. */
  readonly key?: string
  /** Hex. */
  readonly encryptionKey?: string
}

export interface Opened {
  /** Hex. */
  readonly key: string
  /** The key of the own oplog, hex. */
  readonly local: string
  /** Entries in it. */
  readonly length: number
}

export interface Contents {
  /** Ids of the values of the own oplog. */
  readonly oplog: readonly string[]
  readonly view: Readonly<Record<string, string>>
}

export interface Acknowledged {
  /** Of the oplog after it. */
  readonly length: number
  readonly ids: readonly string[]
}

export interface RunOptions {
  readonly prefix: string
  readonly seed: number
  /** Bytes of random text in each value, at most. Default 5000 in every tenth. */
  readonly fill?: number
  readonly mayFail?: boolean
}

export interface Failure {
  readonly code: string | undefined
  readonly reason: string | undefined
  readonly message: string
}

/** What a page says of its handle on a relay. */
export interface Relayed {
  readonly status: string
  /** Whether the relay is reached. */
  readonly isOpen: boolean
  /** One for each peer, `kind publicKey`. */
  readonly peers: readonly string[]
  /** `code reason` of all errors so far. */
  readonly errors: readonly string[]
}

export type Outcome<T> = { readonly value: T } | { readonly failure: Failure }

/** What a page tells the test. */
export type Told = Acknowledged | 'transaction'

/** Given by tests that listen; resolves when the test has heard it. */
type Tell = (what: Told) => Promise<void>

const {
  Autobee: Database,
  b4a,
  indexedDb,
  openStore
} = (await import('/lib/autobee.js' as string)) as Library

const TROUBLES = [
  'error',
  'conflict',
  'diverged',
  'recovered',
  'rejected',
  'waiting',
  'writer-frozen'
] as const

let store: Corestore | null = null
let db: Autobee | null = null
let relayed: WebSockets.RelayHandle | null = null
let relayErrors: string[] = []
let troubles: string[] = []
/** What no test wanted to hear at once. */
const untold: Told[] = []
let failure: Failure | null = null
let toils = 0
let returns = 0
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) returns++
})
let thaws = 0
document.addEventListener('resume', () => thaws++)

const commands = {
  async open({ name, place, wait = false, key, encryptionKey }: OpenOptions): Promise<Opened> {
    store = await openStore(await adapterOf(name, place), { wait })
    db = new Database(store, key ?? null, {
      apply: apply as never,
      valueEncoding: 'json',
      ackInterval: 0,
      ...(encryptionKey && { encryptionKey: b4a.from(encryptionKey, 'hex') })
    })
    troubles = []
    for (const event of TROUBLES)
      db.on(event, detail => troubles.push(`${event} ${(detail as { code?: string }).code ?? ''}`.trim()))
    try {
      await db.ready()
    } catch (error) {
      await store.close()
      throw error
    }
    return { key: db.id as string, local: b4a.toString(db.local.key, 'hex'), length: db.local.length }
  },

  /** One unit; gives the length of the oplog after it. */
  async append(values: readonly Value[]): Promise<number> {
    return (await opened().append([...values])).length
  },

  /** Units at once; of each, the length of the oplog after it, or why it was not appended. */
  async appendEach(units: readonly (readonly Value[])[]): Promise<readonly (number | Failure)[]> {
    const db = opened()
    return Promise.all(
      units.map(values =>
        db.append([...values]).then(
          ({ length }) => length,
          (error: unknown) => failureOf(error)
        )
      )
    )
  },

  async read(): Promise<Contents> {
    const { local, bee } = opened()
    const oplog: string[] = []
    for (let i = 0; i < local.length; i++) {
      const block = (await local.get(i)) as Uint8Array
      const value = Database.decodeValue(block) as Uint8Array | null
      if (value) oplog.push((JSON.parse(b4a.toString(value)) as Value).id)
    }
    return { oplog, view: await contents(bee) }
  },

  async isWritable(): Promise<boolean> {
    return opened().writable
  },

  /** Events that tell of trouble. */
  async troubles(): Promise<readonly string[]> {
    return troubles
  },

  async untold(): Promise<readonly Told[]> {
    return untold
  },

  /** How often this page came back out of the back-forward cache. */
  async returns(): Promise<number> {
    return returns
  },

  /** How often it was frozen, and woken. */
  async thaws(): Promise<number> {
    return thaws
  },

  async close(): Promise<void> {
    await relayed?.close()
    await db?.close()
    await store?.close()
    relayed = null
    db = null
    store = null
  },

  /**
   * Appends without end, single values, batches and several at once; goes on when the test has heard of each. Ids are
   * `prefix.unit.place.size`. What makes it end is an error of the page that nobody catches, unless it may fail: then see
   * `failure`.
   */
  async run({ prefix, seed, fill, mayFail = false }: RunOptions): Promise<void> {
    const next = random(seed)
    const upTo = (most: number) => 1 + Math.floor(next() * most)
    let units = 0
    const unit = (): Value[] => {
      const size = next() < 0.6 ? 1 : upTo(6)
      const number = units++
      return Array.from({ length: size }, (_, place) => ({
        id: `${prefix}.${number}.${place}.${size}`,
        ...((fill || next() < 0.1) && { fill: randomText(upTo(fill ?? 5000)) })
      }))
    }
    const append = async (values: readonly Value[]) => {
      const { length } = await opened().append([...values])
      await tell({ length, ids: values.map(({ id }) => id) })
    }
    const forEver = async () => {
      for (;;) await Promise.all(Array.from({ length: next() < 0.6 ? 1 : upTo(8) }, unit).map(append))
    }
    failure = null
    const running = forEver()
    if (!mayFail) return
    running.catch((error: unknown) => {
      failure = failureOf(error)
    })
  },

  /** Makes syncs of a bare store without end: most of the time is spent in transactions that ask first. */
  async toil({ name }: { name: string }): Promise<void> {
    failure = null
    toils = 0
    const held = await indexedDb(name, { wait: true }).openKeyValue()
    const forEver = async () => {
      for (; ; toils++) await held.sync()
    }
    forEver().catch((error: unknown) => {
      failure = failureOf(error)
    })
  },

  async toils(): Promise<number> {
    return toils
  },

  /** What `run` or `toil` ended with. */
  async failure(): Promise<Failure | null> {
    return failure
  },

  /** Tells the test of the `n`th transaction from now on; if a store is named, of those that may write to it. */
  async tellAtTransaction({ n, store }: { n: number; store?: string }): Promise<void> {
    let left = n
    beforeTransactions((stores, mode) => {
      const isCounted = !store || (mode === 'readwrite' && stores.includes(store))
      if (isCounted && --left === 0) void tell('transaction')
    })
  },

  /** Stops in a debugger, if there is one, in the next commit, which has yet to begin. */
  async stopInCommit(): Promise<void> {
    let isStopped = false
    beforeTransactions((stores, mode) => {
      if (isStopped || mode !== 'readwrite' || stores.join() !== 'log') return
      isStopped = true
      // biome-ignore lint/suspicious/noDebugger: there is one
      debugger
    })
  },

  /** Replicates with whoever is there, until `leave` or `close`. */
  async join(urls: string | readonly string[]): Promise<void> {
    const { connectRelay } = await webSockets()
    relayErrors = []
    relayed = connectRelay(opened(), urls, { retry: { first: 10, longest: 100, good: 1 } })
    relayed.on('error', ({ code, reason }) => relayErrors.push(`${code} ${reason}`))
  },

  async relayed(): Promise<Relayed> {
    if (!relayed) throw new Error('this page has joined no relay')
    return {
      status: relayed.status,
      isOpen: relayed.relays.some(({ status }) => status === 'open'),
      peers: relayed.peers.map(
        ({ kind, publicKey }) => `${kind} ${b4a.toString(publicKey ?? b4a.alloc(0), 'hex')}`
      ),
      errors: relayErrors
    }
  },

  async leave(): Promise<void> {
    await relayed?.close()
  },

  async usage(): Promise<Usage> {
    return usage()
  },

  /** Replicates over a WebSocket until either end is gone. */
  async connect(url: string): Promise<void> {
    const { webSocketStream } = await webSockets()
    const stream = opened().replicate(true)
    const socket = webSocketStream(new WebSocket(url))
    // a connection that ends is no error here
    for (const end of [stream, socket]) end.on('error', () => {})
    stream.pipe(socket).pipe(stream)
  }
}

export type Commands = typeof commands

export interface Client {
  call(name: keyof Commands, argument: unknown): Promise<Outcome<unknown>>
}

/** Errors keep their codes on the way to the test. */
const client: Client = {
  async call(name, argument) {
    try {
      return { value: await (commands[name] as (argument: unknown) => Promise<unknown>)(argument) }
    } catch (error) {
      return { failure: failureOf(error) }
    }
  }
}
Object.assign(globalThis, { client })

async function adapterOf(name: string, place: Place | undefined): Promise<string | KeyValueAdapter> {
  if (place !== 'opfs') return place ? indexedDb(name, { durability: place }) : name
  const { opfs } = (await import('/lib/storage/opfs.js' as string)) as typeof PrivateFiles
  return opfs(name)
}

async function webSockets(): Promise<typeof WebSockets> {
  return import('/lib/transport/websocket.js' as string)
}

function beforeTransactions(look: (stores: readonly string[], mode: string | undefined) => void): void {
  const { transaction } = IDBDatabase.prototype
  IDBDatabase.prototype.transaction = function (this: IDBDatabase, names, mode, options) {
    look(typeof names === 'string' ? [names] : [...names], mode)
    return transaction.call(this, names, mode, options)
  }
}

/** Cannot be made smaller on disk. Up to 80,000 bytes: more random ones a page does not get at once. */
function randomText(bytes: number): string {
  return b4a.toString(crypto.getRandomValues(new Uint8Array((bytes * 3) / 4)), 'base64')
}

function failureOf(error: unknown): Failure {
  const { code, reason, stack } = error as Error & { code?: string; reason?: string }
  return { code, reason, message: String(stack) }
}

function opened(): Autobee {
  if (!db) throw new Error('no database is open in this page')
  return db
}

async function tell(what: Told): Promise<void> {
  const { tell } = globalThis as unknown as { tell?: Tell }
  if (tell) await tell(what)
  else untold.push(what)
}
