import type { EventEmitter } from 'node:events'
import b4a from 'b4a'
import { expect } from 'vitest'
import { Autobee, openStore } from '../../adapters/entry/node.ts'
import { connectRelay, type RelayHandle } from '../../adapters/transport/websocket.ts'
import { type Autobee as Command, Workshop } from '../cli/program.ts'
import { until } from '../support/peers.ts'
import { apply, contents, type Value, viewOf } from './apply.ts'
import type { Commands, Contents, Opened, OpenOptions, Relayed } from './client.ts'

const TROUBLES = ['error', 'conflict', 'diverged', 'recovered', 'rejected', 'writer-frozen'] as const

/** A database in a page or in Node that tests write to, and that meets others on relays. */
export interface Peer {
  open(options: OpenOptions): Promise<Opened>
  append(values: readonly Value[]): Promise<number>
  read(): Promise<Contents>
  isWritable(): Promise<boolean>
  /** Events that tell of trouble. */
  troubles(): Promise<readonly string[]>
  join(urls: string | readonly string[]): Promise<void>
  relayed(): Promise<Relayed>
  leave(): Promise<void>
  close(): Promise<void>
}

/** Playwright's tabs and Puppeteer's. */
export interface CallsPage {
  call<Name extends keyof Commands>(
    name: Name,
    ...argument: Parameters<Commands[Name]>
  ): Promise<Awaited<ReturnType<Commands[Name]>>>
}

export class PagePeer<T extends CallsPage = CallsPage> implements Peer {
  readonly tab: T

  constructor(tab: T) {
    this.tab = tab
  }

  open(options: OpenOptions): Promise<Opened> {
    return this.tab.call('open', options)
  }

  append(values: readonly Value[]): Promise<number> {
    return this.tab.call('append', values)
  }

  read(): Promise<Contents> {
    return this.tab.call('read')
  }

  isWritable(): Promise<boolean> {
    return this.tab.call('isWritable')
  }

  troubles(): Promise<readonly string[]> {
    return this.tab.call('troubles')
  }

  join(urls: string | readonly string[]): Promise<void> {
    return this.tab.call('join', urls)
  }

  relayed(): Promise<Relayed> {
    return this.tab.call('relayed')
  }

  leave(): Promise<void> {
    return this.tab.call('leave')
  }

  close(): Promise<void> {
    return this.tab.call('close')
  }
}

/** On RocksDB; `name` is the folder. */
export class NodePeer implements Peer {
  readonly #errors: string[] = []
  readonly #troubles: string[] = []
  #db: Autobee | null = null
  #handle: RelayHandle | null = null
  #closeStore = async (): Promise<void> => {}

