import { type CloseReason, DATA_HEADER, type FrameOf, type ResetReason } from '../frames.ts'
import { Lane } from './lane.ts'
import type { Outbox } from './outbox.ts'

/** One client's side of a channel. */
interface End {
  readonly channel: number
  readonly owner: Channels
  /** What waits for this client. */
  readonly lane: Lane
  /** Bytes that this client may still send. */
  credit: number
  /** Bytes that were handed to this client's socket, and that it did not give credit for again. */
  owed: number
  /** It sends no more data. */
  isEnded: boolean
  /** It was told that the other side sends no more. */
  isTold: boolean
  other: End | null
}

export interface ChannelsOptions {
  /** What goes to the client. */
  readonly outbox: Outbox
  /** Bytes of payload in one frame, at most. */
  readonly frame: number
  /** A channel is gone, and its place is free. */
  onplace(): void
}

/**
 * The channels of one client. Of each, and each way, credit + what waits + what was handed over and not yet granted again
 * is the window, always. What a client does wrong is returned, and the client closed for it.
 */
export class Channels {
  /** Those with whom a channel ended, and neither has joined anything since. */
  readonly parted = new WeakSet<Channels>()
  readonly #o: ChannelsOptions
  readonly #ends = new Map<number, End>()
  readonly #peers = new Set<Channels>()
  /** Numbers are never used twice: a frame that crossed the end of its channel is known by that. */
  #last = 0

  constructor(options: ChannelsOptions) {
    this.#o = options
  }

  get size(): number {
    return this.#ends.size
  }

  /** Is there a channel between the two, or was there one, and nobody asked for another? */
  knows(other: Channels): boolean {
    return this.#peers.has(other) || this.parted.has(other)
  }

  /** One side of a channel that has no other side yet. */
  make({ window, open }: PairOptions, isInitiator: boolean): End {
    const channel = ++this.#last
    const end: End = {
      channel,
      owner: this,
      lane: new Lane({
        channel,
        open: open(channel, isInitiator),
        frame: this.#o.frame,
        onhanded: bytes => {
          end.owed += bytes
        },
        onended: () => this.#ontold(end)
      }),
      credit: window,
      ...{ owed: 0, isEnded: false, isTold: false, other: null }
    }
    return end
  }

  add(end: End): void {
    this.#ends.set(end.channel, end)
    this.#peers.add(otherOf(end).owner)
    this.#o.outbox.ready(end.lane)
  }

  /** @param message is not the caller's any more */
  ondata(channel: number, message: Buffer): CloseReason | null {
    const end = this.#ends.get(channel)
    if (!end) return this.#missing(channel)
    const payload = message.length - DATA_HEADER
    if (end.isEnded || payload > this.#o.frame) return 'PROTOCOL'
    if (payload > end.credit) return 'FLOOD'
    end.credit -= payload
    const { owner, lane } = otherOf(end)
    owner.#o.outbox.data(lane, message)
    return null
  }

  onwindow({ channel, credit }: FrameOf<'window'>): CloseReason | null {
    const end = this.#ends.get(channel)
    if (!end) return this.#missing(channel)
    // it cannot have read what was not even handed to its socket
    if (credit > end.owed) return 'PROTOCOL'
    end.owed -= credit
    const other = otherOf(end)
    other.credit += credit
    if (other.isEnded) return null
    other.lane.grant(credit)
    other.owner.#o.outbox.ready(other.lane)
    return null
  }

  onend({ channel }: FrameOf<'end'>): CloseReason | null {
    const end = this.#ends.get(channel)
    if (!end) return this.#missing(channel)
    if (end.isEnded) return 'PROTOCOL'
    end.isEnded = true
    const { owner, lane } = otherOf(end)
    lane.end()
    owner.#o.outbox.ready(lane)
    return null
  }

  onreset({ channel, reason }: FrameOf<'reset'>): CloseReason | null {
    const end = this.#ends.get(channel)
    if (!end) return this.#missing(channel)
    this.#reset(end, reason)
    return null
  }

  /** All are gone; the others hear why. */
  resetAll(reason: ResetReason): void {
    for (const end of [...this.#ends.values()]) this.#reset(end, reason)
  }

  #reset(end: End, reason: ResetReason): void {
    const { owner, lane } = otherOf(end)
    this.#o.outbox.drop(end.lane)
    forget(end)
    owner.#o.outbox.reset(lane, reason)
  }

  #ontold(end: End): void {
    end.isTold = true
    // only now: a channel of which something waits keeps its place, so that no other one takes as much again
    if (otherOf(end).isTold) forget(end)
  }

  #missing(channel: number): CloseReason | null {
    return channel === 0 || channel > this.#last ? 'PROTOCOL' : null
  }

  /** @internal */
  forgetOne(end: End): void {
    const { owner } = otherOf(end)
    this.#ends.delete(end.channel)
    this.#peers.delete(owner)
    this.parted.add(owner)
    this.#o.onplace()
  }
}

export interface PairOptions {
  /** Bytes that each may send at first. */
  readonly window: number
  /** Makes the OPEN frame. */
  open(channel: number, isInitiator: boolean): Uint8Array
}

/** Opens a channel between two; the first one is the initiator. */
export function pair([a, b]: readonly [Channels, Channels], options: PairOptions): void {
  const [one, other] = [a.make(options, true), b.make(options, false)]
  one.other = other
  other.other = one
  a.add(one)
  b.add(other)
}

function forget(end: End): void {
  const other = otherOf(end)
  end.owner.forgetOne(end)
  other.owner.forgetOne(other)
}

/** Both are made before either is used. */
function otherOf(end: End): End {
  return end.other as End
}
