import b4a from 'b4a'
import type Hypercore from 'hypercore'
import { ORDER_RULE, type Origin } from '../oplog/entry.ts'
import type { Unit } from '../oplog/unit.ts'
import type { WriterCore } from '../oplog/writer.ts'
import type { Linearizer } from '../order/index.ts'
import { LocalWriter } from './local-writer.ts'

/** How long a peer's claim to have more of the own oplog holds appends up without a proof, ms. */
const BELIEF = 5000

export interface LocalOplogOptions {
  readonly oplog: Hypercore
  /** The same oplog as a writer among others, which reads it. */
  readonly reader: () => WriterCore
  readonly linearizer: Linearizer<Unit>
  /** Key of the database. */
  readonly key: Uint8Array
  /** Its length when this store wrote to it last. */
  readonly bootLength: number
  /** Nothing may be written to it: no secret key, or a conflict was seen. */
  readonly isDead: boolean
  readonly origin: Origin
  /** Look again whether appends can go on. */
  onlook(): void
  onwaiting(): void
  onrecovered(range: { from: number; to: number }): void
}

/**
 * Decides whether the own oplog may be appended to. It may once every block of it is read and in the order's set: else an
 * append would reuse a length, or fork what a peer still has of a tail that was lost here.
 */
export class LocalOplog {
  readonly #o: LocalOplogOptions
  #writer: LocalWriter | null = null
  #isRead = false
  #recoversFrom: number | null = null
  readonly #claims = new WeakMap<object, number>()

  constructor(options: LocalOplogOptions) {
    this.#o = options
  }

  get isDead(): boolean {
    return this.#o.isDead
  }

  get writer(): LocalWriter | null {
    return this.#writer
  }

  /** Can appends be answered now, be it with a refusal? */
  mayAppend(): boolean {
    if (!this.#isRead) this.read()
    if (!this.#isRead) return false
    if (this.#o.isDead) return true
    return !this.#isLongerElsewhere()
  }

  /** A peer has more of the own oplog than we do: it is on its way, and appending would fork it. */
  #isLongerElsewhere(): boolean {
    const { oplog, onlook } = this.#o
    const now = performance.now()
    let isLonger = false
    for (const peer of oplog.peers) {
      if (peer.remoteFork !== oplog.fork || peer.remoteLength <= oplog.length) continue
      const since = this.#claims.get(peer) ?? now
      this.#claims.set(peer, since)
      if (now - since < BELIEF) isLonger = true
    }
    if (!isLonger) return false
    oplog.update({ force: true }).catch(noop)
    setTimeout(onlook, BELIEF / 10)
    return true
  }

  /** Looks whether the whole oplog is read. */
  read(): void {
    const { oplog, linearizer, bootLength } = this.#o
    const reader = this.#o.reader()
    const isWhole = oplog.length === 0 || reader.isRead
    if (!isWhole || reader.pending.length > 0) {
      if (this.#recoversFrom !== null) return
      this.#recoversFrom = bootLength
      reader.want()
      this.#o.onwaiting()
      return
    }
    reader.mute()
    this.#isRead = true
    if (oplog.length > bootLength) this.#o.onrecovered({ from: bootLength, to: oplog.length })
    if (this.#o.isDead) return
    const isFirst = b4a.equals(oplog.key, this.#o.key)
    this.#writer = new LocalWriter({
      key: oplog.key,
      origin: isFirst ? this.#o.origin : null,
      length: oplog.length,
      timestamp: linearizer.find(reader.id, oplog.length)?.timestamp ?? 0
    })
  }
}

export function originOf({ encrypted, valueEncoding }: Omit<Origin, 'orderRule'>): Origin {
  return { orderRule: ORDER_RULE, encrypted, valueEncoding }
}

function noop(): void {}
