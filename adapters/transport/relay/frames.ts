import b4a from 'b4a'
import crypto from 'hypercore-crypto'
import { AutobeeError } from '../../../src/index.ts'

/** The WebSocket subprotocol, and the version that both sides say at the start. */
export const SUBPROTOCOL = 'autobee-relay.1'
export const VERSION = 1

/** Bytes of a frame before the payload of DATA. */
export const DATA_HEADER = 5

export const LONGEST_TOKEN = 256
const TOPIC_BYTES = 32
const NAMESPACE = b4a.from('autobee relay topic')

/** Why a channel ends before its time. Who does not know a number takes it for `FAILED`. */
export const RESETS = {
  /** No reason to tell. */
  CLOSED: 0,
  /** The two are connected by another way already. */
  DUPLICATE: 1,
  /** This side does not talk to that public key. */
  REFUSED: 2,
  /** Something went wrong on it. */
  FAILED: 3,
  /** From the relay: the other side's connection is gone. */
  GONE: 4
} as const

export type ResetReason = keyof typeof RESETS

/** Codes with which a relay closes a WebSocket, beside the standard's own (1001: it shuts down). */
export const CLOSES = {
  /** A frame that is none, or not of this state. */
  PROTOCOL: 4000,
  /** A token was wanted, and this is not it. */
  TOKEN: 4001,
  /** As many clients as it takes, or as it takes from one address. */
  FULL: 4002,
  /** Sent more than its windows or its rate allow. */
  FLOOD: 4003,
  /** Does not take what it is sent. */
  SLOW: 4004,
  /** Said nothing for too long. */
  SILENT: 4005
} as const

/** Why a relay ends the connection of a client: `PROTOCOL` a frame that is none, `TOKEN` another one is wanted, `FULL`, `FLOOD` too much, `SLOW` does not read, `SILENT`. */
export type CloseReason = keyof typeof CLOSES

/**
 * `client`: sent by clients only; `relay`: by relays only; the rest by both.
 * Numbers are big-endian; a channel's number is the relay's choice, for one WebSocket, never used twice there.
 */
export type Frame =
  /** client, the first. */
  | { readonly type: 'hello'; readonly version: number; readonly token: string }
  /** client: pair me with everybody there whom I am not paired with; any number of times. */
  | { readonly type: 'join'; readonly topic: Uint8Array }
  /** client: channels that are open stay. */
  | { readonly type: 'leave'; readonly topic: Uint8Array }
  /** relay, the first, answers the hello. */
  | ({ readonly type: 'welcome' } & Welcome)
  /** relay: a channel to another client. */
  | {
      readonly type: 'open'
      readonly channel: number
      readonly isInitiator: boolean
      readonly topic: Uint8Array
    }
  /** relay: nothing else is to be said. */
  | { readonly type: 'alive' }
  /** relay: a topic too many. */
  | { readonly type: 'refused'; readonly topic: Uint8Array }
  | { readonly type: 'data'; readonly channel: number; readonly payload: Uint8Array }
  /** So many more bytes may be sent on the channel. */
  | { readonly type: 'window'; readonly channel: number; readonly credit: number }
  /** This side sends no more data on the channel; the other may go on. */
  | { readonly type: 'end'; readonly channel: number }
  /** The channel is gone, both ways, with what was on its way. */
  | { readonly type: 'reset'; readonly channel: number; readonly reason: ResetReason }

export type FrameOf<T extends Frame['type']> = Extract<Frame, { readonly type: T }>

export interface Welcome {
  readonly version: number
  /** Bytes that may be sent on a new channel, each way. */
  readonly window: number
  /** Bytes of the payload of one DATA frame, at most. */
  readonly frame: number
  /** ms; the relay says something at least so often. */
  readonly heartbeat: number
}

const TYPES: Record<Frame['type'], number> = {
  hello: 0x01,
  join: 0x02,
  leave: 0x03,
  welcome: 0x10,
  open: 0x11,
  alive: 0x12,
  refused: 0x13,
  data: 0x20,
  window: 0x21,
  end: 0x22,
  reset: 0x23
}
const NAMES = new Map(Object.entries(TYPES).map(([name, type]) => [type, name as Frame['type']]))
const REASONS = new Map(Object.entries(RESETS).map(([name, code]) => [code as number, name as ResetReason]))

/** The channel of a DATA frame, read without making anything; null for any other frame, also for one that is none. */
export function channelOfData(bytes: Uint8Array): number | null {
  return bytes[0] === TYPES.data && bytes.length > DATA_HEADER ? u32At(bytes, 1) : null
}