  async open({ name, key, encryptionKey }: OpenOptions): Promise<Opened> {
    const store = await openStore(name)
    const db = new Autobee(store, key ?? null, {
      apply: apply as never,
      valueEncoding: 'json',
      ackInterval: 0,
      ...(encryptionKey && { encryptionKey: b4a.from(encryptionKey, 'hex') })
    })
    for (const event of TROUBLES) db.on(event, () => this.#troubles.push(event))
    await db.ready()
    this.#db = db
    this.#closeStore = () => store.close()
    return { key: db.id as string, local: b4a.toString(db.local.key, 'hex'), length: db.local.length }
  }

  async append(values: readonly Value[]): Promise<number> {
    return (await this.#opened.append([...values] as never)).length
  }

  async read(): Promise<Contents> {
    const { local, bee } = this.#opened
    const oplog: string[] = []
    for (let i = 0; i < local.length; i++) {
      const value = Autobee.decodeValue((await local.get(i)) as Uint8Array) as Uint8Array | null
      if (value) oplog.push((JSON.parse(b4a.toString(value)) as Value).id)
    }
    return { oplog, view: await contents(bee) }
  }

  async isWritable(): Promise<boolean> {
    return this.#opened.writable
  }

  async troubles(): Promise<readonly string[]> {
    return this.#troubles
  }

  async join(urls: string | readonly string[]): Promise<void> {
    this.#handle = connectRelay(this.#opened, urls, { retry: { first: 10, longest: 100, good: 1 } })
    this.#handle.on('error', ({ code, reason }) => this.#errors.push(`${code} ${reason}`))
  }

  async relayed(): Promise<Relayed> {
    const { status, relays, peers } = this.#handle as RelayHandle
    return {
      status,
      isOpen: relays.some(({ status }) => status === 'open'),
      peers: peers.map(({ kind, publicKey }) => `${kind} ${b4a.toString(publicKey as Uint8Array, 'hex')}`),
      errors: this.#errors
    }
  }

  async leave(): Promise<void> {
    await this.#handle?.close()
  }

  /** How many listen to the database. */
  listeners(): number {
    const db = this.#opened as unknown as EventEmitter
    return db.eventNames().reduce((sum, name) => sum + db.listenerCount(name), 0)
  }

  async close(): Promise<void> {
    await this.leave()
    await this.#db?.close()
    await this.#closeStore()
  }

  get #opened(): Autobee {
    if (!this.#db) throw new Error('no database is open')
    return this.#db
  }
}

/** `autobee relay`, in a process of its own that a test kills. */
export class RelayProcess {
  readonly #shop: Workshop
  readonly #commands: Command[] = []
  #url = ''

  private constructor(shop: Workshop) {
    this.#shop = shop
  }

  static async start(): Promise<RelayProcess> {
    const relay = new RelayProcess(await Workshop.open())
    await relay.start('0')
    return relay
  }

  get url(): string {
    return this.#url
  }

  /** SIGKILL: nobody is told. */
  async kill(): Promise<void> {
    await this.#commands.at(-1)?.kill('SIGKILL')
  }

  /** At the same address. */
  restart(): Promise<void> {
    return this.start(new URL(this.#url).port)
  }

  /** What it says of itself, by the names of its metrics. */
  async counts(): Promise<Record<string, number>> {
    const text = await (await fetch(new URL('/metrics', this.#url.replace(/^ws/, 'http')))).text()
    const found = text.matchAll(/^autobee_relay_(\w+) (\d+)$/gm)
    return Object.fromEntries([...found].map(([, name, count]) => [name, Number(count)]))
  }

  /** Fails when one of them had an error to tell. */
  async close(): Promise<void> {
    await this.#shop.close()
    expect(this.#commands.map(({ err }) => err).join('')).toBe('')
  }

  private async start(port: string): Promise<void> {
    const command = this.#shop.start(['relay', '--json', '--port', port])
    this.#commands.push(command)
    this.#url = String((await command.row({ event: 'ready' })).url)
  }
}

/** Opens the first as a new database, and the others as the same one; all may write when all have met. */
export async function openTogether(
  peers: readonly Peer[],
  {
    name,
    url,
    encryptionKey
  }: { name: (i: number) => string; url: (i: number) => string; encryptionKey?: string }
): Promise<OpenOptions[]> {
  const options: OpenOptions[] = []
  const locals: string[] = []
  for (const [i, peer] of peers.entries()) {
    const key = options[0]?.key
    const option = { name: name(i), ...(key && { key }), ...(encryptionKey && { encryptionKey }) }
    const opened = await peer.open(option)
    options.push({ ...option, key: opened.key })
    locals.push(opened.local)
    await peer.join(url(i))
  }
  await allMet(peers)
  const [first, ...others] = peers
  for (const local of locals.slice(1)) await first?.append([{ id: `${local} may write`, addWriter: local }])
  await until(async () => (await Promise.all(others.map(peer => peer.isWritable()))).every(Boolean))
  return options
}

/** Every one is connected with every other one, once. */
export async function allMet(peers: readonly Peer[]): Promise<void> {
  await until(async () => {
    const all = await Promise.all(peers.map(peer => peer.relayed()))
    return all.every(
      ({ peers: known }) => known.length === peers.length - 1 && new Set(known).size === known.length
    )
  })
}

export async function allAlone(peers: readonly Peer[]): Promise<void> {
  await until(async () => {
    const all = await Promise.all(peers.map(peer => peer.relayed()))
    return all.every(({ isOpen, peers }) => !isOpen && peers.length === 0)
  })
}

/** All at once, each one value after the other. */
export async function appendAll(
  peers: readonly Peer[],
  { name, count }: { name: string; count: number }
): Promise<void> {
  await Promise.all(
    peers.map(async (peer, p) => {
      for (let i = 0; i < count; i++) await peer.append([{ id: `${name} ${p} ${i}` }])
    })
  )
}

/** The same view everywhere, which tells the whole order: everything once, each writer's in the order it appended. */
export async function expectConverged(peers: readonly Peer[], count: number): Promise<void> {
  const read = () => Promise.all(peers.map(peer => peer.read()))
  await until(async () => {
    const [first, ...others] = (await read()).map(({ view }) => view)
    return (
      first?.count === String(count) && others.every(other => JSON.stringify(other) === JSON.stringify(first))
    )
  })
  const all = await read()
  const view = all[0]?.view as Record<string, string>
  const order = Object.keys(view)
    .filter(key => key.startsWith('order/'))
    .sort()
    .map(key => view[key] as string)
  expect(view).toEqual(viewOf(order))
  expect(new Set(order).size).toBe(count)
  for (const { oplog } of all) expect(order.filter(id => oplog.includes(id))).toEqual(oplog)
}

/** No peer had trouble with its database, or an error of its transport but that the relay was not there. */
export async function expectNoTrouble(peers: readonly Peer[]): Promise<void> {
  for (const peer of peers) {
    // of three, what one tells may build on what another is still to tell; all of it was ordered in the end
    const troubles = (await peer.troubles()).filter(trouble => trouble !== 'waiting')
    expect(troubles).toEqual([])
    for (const error of (await peer.relayed()).errors)
      expect(error).toMatch(/^TRANSPORT_FAILED (ECONNREFUSED|ECONNRESET|ETIMEDOUT|CLOSED|1006)$/)
  }
}
