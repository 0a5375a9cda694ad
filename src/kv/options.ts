import b4a from 'b4a'
import { AutobeeError } from '../errors.ts'
import type { AutobeeOptions } from '../index.ts'
import { type Encoder, type Encoding, type EncodingFor, toEncoder } from '../typed/encoding.ts'
import { MAX_KEY_BYTES, MAX_VALUE_BYTES, operationsCodec } from './operations.ts'

type Own = 'apply' | 'open' | 'close' | 'update' | 'raw' | 'optimistic' | 'valueEncoding'

/** Options of a {@link KeyValue}: those of an Autobee, but what it does itself, and its encodings. */
export interface KeyValueOptions<K = string, V = unknown> extends Omit<AutobeeOptions, Own> {
  /** Default `utf-8`. Recorded in the database: every peer opens it with the same. */
  keyEncoding?: EncodingFor<K> | undefined
  /** Default `json`. Recorded in the database: every peer opens it with the same. */
  valueEncoding?: EncodingFor<V> | undefined
}

export interface Encoders {
  readonly keyEncoding: Encoding
  readonly valueEncoding: Encoding
  readonly keys: Encoder
  readonly values: Encoder
}

const OWN: readonly Own[] = ['apply', 'open', 'close', 'update', 'raw', 'optimistic']

/** @throws AutobeeError `INVALID_OPTIONS` */
export function toOptions<K, V>(
  options: KeyValueOptions<K, V>
): {
  readonly encoders: Encoders
  readonly autobee: AutobeeOptions
} {
  if (typeof options !== 'object' || options === null) {
    throw new AutobeeError('INVALID_OPTIONS', 'the options are an object')
  }
  const { keyEncoding, valueEncoding, ...rest } = options
  for (const name of OWN) {
    if ((rest as AutobeeOptions)[name] !== undefined) {
      throw new AutobeeError('INVALID_OPTIONS', `KeyValue has no option ${name}; use Autobee for one's own`)
    }
  }
  const encodings = {
    keyEncoding: (keyEncoding ?? 'utf-8') as Encoding,
    valueEncoding: (valueEncoding ?? 'json') as Encoding
  }
  const keys = toEncoder(encodings.keyEncoding, 'keyEncoding')
  const values = toEncoder(encodings.valueEncoding, 'valueEncoding')
  const codec = operationsCodec({
    keys: keys.name,
    values: values.name,
    checkKey: bytes => checkKey(keys, bytes),
    checkValue: bytes => values.decode(bytes)
  })
  return {
    encoders: { ...encodings, keys, values },
    autobee: { ...rest, optimistic: false, valueEncoding: codec }
  }
}

/** Two keys in the tree that read as the same key would both be listed, and only one of them found. */
function checkKey(keys: Encoder, bytes: Uint8Array): void {
  const key = keys.decode(bytes)
  if (keys.keepsPrefixes || b4a.equals(keys.encode(key), bytes)) return
  throw new AutobeeError('INVALID_ENTRY', 'a key that is not as its encoding makes it')
}

/** @throws AutobeeError `INVALID_ARGUMENT`, `ENTRY_TOO_LARGE` */
export function encodeKey({ keys }: Encoders, key: unknown): Uint8Array {
  const bytes = keys.encode(key)
  if (bytes.byteLength > MAX_KEY_BYTES) throw tooLarge('key', MAX_KEY_BYTES)
  return checked(keys, bytes, checkKey)
}

/** @throws AutobeeError `INVALID_ARGUMENT`, `ENTRY_TOO_LARGE` */
export function encodeValue({ values }: Encoders, value: unknown): Uint8Array {
  const bytes = values.encode(value)
  if (bytes.byteLength > MAX_VALUE_BYTES) throw tooLarge('value', MAX_VALUE_BYTES)
  return checked(values, bytes, (encoder, bytes) => encoder.decode(bytes))
}

/** What a codec of the user's own makes but cannot read again would be skipped by everybody. */
function checked(
  encoder: Encoder,
  bytes: Uint8Array,
  check: (encoder: Encoder, bytes: Uint8Array) => void
): Uint8Array {
  if (encoder.isBuiltIn) return bytes
  try {
    check(encoder, bytes)
  } catch (error) {
    const message = `'${encoder.name}' does not read back what it makes of this`
    throw new AutobeeError('INVALID_ARGUMENT', message, { cause: error })
  }
  return bytes
}

function tooLarge(what: string, most: number): AutobeeError {
  return new AutobeeError('ENTRY_TOO_LARGE', `a ${what} takes at most ${most} bytes`)
}
