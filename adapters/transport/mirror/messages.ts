import b4a from 'b4a'
import c from 'compact-encoding'

/** Of the protocol `autobee/mirror`, which is part of its name: another version is another protocol. */
export const VERSION = 1
export const PROTOCOL = `autobee/mirror/${VERSION}`

/** Keys, or heads, in one message. */
export const MOST_KEYS = 256
const KEY_BYTES = 32
/** Stands for what is not limited. */
const UNLIMITED = Number.MAX_SAFE_INTEGER

/** A core, and how much of it. */
export interface Held {
  readonly key: Uint8Array
  /** Blocks from the first one on without a gap. */
  readonly length: number
}

/** What a mirror says of itself when the channel opens; the one that asks says the same of nothing (zeros). */
export interface Limits {
  /** Bytes per database. */
  readonly quota: number
  /** Cores per database. */
  readonly cores: number
}

/**
 * `FULL`: the quota of bytes. `CORES`: more cores than a database may have. `DATABASES`: as many databases as it takes, or as
 * it takes from one peer. `FOREIGN`: a core that its store has for other reasons. `UNKNOWN`: this is not
 * mirrored for the peer (any more: whoever runs the mirror can end it). `FAILED`: its store failed.
 */
export const REFUSALS = ['FULL', 'CORES', 'DATABASES', 'FOREIGN', 'UNKNOWN', 'FAILED'] as const

/** Why a mirror does not take something; docs/MIRRORS.md has the reasons. */
export type MirrorRefusal = (typeof REFUSALS)[number]

export type MirrorMessage =
  /** asker: store these cores of a database too. Answered by `held` of exactly these, or by `refused`. */
  | { readonly type: 'mirror'; readonly database: Uint8Array; readonly keys: readonly Uint8Array[] }
  /** asker: I need the database no more. Answered by `forgotten`, or by `refused`. */
  | { readonly type: 'unmirror'; readonly database: Uint8Array }
  /** mirror: what it has; the answer to `mirror`, and whenever it has more. */
  | { readonly type: 'held'; readonly database: Uint8Array; readonly heads: readonly Held[] }
  /** mirror: not taken. `limit`, `used` and `wanted`: bytes for `FULL`, else cores or databases. */
  | {
      readonly type: 'refused'
      readonly database: Uint8Array
      readonly reason: MirrorRefusal
      readonly limit: number
      readonly used: number
      readonly wanted: number
    }
  /** mirror: the answer to `unmirror`; not freed: another peer still wants it. */
  | { readonly type: 'forgotten'; readonly database: Uint8Array; readonly isFreed: boolean }

/** Their numbers on the channel. */
export const MESSAGE_TYPES = ['mirror', 'unmirror', 'held', 'refused', 'forgotten'] as const

interface State {
  start: number
  end: number
  buffer: Uint8Array | null
}

type Coder = { preencode(state: never, value: never): void; encode(state: never, value: never): void }

/** What is sent. What comes is decoded by {@link decodeMessage}, since Protomux ends the stream for what a decoder throws. */
export const OUTGOING = {
  preencode(state: State, message: MirrorMessage): void {
    write(message, (coder, value) => coder.preencode(state as never, value as never))
  },
  encode(state: State, message: MirrorMessage): void {
    write(message, (coder, value) => coder.encode(state as never, value as never))
  },
  decode({ buffer, start, end }: State): Uint8Array {
    return (buffer as Uint8Array).subarray(start, end)
  }
}

function write(message: MirrorMessage, put: (coder: Coder, value: unknown) => void): void {
  put(c.fixed32 as never, message.database)
  if (message.type === 'mirror') {
    put(c.uint as never, message.keys.length)
    for (const key of message.keys) put(c.fixed32 as never, key)
  } else if (message.type === 'held') {
    put(c.uint as never, message.heads.length)
    for (const { key, length } of message.heads) {
      put(c.fixed32 as never, key)
      put(c.uint as never, length)
    }
  } else if (message.type === 'refused') {
    put(c.uint as never, REFUSALS.indexOf(message.reason))
    for (const number of [message.limit, message.used, message.wanted])
      put(c.uint as never, Math.min(number, UNLIMITED))
  } else if (message.type === 'forgotten') put(c.uint as never, message.isFreed ? 1 : 0)
}

/** Throws for anything that is not exactly what {@link OUTGOING} makes. Keys are copies. */
export function decodeMessage(type: MirrorMessage['type'], bytes: Uint8Array): MirrorMessage {
  const state = { start: 0, end: bytes.byteLength, buffer: bytes }
  const message = read(type, state)
  if (state.start !== state.end) throw new Error('more than a message')
  return message
}

function read(type: MirrorMessage['type'], state: State): MirrorMessage {
  const database = key(state)
  switch (type) {
    case 'mirror':
      return { type, database, keys: list(state, () => key(state)) }
    case 'unmirror':
      return { type, database }
    case 'held':
      return { type, database, heads: list(state, () => ({ key: key(state), length: uint(state) })) }
    case 'refused': {
      // a reason of a later version of the same protocol
      const reason = REFUSALS[uint(state)] ?? 'FAILED'
      return {
        type,
        database,
        reason,
        limit: limit(uint(state)),
        used: uint(state),
        wanted: uint(state)
      }
    }
    case 'forgotten':
      return { type, database, isFreed: uint(state) === 1 }
  }
}

/** Both sides send it when they open the channel. */
export const LIMITS = {
  preencode(state: State, limits: Limits): void {
    for (const number of [limits.quota, limits.cores])
      c.uint.preencode(state as never, Math.min(number, UNLIMITED))
  },
  encode(state: State, limits: Limits): void {
    for (const number of [limits.quota, limits.cores])
      c.uint.encode(state as never, Math.min(number, UNLIMITED))
  },
  decode(state: State): Limits {
    return { quota: limit(uint(state)), cores: limit(uint(state)) }
  }
}

function key(state: State): Uint8Array {
  if (state.end - state.start < KEY_BYTES) throw new Error('a key is missing')
  return b4a.from(c.fixed32.decode(state as never) as Uint8Array)
}

function uint(state: State): number {
  const number = c.uint.decode(state as never)
  if (!Number.isSafeInteger(number) || state.start > state.end) throw new Error('not a number')
  return number
}

function list<T>(state: State, one: () => T): T[] {
  const count = uint(state)
  if (count > MOST_KEYS) throw new Error('a list that is too long')
  return Array.from({ length: count }, one)
}

function limit(number: number): number {
  return number === UNLIMITED ? Number.POSITIVE_INFINITY : number
}
