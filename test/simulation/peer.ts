import b4a from 'b4a'
import type Corestore from 'corestore'
import type { HistoryLimits } from '../../src/engine/history.ts'
import type { Inspection } from '../../src/engine/inspection.ts'
import {
  Autobee,
  AutobeeError,
  type AutobeeOptions,
  type Changes,
  type Host,
  type HyperbeeView
} from '../../src/index.ts'
import { HISTORY, INSPECT } from '../../src/options.ts'
import { createApply } from './program.ts'

/** Where one peer keeps its data. */
export interface Disk {
  /** What was written before is there. */
  open(): Promise<Corestore>
  /** Forgets everything; the store is closed. */
  destroy(): Promise<void>
}

/** Counted over a whole run, so that a run which never got to something fails. */
export interface Counters {
  operations: number
  appends: number
  reorganisations: number
  undos: number
  /** The order in memory began later than at its beginning. */
  bases: number
  rereads: number
  removals: number
  roleChanges: number
  rejections: number
  restarts: number
  storeRestarts: number
  rotations: number
  optimisticAccepted: number
  optimisticRefused: number
  interrupted: number
  applyFailures: number
  crashes: number
  clockWaits: number
  acks: number
}

export function noCounters(): Counters {
  return {
    operations: 0,
    appends: 0,
    reorganisations: 0,
    undos: 0,
    bases: 0,
    rereads: 0,
    removals: 0,
    roleChanges: 0,
    rejections: 0,
    restarts: 0,
    storeRestarts: 0,
    rotations: 0,
    optimisticAccepted: 0,
    optimisticRefused: 0,
    interrupted: 0,
    applyFailures: 0,
    crashes: 0,
    clockWaits: 0,
    acks: 0
  }
}

export interface PeerOptions {
  readonly index: number
  readonly disk: Disk
  readonly counters: Counters
  /** Of the database; null: this peer creates it. */
  readonly key: Uint8Array | null
  readonly database: Pick<AutobeeOptions, 'encryptionKey' | 'valueEncoding' | 'maxClockDrift'>
  readonly raw: boolean
  readonly ackInterval: number
  /** Keeps a copy of the view from the changes that `update` tells of. */
  readonly mirrors: boolean
  readonly optimistic: boolean
  /** null: as users have it. Asked at each opening. */
  history(opening: number): HistoryLimits | null
  /** By this peer's clock. */
  now(): number
  onproblem(what: string): void
}

/** One simulated device: a store, a clock, and the database on it. */
export class Peer {
  readonly name: string
  readonly index: number
  /** Oplogs that this peer has written to, as hex keys. */
  readonly locals = new Set<string>()
  /** ms that its clock is ahead of the world's time, and how much faster it goes. */
  clock = { offset: 0, rate: 1 }
  /** Units until `apply` calls `host.interrupt`, or throws, on this peer only; 0: never. */
  interruptIn = 0
  crashIn = 0
  /** `apply` threw on a remote entry: it has to be reopened. */
  broken = false
  /** Options of the next opening. */
  ackInterval: number
  optimistic: boolean
  /** The view as it was at `ready()`, with the changes that `update` told of; null when this peer does not keep it. */
  mirror: Promise<Map<string, string>> | null = null
  readonly #o: PeerOptions
  #store: Corestore | null = null
  #db: Autobee | null = null
  #counted = { undos: 0 }
  #openings = 0

  constructor(options: PeerOptions) {
    this.#o = options
    this.index = options.index
    this.ackInterval = options.ackInterval
    this.optimistic = options.optimistic
    this.name = `peer ${options.index}`
  }

