import b4a from 'b4a'
import { Duplex, getStreamError } from 'streamx'
import { AutobeeError } from '../../../src/index.ts'
import { Batch } from './batch.ts'
import {
  costOf,
  creditFrame,
  dataFrame,
  decodeChannelFrame,
  endFrame,
  MESSAGE,
  payloadFor,
  resetFrame,
  WINDOW
} from './frames.ts'
import type { DataChannelLike, PeerConnectionLike } from './types.ts'

/** Bytes that may wait in the data channel before the writer waits, and how many are left when it goes on. */
const FULL = 1 << 18
const DRAINED = 1 << 16
/** Credit that the reader has used up before it is given back: not a message for every message. */
const GRANT = WINDOW / 4
/** ms that what was said last has to get through before the peer connection is closed, which discards it. */
const LINGER = 2_000

export interface ChannelStreamOptions {
  readonly connection: PeerConnectionLike
  /** The one data channel of the connection; ordered and reliable. */
  readonly channel: DataChannelLike
  /** ms that the connection may be without an answer from the other side until it is given up. */
  readonly lostTimeout: number
}

/**
 * The bytes of a data channel as a duplex stream. It owns the peer connection: closed by the time of `close`, however it came to
 * that. `end()` is half of the end: the other side may go on. `destroy()` is a reset: the other side's stream closes, with
 * `TRANSPORT_FAILED`, reason `WEBRTC`, if this one failed or the way was lost, and without an error if its page is gone. What breaks
 * the protocol has the reason `PROTOCOL`.
 */
export class ChannelStream extends Duplex {
  readonly #o: ChannelStreamOptions
  readonly #incoming: Uint8Array[] = []
  /** What the other side may still send, what the reader has taken since it was told so, and what this side may send. */
  #granted = WINDOW
  #taken = 0
  #credit = WINDOW
  #outgoing = new Batch([])
  #written: ((error: Error | null) => void) | null = null
  #isWanted = true
  #hasEnded = false
  #isEnded = false
  #hasPushedEnd = false
  #isBroken = false
  #lost: ReturnType<typeof setTimeout> | null = null

