import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Lane } from './lane.ts'

/** Bytes that the socket may hold before the rest waits here, where it is merged, takes turns, and can be dropped. */
export const SOCKET_FULL = 1 << 18
/** Answers that may wait: who makes the relay answer more, and does not read it, is no honest client. */
const MOST_ANSWERS = 1_024

export interface OutboxOptions {
  readonly socket: Duplex
  readonly ws: WebSocket
  /** What waits for all clients, which this counts along. */
  readonly pool: { add(bytes: number): void }
  /** Bytes that may wait. */
  readonly most: number
  /** Too much waits. */
  onslow(): void
  onsent(bytes: number): void
}

/**
 * What goes to one client. Answers to it go first, then channels take turns, a DATA frame each. Nothing is handed to the
 * socket while that is full: what a channel's lane holds is bounded by its credit, so the sum is bounded, too.
 */
export class Outbox {
  readonly #o: OutboxOptions
  readonly #answers: Uint8Array[] = []
  readonly #ready = new Set<Lane>()
  #waiting = 0
  #isScheduled = false
  #isClosed = false
  #onempty: (() => void) | null = null
  readonly #send = (frame: Uint8Array): void => {
    this.#o.onsent(frame.length)
    this.#o.ws.send(frame, SEND)
  }

  constructor(options: OutboxOptions) {
    this.#o = options
    options.socket.on('drain', () => this.#flush())
  }

  /** Bytes that were not given to the system yet. */
  get buffered(): number {
    return this.#waiting + this.#o.socket.writableLength
  }

  /** Those of them that the socket does not hold. */
  get waiting(): number {
    return this.#waiting
  }

  /** Does the socket take nothing now? */
  get isFull(): boolean {
    return this.#o.socket.writableLength >= SOCKET_FULL
  }

  answer(frame: Uint8Array): void {
    if (this.#isClosed) return
    this.#answers.push(frame)
    if (this.#answers.length > MOST_ANSWERS) this.#o.onslow()
    else this.#schedule()
  }

  data(lane: Lane, message: Buffer): void {
    if (this.#isClosed) return
    this.#count(lane.data(message))
    this.ready(lane)
    if (this.#waiting > this.#o.most) this.#o.onslow()
  }

  /** A lane has something to say. */
  ready(lane: Lane): void {
    if (this.#isClosed) return
    this.#ready.add(lane)
    this.#schedule()
  }

  reset(lane: Lane, reason: Parameters<Lane['reset']>[0]): void {
    const { dropped, isSilent } = lane.reset(reason)
    if (this.#isClosed) return
    this.#count(-dropped)
    if (isSilent) this.#ready.delete(lane)
    else this.ready(lane)
  }

  /** The lane's client wants to hear no more of it. */
  drop(lane: Lane): void {
    const { dropped } = lane.reset('CLOSED')
    this.#ready.delete(lane)
    if (!this.#isClosed) this.#count(-dropped)
  }

  /** Calls back when all that waits was handed to the socket. */
  finish(onempty: () => void): void {
    this.#onempty = onempty
    this.#schedule()
  }

  /** Nothing more is sent, what waits is dropped. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#count(-this.#waiting)
    this.#answers.length = 0
    this.#ready.clear()
    this.#onempty = null
  }

  #count(bytes: number): void {
    this.#waiting += bytes
    if (bytes !== 0) this.#o.pool.add(bytes)
  }

  /** After all that was read at once: frames of one channel are merged, and go out with one call of the system. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    process.nextTick(() => this.#flush())
  }

  #flush(): void {
    this.#isScheduled = false
    if (this.#isClosed || this.isFull) return
    const { socket } = this.#o
    socket.cork()
    for (const answer of this.#answers.splice(0)) this.#send(answer)
    // a lane that is put back is met again at the end
    for (const lane of this.#ready) {
      if (this.isFull) break
      this.#ready.delete(lane)
      const before = lane.waiting
      const isMore = lane.advance(this.#send)
      this.#count(lane.waiting - before)
      if (isMore) this.#ready.add(lane)
    }
    socket.uncork()
    if (this.#ready.size > 0 || this.#answers.length > 0) return
    const onempty = this.#onempty
    this.#onempty = null
    onempty?.()
  }
}

const SEND = { binary: true, compress: false }
