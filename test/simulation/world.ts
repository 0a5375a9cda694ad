import b4a from 'b4a'
import type { HistoryLimits } from '../../src/engine/history.ts'
import { connect } from '../support/peers.ts'
import { type Counters, type Disk, Peer } from './peer.ts'
import { Random } from './random.ts'

export interface Runtime {
  /** An empty one; the keys of its stores follow from 32 bytes. */
  createDisk(primaryKey: Uint8Array): Promise<Disk>
}

export interface WorldOptions {
  readonly runtime: Runtime
  readonly seed: number
  readonly counters: Counters
}

/** Longest that anything may take, in real ms, on a machine that does other things as well. */
const PATIENCE = 30_000
/** ms since the epoch at which every world begins. */
const BEGINNING = 1_700_000_000_000

/** Several peers, the links between them, and one time that their clocks are off from. */
export class World {
  readonly random: Random
  readonly seed: number
  readonly counters: Counters
  readonly peers: Peer[] = []
  /** What must not happen and did. */
  readonly problems: string[] = []
  /** What was done, for the message of a failure. */
  readonly story: string[] = []
  readonly encryptionKey: Uint8Array | null
  readonly isJson: boolean
  readonly maxClockDrift: number
  /** ms that clocks are off at most. */
  readonly skew: number
  time = BEGINNING
  readonly #runtime: Runtime
  readonly #links = new Map<string, () => Promise<void>>()
  #key: Uint8Array | null = null

  constructor({ runtime, seed, counters }: WorldOptions) {
    this.#runtime = runtime
    this.seed = seed
    this.counters = counters
    const random = new Random(seed)
    this.random = random
    this.encryptionKey = random.chance(0.15) ? random.bytes(32) : null
    this.isJson = random.chance(0.3)
    this.maxClockDrift = random.chance(0.2) ? 2000 : 600_000
    // with little drift allowed, more of it keeps everybody from appending
    this.skew = random.pick(this.maxClockDrift < 60_000 ? [500, 1500, 3000] : [0, 5, 100, 1000, 60_000])
  }

  get key(): Uint8Array {
    if (!this.#key) throw new Error('nobody has created the database')
    return this.#key
  }

  get bootstrap(): string {
    return b4a.toString(this.key, 'hex')
  }

  /** Makes one more peer, not connected to anyone. The first one creates the database. */
  async addPeer(): Promise<Peer> {
    const { random } = this
    const peer: Peer = new Peer({
      index: this.peers.length,
      disk: await this.#runtime.createDisk(random.bytes(32)),
      counters: this.counters,
      key: this.#key,
      database: {
        encryptionKey: this.encryptionKey,
        valueEncoding: this.isJson ? 'json' : 'binary',
        maxClockDrift: this.maxClockDrift
      },
      raw: random.chance(0.1),
      ackInterval: random.chance(0.25) ? random.int(1, 30) : 0,
      mirrors: random.chance(0.2),
      optimistic: random.chance(0.85),
      history: this.#historyOf(this.peers.length),
      now: () => BEGINNING + (this.time - BEGINNING) * peer.clock.rate + peer.clock.offset,
      onproblem: what => this.problems.push(what)
    })
    peer.clock = {
      offset: random.int(-this.skew, this.skew),
      rate: this.skew > 0 ? 1 + (random.float() - 0.5) * 0.1 : 1
    }
    this.peers.push(peer)
    this.#key = await this.patiently(peer.open(), `${peer.name} opens`)
    return peer
  }

  /**
   * Small databases are to go through what large ones do; after a restart the limits may be others. Does not use up what the
   * other choices are made of.
   */
  #historyOf(index: number): (opening: number) => HistoryLimits | null {
    const seed = this.seed * 1000 + index
    const changes = new Random(seed).chance(0.5)
    return opening => {
      const random = new Random(seed)
      random.restart(seed, changes ? opening : 0)
      if (random.chance(0.2)) return null
      const tiny = random.chance(0.4)
      return {
        spacing: tiny ? 1 : random.int(1, 12),
        keep: tiny ? random.int(0, 3) : random.int(1, 24),
        recent: tiny ? random.int(0, 1) : random.int(0, 12),
        tail: random.chance(0.5) ? random.int(0, 40) : 65_536
      }
    }
  }

  tell(what: string): void {
    this.story.push(what)
  }

  /** Waits for what must end soon. */
  async patiently<T>(promise: Promise<T>, what: string, patience = PATIENCE): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`still waiting: ${what}`)), patience)
    })
    try {
      return await Promise.race([promise, late])
    } finally {
      clearTimeout(timer)
    }
  }

  isLinked(a: Peer, b: Peer): boolean {
    return this.#links.has(linkOf(a, b))
  }

  link(a: Peer, b: Peer): void {
    if (a === b || this.isLinked(a, b)) return
    this.#links.set(linkOf(a, b), connect(a.db, b.db))
  }

  async cut(a: Peer, b: Peer): Promise<void> {
    const cut = this.#links.get(linkOf(a, b))
    this.#links.delete(linkOf(a, b))
    if (cut) await this.patiently(cut(), `a stream between ${a.name} and ${b.name} closes`)
  }

  neighbours(peer: Peer): Peer[] {
    return this.peers.filter(other => other !== peer && this.isLinked(peer, other))
  }

  /** Cuts a peer off; returns whom it was linked to. */
  async isolate(peer: Peer): Promise<Peer[]> {
    const neighbours = this.neighbours(peer)
    await Promise.all(neighbours.map(other => this.cut(peer, other)))
    return neighbours
  }

  async cutAll(): Promise<void> {
    await Promise.all(this.peers.map(peer => this.isolate(peer)))
  }

  /** Closes and opens a peer, on the same data; its streams end before or by that. */
  async restart(peer: Peer, options: { store: boolean; cutFirst: boolean; relink: boolean }): Promise<void> {
    const { counters } = this
    // Hypercore reads from a store that was closed while blocks came in, and nobody catches what that throws
    const cutFirst = options.cutFirst || options.store
    const before = cutFirst ? await this.isolate(peer) : this.neighbours(peer)
    await this.patiently(peer.close(options), `${peer.name} closes`)
    await this.isolate(peer)
    const key = peer.index === 0 && this.random.chance(0.5) ? null : this.key
    await this.patiently(peer.open(key), `${peer.name} opens again`)
    counters.restarts++
    if (options.store) counters.storeRestarts++
    if (options.relink) for (const other of before) this.link(peer, other)
  }

  /** Groups that cannot reach each other; each a random tree. */
  async partition(groups: readonly Peer[][]): Promise<void> {
    for (const [i, group] of groups.entries()) {
      for (const a of group) {
        for (const other of groups.slice(i + 1).flat()) await this.cut(a, other)
      }
      for (const [at, peer] of group.entries()) {
        if (at > 0) this.link(peer, this.random.pick(group.slice(0, at)))
      }
    }
  }

  async destroy(): Promise<void> {
    await this.cutAll()
    for (const peer of this.peers) await this.patiently(peer.destroy(), `${peer.name} is destroyed`)
  }
}

/** Lets the event loop go on, as little as it takes. */
export function breathe(ms = 1): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

function linkOf(a: Peer, b: Peer): string {
  return a.index < b.index ? `${a.index}-${b.index}` : `${b.index}-${a.index}`
}
