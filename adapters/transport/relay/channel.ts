import { setImmediate } from 'node:timers'
import b4a from 'b4a'
import { Duplex, getStreamError } from 'streamx'
import { AutobeeError } from '../../../src/index.ts'
import type { Frame, ResetReason, Welcome } from './frames.ts'

type Callback = (error: Error | null) => void

/** What a channel needs of the WebSocket that it runs on. */
export interface ChannelCarrier {
  send(frame: Frame): void
  /** As much waits in the socket as it takes; then `whenDrained` calls each of its callers back, once. */
  readonly isFull: boolean
  whenDrained(callback: () => void): void
  /** So many more bytes (less, if negative) have come and wait for readers. */
  unread(bytes: number): void
}

/** Bytes that wait in the stream itself, each way, before it asks for a pause. */
const BUFFERED = 262_144
/** Bytes of a write after which others wait for a moment. */
const SMALL = 131_072

/**
 * One channel of a relay's WebSocket, as a stream of bytes: it sends what the other side's credit allows, and gives credit
 * for what its own reader has taken, so that a slow reader holds the writer back and neither the relay nor this side grows.
 * `end()` is END: the other side may go on. `destroy()` is RESET: both ways at once (`FAILED` with an error, else `CLOSED`). What the other side, or the relay,
 * resets is destroyed with `TRANSPORT_FAILED`, the `reason` as in `RESETS` (`ECONNRESET` for `FAILED`).
 */
export class RelayChannel extends Duplex {
  readonly number: number
  readonly #welcome: Welcome
  readonly #carrier: ChannelCarrier
  readonly #onclose: (channel: RelayChannel) => void
  /** What came and was not pushed yet. */
  readonly #queue: Uint8Array[] = []
  /** Bytes that may be sent. */
  #credit: number
  /** Bytes that may come. */
  #granted: number
  /** Bytes that the reader took and that are not granted anew. */
  #taken = 0
  #wantsMore = false
  #isHeld = false
  #hasEnded = false
  #othersEnded = false
  #isLost = false
  #hasPushedEnd = false
  #sending: { data: Uint8Array; callback: Callback } | null = null
  readonly #goOn = (): void => this.#send()
  #resetBy: ResetReason | null = null
  #reason: ResetReason | null = null

  /** @param onclose at once when the channel can say and hear nothing more */
  constructor(
    number: number,
    options: {
      readonly welcome: Welcome
      readonly carrier: ChannelCarrier
      onclose(channel: RelayChannel): void
    }
  ) {
    super({ highWaterMark: BUFFERED })
    this.number = number
    this.#welcome = options.welcome
    this.#carrier = options.carrier
    this.#onclose = options.onclose
    this.#credit = this.#granted = options.welcome.window
  }

  /** Why the other side, or the relay, ended it before its time; else null. */
  get resetBy(): ResetReason | null {
    return this.#resetBy
  }

  /** The WebSocket was lost, and the channel with it. */
  get isLost(): boolean {
    return this.#isLost
  }

  /** Gives its reader nothing more: what comes waits, a window at most, until `release()`. */
  hold(): void {
    this.#isHeld = true
  }

  release(): void {
    this.#isHeld = false
    this.#push()
  }

  /** Destroys it, and tells the other side why. */
  reset(reason: ResetReason): void {
    this.#reason ??= reason
    this.destroy()
  }

  /** What the relay sent for it; false when that breaks the protocol. */
  receive(frame: Frame): boolean {
    switch (frame.type) {
      case 'data':
        return this.#ondata(frame.payload)
      case 'window':
        return this.#onwindow(frame.credit)
      case 'end':
        return this.#onend()
      case 'reset':
        this.#onreset(frame.reason)
        return true
      default:
        return false
    }
  }

  /** There is no WebSocket any more. */
  lose(): void {
    this.#isLost = true
    this.destroy(failed('the connection to the relay is gone', 'GONE'))
  }

  override _read(callback: Callback): void {
    this.#wantsMore = true
    this.#push()
    callback(null)
  }

  override _writev(batch: Uint8Array[], callback: Callback): void {
    const data = batch.length === 1 ? (batch[0] as Uint8Array) : b4a.concat(batch)
    // what is written in the same moment goes out together: a frame of its own would cost more than a small request
    const done: Callback =
      data.byteLength < SMALL ? error => void setImmediate(() => callback(error)) : callback
    this.#sending = { data, callback: done }
    this.#send()
  }

  override _final(callback: Callback): void {
    this.#hasEnded = true
    this.#carrier.send({ type: 'end', channel: this.number })
    callback(null)
  }

  override _predestroy(): void {
    const isOver = this.#hasEnded && this.#othersEnded
    const reason = this.#reason ?? (getStreamError(this) ? 'FAILED' : 'CLOSED')
    if (!isOver && !this.#isLost && this.#resetBy === null)
      this.#carrier.send({ type: 'reset', channel: this.number, reason })
    this.#carrier.unread(-this.#queue.splice(0).reduce((sum, { byteLength }) => sum + byteLength, 0))
    const sending = this.#sending
    this.#sending = null
    sending?.callback(failed('the channel was destroyed', 'CLOSED'))
    this.#onclose(this)
  }

  override _destroy(callback: Callback): void {
    // the end of both sides comes without `_predestroy`
    this.#onclose(this)
    callback(null)
  }

  #ondata(payload: Uint8Array): boolean {
    const { byteLength } = payload
    if (this.#othersEnded || byteLength > this.#welcome.frame || byteLength > this.#granted) return false
    this.#granted -= byteLength
    if (this.destroying) return true
    this.#queue.push(payload)
    this.#carrier.unread(byteLength)
    this.#push()
    return true
  }

  #onwindow(credit: number): boolean {
    // nobody may take more than was sent
    if (this.#credit + credit > this.#welcome.window) return false
    this.#credit += credit
    this.#send()
    return true
  }

  #onend(): boolean {
    if (this.#othersEnded) return false
    this.#othersEnded = true
    this.#push()
    return true
  }

  #onreset(reason: ResetReason): void {
    this.#resetBy = reason
    this.destroy(failed(`the other side reset the channel`, reason === 'FAILED' ? 'ECONNRESET' : reason))
  }

  #push(): void {
    if (this.destroying || this.#isHeld) return
    while (this.#wantsMore && this.#queue.length > 0) {
      const chunk = this.#queue.shift() as Uint8Array
      this.#wantsMore = this.push(chunk)
      this.#taken += chunk.byteLength
      this.#carrier.unread(-chunk.byteLength)
    }
    if (this.#othersEnded) {
      if (this.#queue.length > 0 || this.#hasPushedEnd) return
      this.#hasPushedEnd = true
      this.push(null)
      return
    }
    if (this.#taken < this.#welcome.window / 4) return
    this.#carrier.send({ type: 'window', channel: this.number, credit: this.#taken })
    this.#granted += this.#taken
    this.#taken = 0
  }

  #send(): void {
    while (this.#sending) {
      const { data, callback } = this.#sending
      if (data.byteLength === 0) {
        this.#sending = null
        callback(null)
        return
      }
      const length = Math.min(data.byteLength, this.#credit, this.#welcome.frame)
      if (length === 0) return
      if (this.#carrier.isFull) {
        this.#carrier.whenDrained(this.#goOn)
        return
      }
      this.#credit -= length
      this.#sending = { data: data.subarray(length), callback }
      this.#carrier.send({ type: 'data', channel: this.number, payload: data.subarray(0, length) })
    }
  }
}

function failed(what: string, reason: string): AutobeeError {
  return new AutobeeError('TRANSPORT_FAILED', what, { reason })
}
