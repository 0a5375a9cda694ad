import Hypercore from 'hypercore'
import type Wakeup from 'protomux-wakeup'
import type { AutobeeError } from '../errors.ts'
import { type Head, hexOf } from '../keys.ts'
import { Acks } from '../sync/acks.ts'
import { Knocking } from '../sync/knocking.ts'
import { Peers } from '../sync/peers.ts'
import type { RangeStats } from '../sync/ranges/oplog.ts'
import { type RangeOplogs, Ranges } from '../sync/ranges/ranges.ts'
import type { Strangers } from '../sync/strangers.ts'
import type { Engine } from './engine.ts'
import type { AppendQueue } from './queue.ts'
import type { CycleReport } from './report.ts'
import { strangersOf } from './strangers-of.ts'

export interface ExchangeOptions {
  readonly queue: AppendQueue
  /** Try strangers' units? */
  readonly optimistic: boolean
  /** ms; 0: never. */
  readonly ackInterval: number
  readonly maxClockDrift: number
  readonly wakeup: Wakeup | null
  /** Counts what goes in ranges; false: nothing does. */
  readonly ranges: RangeStats | false
  now(): number
  /** Appends an ack. */
  ack(): void
  /** Is the database open? What comes at another time is passed over. */
  isOpen(): boolean
  /** A peer came or went. */
  onpeer(): void
}

/** What a database tells its peers and hears from them; it outlives the engine, which is replaced now and then. */
export class Exchange {
  readonly #o: ExchangeOptions
  readonly #acks: Acks
  readonly #knocking: Knocking
  readonly #streams = new Set<Hypercore.ReplicationStream>()
  #engine: Engine | null = null
  #peers: Peers | null = null
  #strangers: Strangers | null = null
  #ranges: Ranges | null = null

  constructor(options: ExchangeOptions) {
    this.#o = options
    this.#acks = new Acks({ interval: options.ackInterval, append: () => options.ack() })
    this.#knocking = new Knocking(() => {
      this.announceLocal()
      return this.#engine?.roleOfLocal() === 'none' && this.#engine.localLength > 0
    })
  }

  get isConnected(): boolean {
    return this.#streams.size > 0
  }

  /** Why an append would be stamped with a time that the others hold back; null while it is not. */
  get clockRefusal(): AutobeeError | null {
    return this.#peers?.clockRefusal(this.#o.maxClockDrift) ?? null
  }

  /** The database was opened, or opened anew. */
  follow(engine: Engine): void {
    const { queue, optimistic } = this.#o
    this.#engine = engine
    this.#ranges?.follow(oplogsOf(engine))
    this.#strangers = strangersOf(engine, { queue, isWanted: optimistic })
  }

  /** The engine is about to be closed. */
  pause(): void {
    this.#acks.stop()
    this.#strangers?.close()
    this.#ranges?.pause()
  }

  connect({ key, discoveryKey }: { key: Uint8Array; discoveryKey: Uint8Array }): void {
    const { wakeup, now, onpeer } = this.#o
    this.#peers = new Peers({
      key,
      discoveryKey,
      wakeup,
      now,
      onpeer,
      announcement: () => this.#engine?.announcement() ?? [],
      onannounce: (heads, from) => this.#onannounce(heads, from)
    })
    const stats = this.#o.ranges
    if (stats) {
      const onprogress = () => this.#engine?.writers.onprogress()
      this.#ranges = new Ranges({ id: { key, discoveryKey }, stats, onprogress })
      if (this.#engine) this.#ranges.follow(oplogsOf(this.#engine))
    }
    for (const stream of this.#streams) this.#attach(stream)
  }

  attach(stream: Hypercore.ReplicationStream): void {
    this.#streams.add(stream)
    stream.once('close', () => {
      this.#streams.delete(stream)
      this.#o.onpeer()
    })
    this.#attach(stream)
  }

  close(): void {
    this.pause()
    this.#knocking.stop()
    this.#peers?.close()
    this.#ranges?.close()
  }

  /** Inside a cycle, when the order is whole. */
  async tryStrangers(engine: Engine): Promise<void> {
    if (engine === this.#engine) await this.#strangers?.tryAll()
  }

  /** Somebody who is trusted to know says that an oplog has that many entries. */
  hint(head: Head): void {
    const engine = this.#engine
    if (!engine || !this.#o.isOpen()) return
    const id = hexOf(head.key)
    if (!engine.linearizer.everMember(id)) {
      this.#strangers?.consider(head)
      return
    }
    const writer = engine.writers.follow(id)
    writer.hinted = Math.max(writer.hinted, head.length)
    engine.cycle.kick()
  }

  /** What a cycle did, as far as it concerns others. */
  tell(report: CycleReport, engine: Engine): void {
    const isStranger = engine.roleOfLocal() === 'none'
    if (report.appended > 0 && engine.localLength === report.appended) this.announceLocal()
    else if (report.written && isStranger) this.#knocking.soon()
    if (report.changes.length > 0) this.#ranges?.refresh()
    if (report.complete) this.#acks.schedule(engine.linearizer, engine.roleOfLocal() === 'indexer')
  }

  announceLocal(): void {
    const engine = this.#engine
    if (!engine || engine.localLength === 0) return
    this.#peers?.announce([{ key: engine.localKey, length: engine.localLength }])
  }

  #attach(stream: Hypercore.ReplicationStream): void {
    this.#peers?.attach(stream)
    const ranges = this.#ranges
    if (!ranges) return
    stream.noiseStream.opened.then(opened => {
      if (opened) ranges.attach(Hypercore.getProtocolMuxer(stream))
    }, noop)
  }

  /** What peers claim opens cores, within bounds; nothing waits for it. */
  #onannounce(heads: readonly Head[], from: object): void {
    const engine = this.#engine
    if (!engine || !this.#o.isOpen()) return
    for (const head of heads) {
      if (!engine.linearizer.everMember(hexOf(head.key))) this.#strangers?.consider(head, from)
    }
  }
}

function oplogsOf({ linearizer, writers, own, localId }: Engine): RangeOplogs {
  return {
    localId,
    local: own.oplog,
    isMember: id => linearizer.everMember(id),
    watch: watcher => writers.watch(watcher)
  }
}

function noop(): void {}
