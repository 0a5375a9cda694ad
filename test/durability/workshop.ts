import { cp, mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import b4a from 'b4a'
import Corestore from 'corestore'
import { afterEach } from 'vitest'
import { Autobee, type AutobeeEvents, type AutobeeOptions, type KeyLike } from '../../src/index.ts'
import { apply } from './apply.mjs'
import { Child, type ChildOptions } from './child.ts'
import { connect, listen } from './wire.mjs'

/** A database of this process and the events that tell of trouble. */
export interface Peer {
  readonly db: Autobee
  readonly store: Corestore
  readonly dir: string
  /** Names and details of the events that it emitted, in their order. */
  readonly events: { readonly name: keyof AutobeeEvents; readonly detail: Record<string, unknown> }[]
  /** Port on 127.0.0.1 at which it replicates. */
  readonly port: number
  close(): Promise<void>
}

const TOLD = ['conflict', 'writer-frozen', 'diverged', 'recovered', 'waiting', 'rejected', 'error'] as const

/** Folders, processes and databases of one test, all gone after it. */
export class Workshop {
  readonly #dirs: string[] = []
  readonly #children: Child[] = []
  readonly #peers: Peer[] = []
  readonly #others: (() => unknown)[] = []

  async dir(): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), 'autobee-durability-'))
    this.#dirs.push(dir)
    return dir
  }

  /** A copy of a store that nobody has open; the original stays as it is. */
  async copy(dir: string): Promise<string> {
    const copy = await this.dir()
    // the file CORESTORE says on which inode the store was made
    await cp(dir, copy, { recursive: true, filter: path => !/(CORESTORE|LOCK)$/.test(path) })
    return copy
  }

  child(options: ChildOptions): Child {
    const child = new Child(options)
    this.#children.push(child)
    return child
  }

  async peer(
    dir: string,
    { key = null, ...options }: AutobeeOptions & { key?: KeyLike | null } = {}
  ): Promise<Peer> {
    const store = new Corestore(dir)
    const db = new Autobee(store, key, { apply: apply as never, ackInterval: 0, ...options })
    const events: Peer['events'] = []
    for (const name of TOLD) {
      db.on(name, (detail: unknown) => events.push({ name, detail: detail as Record<string, unknown> }))
    }
    try {
      await db.ready()
    } catch (error) {
      await store.close()
      throw error
    }
    const server = await listen(db)
    const peer: Peer = {
      db,
      store,
      dir,
      events,
      port: server.port,
      close: async () => {
        await server.close()
        await db.close()
        await store.close()
      }
    }
    this.#peers.push(peer)
    return peer
  }

  /** Undone after the test, the last first. */
  after(undo: () => unknown): void {
    this.#others.push(undo)
  }

  async remove(dir: string): Promise<void> {
    await rm(dir, { recursive: true, force: true })
  }

  async clean(): Promise<void> {
    await Promise.all(this.#children.splice(0).map(child => child.end()))
    await Promise.allSettled(this.#peers.splice(0).map(peer => peer.close()))
    for (const undo of this.#others.splice(0).reverse()) await undo()
    await Promise.all(this.#dirs.splice(0).map(dir => this.remove(dir)))
  }
}

export function workshop(): Workshop {
  const shop = new Workshop()
  afterEach(() => shop.clean())
  return shop
}

/** Connects two peers of this process. Resolves to what cuts them apart. */
export function joined(a: Peer, b: Peer): Promise<() => Promise<void>> {
  return connect(a.db, b.port)
}

/** The write-ahead log that a power cut can shorten: RocksDB syncs the older ones before it goes on to the next. */
export async function newestLog(dir: string): Promise<{ path: string; size: number }> {
  const names = (await readdir(join(dir, 'db'))).filter(name => /^\d+\.log$/.test(name)).sort()
  const path = join(dir, 'db', names[names.length - 1] as string)
  return { path, size: (await stat(path)).size }
}

export async function cut(dir: string, size: number): Promise<void> {
  await truncate((await newestLog(dir)).path, size)
}

export function hex(bytes: Uint8Array | null): string {
  return b4a.toString(bytes as Uint8Array, 'hex')
}
