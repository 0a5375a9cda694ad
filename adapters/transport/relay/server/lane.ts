import { DATA_HEADER, encodeFrame, type ResetReason, readdressData } from '../frames.ts'

/** DATA frames are merged up to this many bytes: a frame of its own for every few bytes would cost more than they do. */
const MERGED = 16_384

/** A DATA frame; `bytes` may be longer than what is in it. */
interface Part {
  bytes: Buffer
  length: number
}

export interface LaneOptions {
  /** The channel's number for this client. */
  readonly channel: number
  /** The OPEN frame, the first that it hears. */
  readonly open: Uint8Array
  /** Bytes of payload in one frame, at most. */
  readonly frame: number
  /** So many bytes of payload were handed to the socket. */
  onhanded(bytes: number): void
  /** END was handed to the socket. */
  onended(): void
}

/**
 * What waits for one end of a channel. Whatever is said, little waits: credit is a sum, small DATA frames are merged,
 * a reset leaves nothing else, and of a channel that was never told of it leaves nothing at all.
 */
export class Lane {
  readonly #o: LaneOptions
  readonly #merged: number
  #open: Uint8Array | null
  #parts: Part[] = []
  #credit = 0
  #isEnded = false
  #reset: ResetReason | null = null
  /** Bytes that wait. */
  #waiting = 0

  constructor(options: LaneOptions) {
    this.#o = options
    this.#open = options.open
    this.#merged = Math.min(MERGED, DATA_HEADER + options.frame)
  }

  get waiting(): number {
    return this.#waiting
  }

  /** @param message a DATA frame, which becomes the lane's; @returns bytes more that wait */
  data(message: Buffer): number {
    const before = this.#waiting
    const last = this.#parts.at(-1)
    const payload = message.length - DATA_HEADER
    if (last && last.length + payload <= this.#merged) {
      append(last, message.subarray(DATA_HEADER), this.#merged)
      this.#waiting += payload
    } else {
      readdressData(message, this.#o.channel)
      this.#parts.push({ bytes: owned(message), length: message.length })
      this.#waiting += message.length
    }
    return this.#waiting - before
  }

  grant(credit: number): void {
    this.#credit += credit
  }

  end(): void {
    this.#isEnded = true
  }

  /** What waits is dropped. @returns bytes fewer that wait; null when the lane has nothing to say */
  reset(reason: ResetReason): { readonly dropped: number; readonly isSilent: boolean } {
    const dropped = this.#waiting
    this.#parts = []
    this.#waiting = 0
    this.#credit = 0
    this.#isEnded = false
    const isSilent = this.#open !== null
    this.#open = null
    this.#reset = isSilent ? null : reason
    return { dropped, isSilent }
  }

  /** Hands over one DATA frame at most, and what else there is. @returns is there more? */
  advance(send: (frame: Uint8Array) => void): boolean {
    const { channel, onhanded, onended } = this.#o
    if (this.#reset) {
      send(encodeFrame({ type: 'reset', channel, reason: this.#reset }))
      this.#reset = null
      return false
    }
    if (this.#open) send(this.#open)
    this.#open = null
    if (this.#credit > 0) send(encodeFrame({ type: 'window', channel, credit: this.#credit }))
    this.#credit = 0
    const part = this.#parts.shift()
    if (part) {
      this.#waiting -= part.length
      send(part.length === part.bytes.length ? part.bytes : part.bytes.subarray(0, part.length))
      onhanded(part.length - DATA_HEADER)
    }
    if (this.#parts.length > 0) return true
    if (this.#isEnded) {
      send(encodeFrame({ type: 'end', channel }))
      this.#isEnded = false
      onended()
    }
    return false
  }
}

/** A message may be a small part of what was read from the socket, and keep all of that in memory. */
function owned(message: Buffer): Buffer {
  return message.buffer.byteLength <= 1.25 * message.length ? message : Buffer.from(message)
}

function append(part: Part, payload: Uint8Array, most: number): void {
  const length = part.length + payload.length
  if (length > part.bytes.length) {
    const bytes = Buffer.allocUnsafeSlow(Math.min(most, 2 * length))
    bytes.set(part.bytes.subarray(0, part.length))
    part.bytes = bytes
  }
  part.bytes.set(payload, part.length)
  part.length = length
}
