import b4a from 'b4a'
import type Hypercore from 'hypercore'
import { AutobeeError } from '../errors.ts'
import { ORDER_RULE, type Origin } from '../oplog/entry.ts'
import type { Unit } from '../oplog/unit.ts'
import type { WriterCore } from '../oplog/writer.ts'
import type { Linearizer } from '../order/index.ts'
import { LocalWriter } from './local-writer.ts'

/** How long appends wait for the rest of the own oplog that a peer claims to have, before they are refused, ms. */
const PATIENCE = 5000
/** After an opening that was not preceded by an orderly closing, claims are believed for so long, ms. */
const SUSPICION = 600_000

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
  /** The store was not closed in order: a power cut may have taken a tail that peers have. */
  readonly isSuspect: boolean
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
  readonly #openedAt = performance.now()
  #waitingSince: number | null = null
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(options: LocalOplogOptions) {
    this.#o = options
  }

  /** Why nothing can be appended, whatever it is; null when it can. */
  refusal(): AutobeeError | null {
    const { frozen } = this.#o.reader()
    if (this.#o.isDead || frozen?.reason === 'CONFLICT') {
      const how = 'the local oplog was forked and is frozen; go on with a new one: setLocal'
      return new AutobeeError('CONFLICT', how)
    }
    if (frozen) {
      const code = frozen.reason === 'UPGRADE_REQUIRED' ? 'UPGRADE_REQUIRED' : 'INVALID_ENTRY'
      return new AutobeeError(
        code,
        `the local oplog cannot be read: ${frozen.message}; go on with a new one: setLocal`
      )
    }
    if (!this.#isRead || this.#isLongerElsewhere()) {
      const how = 'peers have more of the local oplog than this store; wait until it is here, or use setLocal'
      return new AutobeeError('WAITING', how, { reason: 'RECOVERING' })
    }
    return null
  }

  get writer(): LocalWriter | null {
    return this.#writer
  }

  /** Can appends be answered now, be it with a refusal? While the rest may be on its way they wait, for a while. */
  mayAppend(): boolean {
    if (!this.#isRead) this.read()
    if (this.#o.isDead || this.#o.reader().frozen) return true
    if (this.#isRead && !this.#isLongerElsewhere()) {
      this.#waitingSince = null
      return true
    }
    const now = performance.now()
    this.#waitingSince ??= now
    if (now - this.#waitingSince > PATIENCE) return true
    if (this.#isRead) this.#o.oplog.update({ force: true, wait: true }).catch(noop)
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.#o.onlook()
    }, PATIENCE / 10)
    return false
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  /**
   * Does a peer say that it has more of the own oplog than we do? Appending would fork it then. Only where a tail may
   * have been lost is anybody believed: a claim needs no proof.
   */
  #isLongerElsewhere(): boolean {
    const { oplog, isSuspect } = this.#o
    if (!isSuspect || performance.now() - this.#openedAt > SUSPICION) return false
    return oplog.peers.some(peer => peer.remoteFork === oplog.fork && peer.remoteLength > oplog.length)
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
      timestamp: linearizer.latestTimeOf(reader.id, oplog.length)
    })
  }
}

export function originOf({ encrypted, valueEncoding }: Omit<Origin, 'orderRule'>): Origin {
  return { orderRule: ORDER_RULE, encrypted, valueEncoding }
}

function noop(): void {}
