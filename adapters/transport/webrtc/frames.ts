import { AutobeeError } from '../../../src/index.ts'

/** Bytes of one message at most: what every implementation takes whose description names no other limit. */
export const MESSAGE = 1 << 16
const HEADER = 1
/** Bytes of data in one message at most. */
export const PAYLOAD = MESSAGE - HEADER

/**
 * What each side may have on its way to the other's reader, by `costOf`. A browser's data channel cannot be told to wait,
 * so the reader's side bounds its memory by what it grants.
 */
export const WINDOW = 1 << 20
/** What a message takes beside its data: many tiny ones must not weigh less than they take. */
const OVERHEAD = 256

export type ChannelFrame =
  | { readonly type: 'data'; readonly payload: Uint8Array }
  /** So much more may be sent. */
  | { readonly type: 'credit'; readonly credit: number }
  /** This side sends no more data; the other may go on. */
  | { readonly type: 'end' }
  /** Gone both ways, with what was on its way. A channel that closes without a word is so too. */
  | { readonly type: 'reset'; readonly hasFailed: boolean }

const DATA = 0
const CREDIT = 1
const END = 2
const RESET = 3

/** Of a data frame, in the measure of the window. */
export function costOf(bytes: number): number {
  return bytes + OVERHEAD
}

/** Bytes of data that a message may have with so much credit; 0: none. */
export function payloadFor(credit: number): number {
  return Math.max(0, Math.min(PAYLOAD, credit - OVERHEAD))
}

/** A message for so many bytes of data, and the part of it that takes them. */
export function dataFrame(bytes: number): {
  message: Uint8Array<ArrayBuffer>
  payload: Uint8Array<ArrayBuffer>
} {
  const message = new Uint8Array(HEADER + bytes)
  message[0] = DATA
  return { message, payload: message.subarray(HEADER) }
}

export function creditFrame(credit: number): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(5)
  message[0] = CREDIT
  new DataView(message.buffer).setUint32(1, credit)
  return message
}

export function endFrame(): Uint8Array<ArrayBuffer> {
  return new Uint8Array([END])
}

export function resetFrame(hasFailed: boolean): Uint8Array<ArrayBuffer> {
  return new Uint8Array([RESET, hasFailed ? 1 : 0])
}

/**
 * @param message the payload is a view of it
 * @throws AutobeeError `TRANSPORT_FAILED`, reason `PROTOCOL`
 */
export function decodeChannelFrame(message: Uint8Array): ChannelFrame {
  const { length } = message
  if (length > HEADER && length <= MESSAGE && message[0] === DATA)
    return { type: 'data', payload: message.subarray(HEADER) }
  if (length === 5 && message[0] === CREDIT) {
    const credit = new DataView(message.buffer, message.byteOffset).getUint32(1)
    if (credit > 0 && credit <= WINDOW) return { type: 'credit', credit }
  }
  if (length === 1 && message[0] === END) return { type: 'end' }
  if (length === 2 && message[0] === RESET) return { type: 'reset', hasFailed: message[1] !== 0 }
  throw new AutobeeError(
    'TRANSPORT_FAILED',
    `the other side sent a message of ${length} bytes that is none`,
    {
      reason: 'PROTOCOL'
    }
  )
}