/** Writes another channel into a DATA frame. */
export function readdressData(bytes: Uint8Array, channel: number): void {
  bytes[1] = channel >>> 24
  bytes[2] = channel >>> 16
  bytes[3] = channel >>> 8
  bytes[4] = channel
}

/** What a relay is told instead of a topic (32 bytes, a discovery key say), so that it never learns that. 32 bytes. */
export function topicHash(topic: Uint8Array): Uint8Array {
  return crypto.hash([NAMESPACE, topic])
}

export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const type = TYPES[frame.type]
  switch (frame.type) {
    case 'hello':
      return bytesOf([type, frame.version], b4a.from(frame.token))
    case 'join':
    case 'leave':
    case 'refused':
      return bytesOf([type], frame.topic)
    case 'welcome':
      return bytesOf([
        type,
        frame.version,
        ...u32(frame.window),
        ...u32(frame.frame),
        ...u32(frame.heartbeat)
      ])
    case 'open':
      return bytesOf([type, ...u32(frame.channel), frame.isInitiator ? 1 : 0], frame.topic)
    case 'alive':
      return bytesOf([type])
    case 'data': {
      const bytes = new Uint8Array(DATA_HEADER + frame.payload.length)
      bytes[0] = type
      readdressData(bytes, frame.channel)
      bytes.set(frame.payload, DATA_HEADER)
      return bytes
    }
    case 'window':
      return bytesOf([type, ...u32(frame.channel), ...u32(frame.credit)])
    case 'end':
      return bytesOf([type, ...u32(frame.channel)])
    case 'reset':
      return bytesOf([type, ...u32(frame.channel), RESETS[frame.reason]])
  }
}

/**
 * The payload of DATA is a view of `bytes`, everything else a copy.
 * @throws AutobeeError `TRANSPORT_FAILED`, reason `PROTOCOL`, for anything that `encodeFrame` does not make
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  // nearly all are of this type
  const dataChannel = channelOfData(bytes)
  if (dataChannel !== null)
    return { type: 'data', channel: dataChannel, payload: bytes.subarray(DATA_HEADER) }
  const name = NAMES.get(bytes[0] ?? -1)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isLong = (length: number) => bytes.length === length
  const topicAt = (at: number) => b4a.from(bytes.subarray(at, at + TOPIC_BYTES))
  switch (name) {
    case 'hello':
      if (bytes.length < 2 || bytes.length > 2 + LONGEST_TOKEN) break
      return { type: name, version: view.getUint8(1), token: b4a.toString(bytes.subarray(2)) }
    case 'join':
    case 'leave':
    case 'refused':
      if (!isLong(1 + TOPIC_BYTES)) break
      return { type: name, topic: topicAt(1) }
    case 'welcome': {
      if (!isLong(14)) break
      const [window, frame, heartbeat] = [view.getUint32(2), view.getUint32(6), view.getUint32(10)]
      if (window === 0 || frame === 0 || heartbeat === 0) break
      return { type: name, version: view.getUint8(1), window, frame, heartbeat }
    }
    case 'open': {
      const isInitiator = bytes[5]
      if (!isLong(6 + TOPIC_BYTES) || (isInitiator !== 0 && isInitiator !== 1)) break
      return {
        type: name,
        channel: view.getUint32(1),
        isInitiator: isInitiator === 1,
        topic: topicAt(6)
      }
    }
    case 'alive':
      if (!isLong(1)) break
      return { type: name }
    case 'window': {
      if (!isLong(9) || view.getUint32(5) === 0) break
      return { type: name, channel: view.getUint32(1), credit: view.getUint32(5) }
    }
    case 'end':
      if (!isLong(5)) break
      return { type: name, channel: view.getUint32(1) }
    case 'reset':
      if (!isLong(6)) break
      return {
        type: name,
        channel: view.getUint32(1),
        reason: REASONS.get(view.getUint8(5)) ?? 'FAILED'
      }
  }
  throw new AutobeeError('TRANSPORT_FAILED', `${name ?? 'an unknown'} frame of ${bytes.length} bytes`, {
    reason: 'PROTOCOL'
  })
}

function bytesOf(head: readonly number[], rest?: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(head.length + (rest?.length ?? 0))
  bytes.set(head)
  if (rest) bytes.set(rest, head.length)
  return bytes
}

function u32At(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0)
}

function u32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
}
