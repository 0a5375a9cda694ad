import b4a from 'b4a'
import c, { type Encoder } from 'compact-encoding'
import { CHUNK_BLOCKS, MOST_OPLOGS, MOST_SIGNATURE } from './limits.ts'

/** How much of an oplog the sender has, without a gap. */
export interface Announced {
  readonly key: Uint8Array
  readonly length: number
  /** Of all its blocks, as they are stored. */
  readonly bytes: number
}

/** The head that a range ends with. */
export interface Begin {
  /** Length of the oplog after the range. */
  readonly to: number
  /** The writer's signature of the head at that length. */
  readonly signature: Uint8Array
  /** Public key of the oplog's one signer; null unless it was asked for. */
  readonly signer: Uint8Array | null
}

/** Why a range does not come. */
export type Refusal = 'UNKNOWN' | 'INCOMPLETE' | 'TOO_LARGE' | 'BUSY'

export interface Have {
  readonly type: 'have'
  readonly oplogs: readonly Announced[]
}

export interface Ask {
  readonly type: 'ask'
  /** Counts up on each channel. */
  readonly id: number
  readonly key: Uint8Array
  /** Length of what the sender has. */
  readonly from: number
  /** Keep it until the oplog grows, and answer with one message. */
  readonly isLive: boolean
  readonly needsSigner: boolean
}

export interface Data {
  readonly type: 'data'
  /** Of the question that it answers. */
  readonly id: number
  /** In the first message of an answer. */
  readonly begin: Begin | null
  readonly blocks: readonly Uint8Array[]
}

export interface None {
  readonly type: 'none'
  readonly id: number
  readonly reason: Refusal
}

export interface Cancel {
  readonly type: 'cancel'
  readonly id: number
}

export type RangeMessage = Have | Ask | Data | None | Cancel

/** Their numbers on the channel. */
export const MESSAGE_TYPES = ['have', 'ask', 'data', 'none', 'cancel'] as const
const REFUSALS: readonly Refusal[] = ['UNKNOWN', 'INCOMPLETE', 'TOO_LARGE', 'BUSY']

const ASK_LIVE = 1
const ASK_SIGNER = 2
const DATA_BEGIN = 1
const DATA_SIGNER = 2

interface State {
  start: number
  end: number
  buffer: Uint8Array
}

/** Writes; or, with `buffer` null, counts the bytes that it would write. */
class Sink {
  readonly #state: { start: number; end: number; buffer: Uint8Array | null }
  readonly #step: 'preencode' | 'encode'

  constructor(
    state: { start: number; end: number; buffer: Uint8Array | null },
    step: 'preencode' | 'encode'
  ) {
    this.#state = state
    this.#step = step
  }

  uint(value: number): this {
    c.uint[this.#step](this.#state as never, value)
    return this
  }

  key(value: Uint8Array): this {
    c.fixed32[this.#step](this.#state as never, value as never)
    return this
  }

  bytes(value: Uint8Array): this {
    c.buffer[this.#step](this.#state as never, value as never)
    return this
  }
}

function put(sink: Sink, message: RangeMessage): void {
  switch (message.type) {
    case 'have':
      sink.uint(message.oplogs.length)
      for (const { key, length, bytes } of message.oplogs) sink.key(key).uint(length).uint(bytes)
      break
    case 'ask': {
      const flags = (message.isLive ? ASK_LIVE : 0) | (message.needsSigner ? ASK_SIGNER : 0)
      sink.uint(message.id).uint(flags).key(message.key).uint(message.from)
      break
    }
    case 'data': {
      const { begin, blocks } = message
      sink.uint(message.id).uint((begin ? DATA_BEGIN : 0) | (begin?.signer ? DATA_SIGNER : 0))
      if (begin) sink.uint(begin.to).bytes(begin.signature)
      if (begin?.signer) sink.key(begin.signer)
      sink.uint(blocks.length)
      for (const block of blocks) sink.bytes(block)
      break
    }
    case 'none':
      sink.uint(message.id).uint(REFUSALS.indexOf(message.reason))
      break
    case 'cancel':
      sink.uint(message.id)
  }
}

/** What goes out is written; what comes in stays bytes, since whoever decodes must be able to fail without harm. */
export const OUTGOING: Encoder<RangeMessage, Uint8Array> = {
  preencode: (state, message) => put(new Sink(state as never, 'preencode'), message),
  encode: (state, message) => put(new Sink(state as never, 'encode'), message),
  decode: state => c.raw.decode(state)
}

/** @throws Error when it is not exactly one message of that type, within bounds */
export function decodeMessage(type: RangeMessage['type'], buffer: Uint8Array): RangeMessage {
  const state: State = { start: 0, end: buffer.byteLength, buffer }
  const message = READERS[type](state)
  if (state.start !== state.end) throw new Error('bytes follow the message')
  return message
}

const READERS: { readonly [T in RangeMessage['type']]: (state: State) => RangeMessage } = {
  have: state => {
    const count = uint(state)
    if (count > MOST_OPLOGS) throw new Error('too many oplogs')
    const oplogs: Announced[] = []
    while (oplogs.length < count) oplogs.push({ key: key(state), length: uint(state), bytes: uint(state) })
    return { type: 'have', oplogs }
  },
  ask: state => {
    const id = uint(state)
    const flags = uint(state)
    if (flags > (ASK_LIVE | ASK_SIGNER)) throw new Error('unknown flags')
    const isLive = (flags & ASK_LIVE) !== 0
    const needsSigner = (flags & ASK_SIGNER) !== 0
    return { type: 'ask', id, key: key(state), from: uint(state), isLive, needsSigner }
  },
  data: state => {
    const id = uint(state)
    const flags = uint(state)
    if (flags > (DATA_BEGIN | DATA_SIGNER) || flags === DATA_SIGNER) throw new Error('unknown flags')
    const begin = flags & DATA_BEGIN ? readBegin(state, flags) : null
    const count = uint(state)
    if (count === 0 || count > CHUNK_BLOCKS) throw new Error('no blocks, or too many')
    const blocks: Uint8Array[] = []
    while (blocks.length < count) blocks.push(bytes(state))
    return { type: 'data', id, begin, blocks }
  },
  none: state => {
    const id = uint(state)
    // a reason that a later version has is no harm: the range does not come
    return { type: 'none', id, reason: REFUSALS[uint(state)] ?? 'UNKNOWN' }
  },
  cancel: state => ({ type: 'cancel', id: uint(state) })
}

function readBegin(state: State, flags: number): Begin {
  const to = uint(state)
  const signature = bytes(state)
  if (signature.byteLength > MOST_SIGNATURE) throw new Error('no signature is so long')
  // copies: both outlive the frame that they came in
  return {
    to,
    signature: b4a.from(signature),
    signer: flags & DATA_SIGNER ? key(state) : null
  }
}

function uint(state: State): number {
  const value = c.uint.decode(state)
  if (!Number.isSafeInteger(value)) throw new Error('a number is too large')
  return value
}

function key(state: State): Uint8Array {
  return b4a.from(c.fixed32.decode(state))
}

function bytes(state: State): Uint8Array {
  return c.buffer.decode(state) ?? b4a.alloc(0)
}
