import b4a from 'b4a'
import { AutobeeError, messageOf } from './errors.ts'

/** A codec of the user's own, as compact-encoding and abstract-encoding have them. */
export interface ValueCodec<T = unknown> {
  readonly name?: string
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}

/** `binary`: bytes (strings are taken as UTF-8). `utf-8`: strings. `json`: anything JSON has. */
export type ValueEncoding = 'binary' | 'utf-8' | 'json' | ValueCodec

/** A value encoding made ready: total for what it accepts, typed errors for the rest. */
export interface Codec {
  readonly name: string
  encode(value: unknown): Uint8Array
  decode(bytes: Uint8Array): unknown
}

const BINARY: Codec = {
  name: 'binary',
  encode(value) {
    if (typeof value === 'string') return b4a.from(value)
    // a copy: the entry is written later, and the caller may reuse the buffer
    if (value instanceof Uint8Array) return b4a.from(value)
    throw new AutobeeError('INVALID_ARGUMENT', 'a value is bytes or a string; set valueEncoding for others')
  },
  decode: bytes => bytes
}

const UTF8: Codec = {
  name: 'utf-8',
  encode(value) {
    if (typeof value === 'string') return b4a.from(value)
    throw new AutobeeError('INVALID_ARGUMENT', "a value of valueEncoding 'utf-8' is a string")
  },
  decode: bytes => b4a.toString(bytes)
}

const JSON_CODEC: Codec = {
  name: 'json',
  encode(value) {
    const text = JSON.stringify(value)
    if (text !== undefined) return b4a.from(text)
    throw new AutobeeError('INVALID_ARGUMENT', 'JSON cannot hold undefined, functions or symbols')
  },
  decode: bytes => JSON.parse(b4a.toString(bytes))
}

/** @throws AutobeeError `INVALID_OPTIONS` */
export function toCodec(encoding: ValueEncoding | null | undefined): Codec {
  if (encoding === undefined || encoding === null || encoding === 'binary') return BINARY
  if (encoding === 'json') return JSON_CODEC
  if (encoding === 'utf-8' || (encoding as unknown) === 'utf8') return UTF8
  if (typeof encoding === 'object' && isFunction(encoding.encode) && isFunction(encoding.decode)) {
    return {
      name: typeof encoding.name === 'string' ? encoding.name : 'custom',
      encode(value) {
        const bytes = encoding.encode(value)
        if (bytes instanceof Uint8Array) return b4a.from(bytes)
        throw new AutobeeError('INVALID_ARGUMENT', 'the value encoding gave something other than bytes')
      },
      decode: bytes => encoding.decode(bytes)
    }
  }
  throw new AutobeeError(
    'INVALID_OPTIONS',
    "valueEncoding is 'binary', 'utf-8', 'json' or { encode, decode }"
  )
}

/** @throws AutobeeError `INVALID_ARGUMENT` for a value that the encoding cannot hold */
export function encodeWith(codec: Codec, value: unknown): Uint8Array {
  try {
    return codec.encode(value)
  } catch (error) {
    if (AutobeeError.is(error)) throw error
    throw new AutobeeError('INVALID_ARGUMENT', `the value cannot be encoded: ${messageOf(error)}`, {
      cause: error
    })
  }
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}
