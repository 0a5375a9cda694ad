/** Stores on disk, peers in them and connections between them, closed and removed together. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Corestore from 'corestore'
import { openStore } from '../adapters/storage/file.ts'
import type { Kind, Peer, Role } from './peers/peer.ts'

export class Scope {
  readonly #closing: (() => Promise<unknown>)[] = []

  /** Runs with a scope of its own. */
  static async run<T>(run: (scope: Scope) => Promise<T>): Promise<T> {
    const scope = new Scope()
    try {
      return await run(scope)
    } finally {
      await scope.close()
    }
  }

  /** To be called when the scope is closed. */
  defer(close: () => Promise<unknown>): void {
    this.#closing.push(close)
  }

  async dir(): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), 'autobee-bench-'))
    this.#closing.push(() => rm(dir, { recursive: true, force: true }))
    return dir
  }

  /** In a new folder when none is given. */
  async store(dir?: string): Promise<Corestore> {
    const store = new Corestore(dir ?? (await this.dir()))
    this.#closing.push(() => store.close())
    await store.ready()
    return store
  }

  /** The same as this package opens stores on files. */
  async opened(dir?: string): Promise<Corestore> {
    const store = await openStore(dir ?? (await this.dir()))
    this.#closing.push(() => store.close())
    return store
  }

  /** In a store of its own; `dir`: with what is in it. */
  async peer(kind: Kind, { dir, ...options }: PeerOptions = {}): Promise<Peer> {
    const peer = await kind.open(await this.store(dir), { role: 'indexer', ...options })
    this.#closing.push(() => peer.close())
    return peer
  }

  /** Replicates within this process. Returns what cuts the two apart. */
  connect(a: Peer, b: Peer): () => Promise<void> {
    const streams = [a.replicate(true), b.replicate(false)] as const
    const closed = streams.map(
      stream =>
        new Promise<void>(resolve => {
          stream.on('error', () => {})
          stream.once('close', () => resolve())
        })
    )
    streams[0].pipe(streams[1] as never)
    streams[1].pipe(streams[0] as never)
    const cut = async () => {
      for (const stream of streams) stream.destroy()
      await Promise.all(closed)
    }
    this.#closing.push(cut)
    return cut
  }

  /** What was opened last is closed first. */
  async close(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close()
  }
}

export interface PeerOptions {
  readonly dir?: string
  readonly key?: Uint8Array
  /** Default: indexer. */
  readonly role?: Role
}

const LOOK_AGAIN_MS = 20
const GIVE_UP_MS = 60_000

/**
 * Looks whenever one of the peers says that something may have changed, and every 20 ms in case none does. Resolves to the
 * time at which the condition was first looked at with success.
 */
export function until(peers: readonly Peer[], condition: () => Promise<boolean>): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    let state: 'idle' | 'looking' | 'again' | 'done' = 'idle'
    const finish = (end: () => void) => {
      state = 'done'
      clearInterval(timer)
      for (const stop of stops) stop()
      end()
    }
    const look = async () => {
      if (state === 'looking') state = 'again'
      if (state !== 'idle') return
      try {
        do {
          state = 'looking'
          const now = performance.now()
          if (await condition()) return finish(() => resolve(now))
          if (now - started > GIVE_UP_MS) throw new Error(`no convergence within ${GIVE_UP_MS / 1000} s`)
        } while ((state as string) === 'again')
        state = 'idle'
      } catch (error) {
        finish(() => reject(error))
      }
    }
    const stops = peers.map(peer => peer.watch(look))
    const timer = setInterval(look, LOOK_AGAIN_MS)
    void look()
  })
}

/** Makes the others members of the first one's database, one after the other. All are connected to it. */
export async function admit([first, ...others]: readonly Peer[], role: Role): Promise<void> {
  const known = [first!]
  for (const peer of others) {
    await first!.append(first!.admission(peer))
    known.push(peer)
    const indexers = role === 'indexer' ? known.length : 1
    const started = performance.now()
    for (let turn = 0; !known.every(one => one.isSettled(indexers)); turn++) {
      if (performance.now() - started > GIVE_UP_MS) throw new Error(`Member ${known.length} was not admitted`)
      // one at a time: where all of them acknowledge at once, each calls for the acknowledgement of the others
      await known[turn % known.length]!.settle()
      await new Promise(resolve => setTimeout(resolve, LOOK_AGAIN_MS))
    }
  }
}
