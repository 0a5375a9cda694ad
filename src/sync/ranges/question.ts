import type { RangePeer } from './peer.ts'
import type { Transfer } from './transfer.ts'

/** An answer that does not come on is given up after this, ms; so much of it has to come meanwhile, bytes. */
const PATIENCE = 1000
const PROGRESS = 16 * 1024
/** An answer that does not begin is given up after this, whatever else that peer sends, ms. */
const MOST_PATIENCE = 10_000
/** A few entries that another peer tells of may be on their way from the one asked already, ms. */
const CROSSING = 20
const FEW = 64

/** What became of it: worth waiting `ms` for, answered by somebody else sooner, or not answered at all. */
export type QuestionState =
  | { readonly state: 'good'; readonly ms: number }
  | { readonly state: 'moved' | 'late' }

/** A question that is out, and how its answer gets on. */
export class Question {
  readonly peer: RangePeer
  readonly transfer: Transfer
  readonly #cancel: () => void
  /** When an answer became due; null while a live one has nothing to answer. */
  #due: number | null
  /** When it last went on; and what had come by then, of this answer and of all of that peer. */
  #since: number
  #bytes = 0
  #received: number

  constructor(options: { peer: RangePeer; transfer: Transfer; cancel: () => void }) {
    this.peer = options.peer
    this.transfer = options.transfer
    this.#cancel = options.cancel
    this.#since = performance.now()
    this.#due = options.transfer.isLive ? null : this.#since
    this.#received = this.peer.received
  }

  get isDue(): boolean {
    return this.#due !== null
  }

  cancel(): void {
    this.#cancel()
  }

  /** `source`: who has more than is here, if anybody has, and how many entries. */
  look(source: { peer: RangePeer; more: number } | null): QuestionState {
    const { peer, transfer } = this
    const now = performance.now()
    const isElsewhere = transfer.isLive && source !== null && source.peer !== peer
    if (this.#due === null) {
      if (!source) return { state: 'good', ms: Number.POSITIVE_INFINITY }
      if (isElsewhere && source.more > FEW) return { state: 'moved' }
      this.#due = now
      this.#goOn(now)
    }
    const left = this.#since + (isElsewhere ? CROSSING : PATIENCE) - now
    if (left > 0) return { state: 'good', ms: left }
    if (isElsewhere) return { state: 'moved' }
    const isComing =
      transfer.bytes > 0
        ? transfer.bytes - this.#bytes >= PROGRESS
        : peer.received > this.#received && now - this.#due < MOST_PATIENCE
    if (!isComing) return { state: 'late' }
    this.#goOn(now)
    return { state: 'good', ms: PATIENCE }
  }

  #goOn(now: number): void {
    this.#since = now
    this.#bytes = this.transfer.bytes
    this.#received = this.peer.received
  }
}