  get db(): Autobee {
    if (!this.#db) throw new Error(`${this.name} is closed`)
    return this.#db
  }

  get store(): Corestore {
    if (!this.#store) throw new Error(`${this.name} has no store`)
    return this.#store
  }

  get localId(): string {
    return b4a.toString(this.db.local.key, 'hex')
  }

  inspect(): Inspection {
    return (this.db as unknown as { [INSPECT](): Inspection })[INSPECT]()
  }

  /** Returns the key of the database. */
  async open(key: Uint8Array | null = this.#o.key): Promise<Uint8Array> {
    this.#store ??= await this.#o.disk.open()
    const db = new Autobee(this.#store, key, this.#options())
    this.#db = db
    this.#counted = { undos: 0 }
    this.broken = false
    this.#listen(db)
    await db.ready()
    if (this.#o.mirrors) this.mirror = contentsOf(db.bee.snapshot())
    this.locals.add(this.localId)
    return db.key as Uint8Array
  }

  async close(options: { store: boolean }): Promise<void> {
    const db = this.#db
    if (db) {
      await this.mirror
      if (this.inspect().linearizer.base > 0) this.#o.counters.bases++
      await db.close()
      this.#count(db)
      this.#db = null
    }
    if (options.store && this.#store) {
      await this.#store.close()
      this.#store = null
    }
  }

  async destroy(): Promise<void> {
    try {
      await this.close({ store: true })
    } finally {
      await this.#o.disk.destroy()
    }
  }

  async #mirror(changes: Changes): Promise<void> {
    const mirror = await this.mirror
    for await (const { key, after } of changes) {
      if (after) mirror?.set(b4a.toString(key), b4a.toString(after))
      else mirror?.delete(b4a.toString(key))
    }
  }

  #options(): AutobeeOptions {
    const { database, raw, mirrors } = this.#o
    const history = this.#o.history(this.#openings++)
    return {
      ...database,
      raw,
      ackInterval: this.ackInterval,
      optimistic: this.optimistic,
      ...(history ? { [HISTORY]: history } : {}),
      now: () => Math.floor(this.#o.now()),
      apply: createApply({ onunit: (host, options) => this.#onunit(host, options) }) as never,
      ...(mirrors ? { update: (_, changes) => this.#mirror(changes) } : {})
    }
  }

  #onunit(host: Host, { isMember }: { isMember: boolean }): void {
    if (this.interruptIn > 0 && --this.interruptIn === 0) {
      this.#o.counters.interrupted++
      host.interrupt('now and then')
    }
    // a stranger's unit is skipped when apply throws on it: a failure of one peer only would change the order there
    if (isMember && this.crashIn > 0 && --this.crashIn === 0) {
      this.#o.counters.crashes++
      throw new Error('apply fails on this peer')
    }
  }

  #listen(db: Autobee): void {
    const { counters, onproblem } = this.#o
    db.on('reorg', () => {
      counters.reorganisations++
    })
    db.on('rejected', () => {
      counters.rejections++
    })
    db.on('writer', ({ isRemoved }) => {
      if (isRemoved) counters.removals++
    })
    db.on('waiting', ({ reason }) => {
      if (reason === 'CLOCK') counters.clockWaits++
    })
    db.on('diverged', where => onproblem(`${this.name} diverged at ${where.position}`))
    db.on('conflict', where => onproblem(`${this.name} saw a conflict at ${where.length}`))
    db.on('writer-frozen', ({ reason, message }) =>
      onproblem(`${this.name} froze a writer: ${reason}, ${message}`)
    )
    db.on('error', error => {
      if (AutobeeError.is(error, 'APPLY_FAILED') && /fails on this peer/.test(error.message)) {
        this.broken = true
      } else onproblem(`${this.name}: ${error.stack}`)
    })
  }

  #count(db: Autobee): void {
    this.#o.counters.undos += db.stats.undos - this.#counted.undos
    this.#counted = { undos: db.stats.undos }
    this.#o.counters.rereads += db.stats.reread
  }
}

/** The whole view. */
export async function contentsOf(view: Pick<HyperbeeView, 'createReadStream'>): Promise<Map<string, string>> {
  const contents = new Map<string, string>()
  for await (const { key, value } of view.createReadStream()) {
    contents.set(b4a.toString(key as Uint8Array), b4a.toString(value as Uint8Array))
  }
  return contents
}
