import b4a from 'b4a'
import type { Bytes } from '../bytes.ts'
import { AutobeeError, messageOf } from '../errors.ts'
import type { ValueCodec } from '../value-encoding.ts'
import { decodeJson, decodeText, encodeJson, encodeText, isText } from './text.ts'

/** What a compact-encoding codec reads and writes. */
export interface CodecState {
  start: number
  end: number
  buffer: Uint8Array | null
}

/** A codec as compact-encoding has them. */
export interface CompactCodec<T = unknown> {
  readonly name?: string
  preencode(state: CodecState, value: T): void
  encode(state: CodecState, value: T): void
  decode(state: CodecState): T
}

/** A codec of the user's own: abstract-encoding's `{ encode, decode }`, or compact-encoding's. */
export type TypedCodec<T = unknown> = ValueCodec<T> | CompactCodec<T>

/**
 * `binary`: bytes (a string is taken as UTF-8). `utf-8`: strings. `json`: anything JSON has, nested at most 1000 deep;
 * no bytes.
 * What cannot be encoded is refused with `INVALID_ARGUMENT`, never changed on the way in.
 */
export type Encoding = 'binary' | 'utf-8' | 'json' | TypedCodec

/** What an encoding reads. */
export type Decoded<E> = E extends 'binary'
  ? Bytes
  : E extends 'utf-8'
    ? string
    : E extends { decode(bytes: never): infer T }
      ? T
      : unknown

/** The encodings that can hold a `T`. */
export type EncodingFor<T> =
  | TypedCodec<T>
  | (Bytes extends T ? 'binary' : never)
  | (string extends T ? 'utf-8' : never)
  | (T extends Uint8Array ? never : 'json')

/** What may be handed in for a `T` that is read: bytes of any kind, or a string that stands for its UTF-8. */
export type Input<T> = T extends Uint8Array ? Uint8Array | string : T

/** An encoding made ready. */
export interface Encoder {
  /** `binary`, `utf-8`, `json`, or a codec's own name; without one `custom`. */
  readonly name: string
  readonly isBuiltIn: boolean
  /** What begins with some value has bytes that begin with its bytes. */
  readonly keepsPrefixes: boolean
  /** @throws AutobeeError `INVALID_ARGUMENT` */
  encode(value: unknown): Uint8Array
  /** @throws AutobeeError `DECODING_FAILED` */
  decode(bytes: Uint8Array): unknown
}

const BINARY = ready({
  name: 'binary',
  isBuiltIn: true,
  keepsPrefixes: true,
  encode(value) {
    if (typeof value === 'string') return encodeText(value)
    if (value instanceof Uint8Array) return b4a.from(value)
    throw new AutobeeError('INVALID_ARGUMENT', "'binary' takes bytes or a string; set another encoding")
  },
  // a copy: Hyperbee hands out its cache's own
  decode: bytes => b4a.from(bytes)
})

const UTF8 = ready({
  name: 'utf-8',
  isBuiltIn: true,
  keepsPrefixes: true,
  encode(value) {
    if (typeof value === 'string') return encodeText(value)
    throw new AutobeeError('INVALID_ARGUMENT', "'utf-8' takes a string")
  },
  decode: decodeText
})

const JSON_ENCODER = ready({
  name: 'json',
  isBuiltIn: true,
  keepsPrefixes: false,
  encode: encodeJson,
  decode: decodeJson
})

/** @throws AutobeeError `INVALID_OPTIONS` */
export function toEncoder(encoding: Encoding, what: string): Encoder {
  if (encoding === 'binary') return BINARY
  if (encoding === 'utf-8' || (encoding as unknown) === 'utf8') return UTF8
  if (encoding === 'json') return JSON_ENCODER
  if (typeof encoding === 'object' && encoding !== null) {
    if (isFunction(encoding.encode) && isFunction(encoding.decode)) return ofCodec(encoding)
  }
  throw new AutobeeError('INVALID_OPTIONS', `${what} is 'binary', 'utf-8', 'json' or a codec`)
}

function ofCodec(codec: TypedCodec): Encoder {
  const name = typeof codec.name === 'string' && isText(codec.name) ? codec.name : 'custom'
  if (!isCompact(codec)) {
    return ready({
      name,
      isBuiltIn: false,
      keepsPrefixes: false,
      encode: value => codec.encode(value),
      decode: bytes => codec.decode(b4a.from(bytes))
    })
  }
  return ready({
    name,
    isBuiltIn: false,
    keepsPrefixes: false,
    encode(value) {
      const state: CodecState = { start: 0, end: 0, buffer: null }
      codec.preencode(state, value)
      state.buffer = b4a.alloc(state.end)
      codec.encode(state, value)
      return state.buffer
    },
    decode(bytes) {
      const state: CodecState = { start: 0, end: bytes.byteLength, buffer: b4a.from(bytes) }
      const value = codec.decode(state)
      if (state.start === state.end) return value
      throw new Error('bytes follow the value')
    }
  })
}

function isCompact(codec: TypedCodec): codec is CompactCodec {
  return 'preencode' in codec && isFunction(codec.preencode)
}

/** Whatever an encoding throws becomes one of the two typed errors. */
function ready(encoder: Encoder): Encoder {
  const { name } = encoder
  return {
    ...encoder,
    encode(value) {
      try {
        const bytes = encoder.encode(value)
        if (bytes instanceof Uint8Array) return bytes
        throw new AutobeeError('INVALID_ARGUMENT', `the encoding '${name}' gave something other than bytes`)
      } catch (error) {
        if (AutobeeError.is(error)) throw error
        throw new AutobeeError('INVALID_ARGUMENT', `'${name}' cannot encode this: ${messageOf(error)}`, {
          cause: error
        })
      }
    },
    decode(bytes) {
      try {
        return encoder.decode(bytes)
      } catch (error) {
        throw new AutobeeError('DECODING_FAILED', `these bytes are not '${name}': ${messageOf(error)}`, {
          cause: error
        })
      }
    }
  }
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}