  constructor(options: ChannelStreamOptions) {
    // what is read in small pieces counts as what it takes here as well
    super({ byteLengthReadable: chunk => costOf((chunk as Uint8Array).byteLength) })
    this.#o = options
    const { channel, connection } = options
    channel.binaryType = 'arraybuffer'
    channel.bufferedAmountLowThreshold = DRAINED
    channel.addEventListener('message', ({ data }) => this.#onmessage(data))
    channel.addEventListener('bufferedamountlow', () => this.#send())
    // a `close` follows
    channel.addEventListener('error', () => {})
    channel.addEventListener('close', () => this.#onclose())
    connection.addEventListener('connectionstatechange', () => this.#onstate())
    connection.addEventListener('datachannel', () =>
      this.#break('the other side opened a data channel of its own', 'PROTOCOL')
    )
  }

  override _read(callback: (error: Error | null) => void): void {
    this.#isWanted = true
    this.#deliver()
    callback(null)
  }

  override _writev(batch: Uint8Array[], callback: (error: Error | null) => void): void {
    this.#outgoing = new Batch(batch)
    this.#written = callback
    this.#send()
  }

  override _final(callback: (error: Error | null) => void): void {
    this.#isEnded = this.#say(endFrame())
    callback(null)
  }

  override _predestroy(): void {
    this.#goOn(failed('the stream was destroyed'))
  }

  override _destroy(callback: (error: Error | null) => void): void {
    const { channel, connection } = this.#o
    if (this.#lost) clearTimeout(this.#lost)
    this.#incoming.length = 0
    this.#outgoing = new Batch([])
    const close = () => {
      clearTimeout(linger)
      connection.close()
      callback(null)
    }
    let linger: ReturnType<typeof setTimeout> | undefined
    if (channel.readyState !== 'open' || this.#isBroken) {
      close()
      return
    }
    linger = setTimeout(close, LINGER)
    channel.addEventListener('close', close)
    try {
      if (!this.#isOver) channel.send(resetFrame(getStreamError(this) !== null))
    } catch {
      // then the closing says it
    }
    // sends first what waits
    channel.close()
  }

  #onmessage(data: unknown): void {
    if (this.destroying) return
    try {
      if (!(data instanceof ArrayBuffer)) throw protocol('text, where bytes are spoken')
      if (data.byteLength > MESSAGE) throw protocol('a message that is too long')
      this.#onframe(b4a.from(data))
    } catch (error) {
      this.destroy(error as Error)
    }
  }

  #onframe(message: Uint8Array): void {
    const frame = decodeChannelFrame(message)
    switch (frame.type) {
      case 'data': {
        const cost = costOf(frame.payload.byteLength)
        if (this.#hasEnded || cost > this.#granted) throw protocol('more than it may')
        this.#granted -= cost
        this.#incoming.push(frame.payload)
        this.#deliver()
        return
      }
      case 'credit':
        if (this.#credit + frame.credit > WINDOW) throw protocol('credit for more than it has had')
        this.#credit += frame.credit
        this.#send()
        return
      case 'end':
        if (this.#hasEnded) throw protocol('an end after the end')
        this.#hasEnded = true
        this.#deliver()
        return
      case 'reset':
        this.#isBroken = true
        this.destroy(frame.hasFailed ? failed('it failed on the other side') : null)
    }
  }

  #deliver(): void {
    while (this.#isWanted) {
      const payload = this.#incoming.shift()
      if (!payload) break
      this.#isWanted = this.push(payload)
      this.#taken += costOf(payload.byteLength)
    }
    if (this.#hasEnded) {
      if (this.#incoming.length > 0 || this.#hasPushedEnd) return
      this.#hasPushedEnd = true
      this.push(null)
      return
    }
    if (this.#taken < GRANT) return
    const credit = this.#taken
    this.#taken = 0
    this.#granted += credit
    this.#say(creditFrame(credit))
  }

  /** Sends of what is to be written as much as may be; several small ones in one message. */
  #send(): void {
    const { channel } = this.#o
    const outgoing = this.#outgoing
    while (outgoing.bytes > 0) {
      if (channel.bufferedAmount >= FULL) return
      const bytes = Math.min(outgoing.bytes, payloadFor(this.#credit))
      if (bytes === 0) return
      const { message, payload } = dataFrame(bytes)
      outgoing.take(payload)
      this.#credit -= costOf(bytes)
      if (!this.#say(message)) return
    }
    this.#goOn(null)
  }

  #goOn(error: Error | null): void {
    const callback = this.#written
    this.#written = null
    callback?.(error)
  }

  #say(message: Uint8Array<ArrayBuffer>): boolean {
    if (this.destroying) return false
    try {
      this.#o.channel.send(message)
      return true
    } catch (error) {
      this.destroy(failed('it could not be written to', error))
      return false
    }
  }

  #onclose(): void {
    if (this.destroying || this.#isOver) return
    this.#isBroken = true
    this.destroy(null)
  }

  /** Who has said and heard the end needs nobody any more; the reader may still have to take what came before it. */
  get #isOver(): boolean {
    return this.#hasEnded && this.#isEnded
  }

  #onstate(): void {
    const state = this.#o.connection.connectionState
    if (this.#lost) clearTimeout(this.#lost)
    this.#lost = null
    if (state === 'failed') this.#break('there is no way to the other side')
    // often for a moment only
    if (state === 'disconnected')
      this.#lost = setTimeout(() => this.#break('the other side fell silent'), this.#o.lostTimeout)
  }

  /** Nothing that is said gets through any more. */
  #break(what: string, reason?: string): void {
    if (this.destroying || this.#isOver) return
    this.#isBroken = true
    this.destroy(failed(what, undefined, reason))
  }
}

function protocol(what: string): AutobeeError {
  return failed(`the other side sent ${what}`, undefined, 'PROTOCOL')
}

function failed(what: string, cause?: unknown, reason = 'WEBRTC'): AutobeeError {
  return new AutobeeError('TRANSPORT_FAILED', `the WebRTC connection failed: ${what}`, { reason, cause })
}
