/** What the tabs of these tests run, beside the built bundle at `/lib/`; `LiveTabs` calls it from Node. */
import type { Autobee } from '../../adapters/entry/browser.ts'
import type * as Tabs from '../../adapters/entry/browser-tabs.ts'
import { random } from '../durability/random.mjs'
import { apply, contents, type Value } from './apply.ts'

type Library = typeof import('../../adapters/entry/browser.ts')

export interface Written {
  /** Ids of the values of the local oplog, read by an Autobee that shares nothing. */
  readonly oplog: readonly string[]
  readonly view: Readonly<Record<string, string>>
}

export interface Appended {
  readonly id: string
  /** Of the oplog after it. */
  readonly length: number
}

const { Autobee: Database, b4a, openStore, typed } = (await import('/lib/autobee.js' as string)) as Library
const { SharedAutobee } = (await import('/lib/tabs.js' as string)) as typeof Tabs

const OPTIONS = { apply: apply as never, valueEncoding: 'json', ackInterval: 0 } as const

let shared: Tabs.SharedAutobee | null = null
let told: string[] = []
let running: Promise<void> | null = null
let isToStop = false
let seen = 0

const commands = {
  async open({ name }: { name: string }): Promise<string> {
    shared = new SharedAutobee(name, OPTIONS)
    told = []
    shared.on('error', ({ code, reason }) => told.push(`${code} ${reason}`))
    shared.on('diverged', () => told.push('diverged'))
    shared.on('conflict', () => told.push('conflict'))
    await shared.ready()
    return shared.id as string
  },

  role: async () => tab().role,

  length: async () => tab().local.length,

  /** Errors, and events that tell of trouble. */
  troubles: async () => told,

  /** Appends until `stop`, a few at once, of which the test hears one by one; ids are `prefix.number`. */
  async run({ prefix, seed }: { prefix: string; seed: number }): Promise<void> {
    const next = random(seed)
    let number = 0
    isToStop = false
    const one = async () => {
      const id = `${prefix}.${number++}`
      const { length } = await tab().append({ id } satisfies Value)
      await tell({ id, length })
    }
    const all = async () => {
      while (!isToStop) await Promise.all(Array.from({ length: 1 + Math.floor(next() * 4) }, one))
    }
    running = all()
    // what it ends with, `stop` says
    running.catch(() => {})
  },

  async stop(): Promise<void> {
    isToStop = true
    await running
  },

  /** The view, as this tab shows it. */
  view: async (): Promise<Written['view']> => contents(tab().bee),

  async watch(key: string): Promise<void> {
    const bee = typed(tab().bee, { keyEncoding: 'utf-8', valueEncoding: 'utf-8' })
    const watcher = await bee.getAndWatch(key)
    watcher.on('update', () => seen++)
  },

  seen: async () => seen,

  /** Reads the view slowly, entry by entry, as it is now; resolves when the first one is here. */
  async startStream(): Promise<void> {
    const iterator = tab().bee.createReadStream({ highWaterMark: 1 })[Symbol.asyncIterator]()
    const first = await iterator.next()
    stream = { iterator, count: first.done ? 0 : 1 }
  },

  /** Reads the rest; gives how many entries there were. */
  async endStream(): Promise<number> {
    if (!stream) throw new Error('no stream was begun')
    const { iterator } = stream
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) stream.count++
    return stream.count
  },

  async close(): Promise<void> {
    await shared?.close()
  },

  /** What is stored, without any of what tabs share. */
  async readAlone({ name }: { name: string }): Promise<Written> {
    const store = await openStore(name, { wait: true })
    const db: Autobee = new Database(store, null, OPTIONS)
    await db.ready()
    const oplog: string[] = []
    for (let i = 0; i < db.local.length; i++) {
      const value = Database.decodeValue((await db.local.get(i)) as Uint8Array) as Uint8Array | null
      if (value) oplog.push((JSON.parse(b4a.toString(value)) as Value).id)
    }
    const view = await contents(db.bee)
    await db.close()
    await store.close()
    return { oplog, view }
  }
}

let stream: { readonly iterator: AsyncIterator<unknown>; count: number } | null = null

export type TabCommands = typeof commands

Object.assign(globalThis, { client: commands })

function tab(): Tabs.SharedAutobee {
  if (!shared) throw new Error('no database is open in this page')
  return shared
}

/** The test has heard it when this resolves. */
async function tell(appended: Appended): Promise<void> {
  await (globalThis as unknown as { tell(appended: Appended): Promise<void> }).tell(appended)
}
