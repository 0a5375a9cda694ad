import type { Bytes } from '../bytes.ts'
import { AutobeeError } from '../errors.ts'
import type { HyperbeeView } from '../view.ts'
import { checkOptions, TypedBee, type TypedOptions } from './bee.ts'
import { type Decoded, type Encoding, type EncodingFor, toEncoder } from './encoding.ts'
import { Source } from './source.ts'

/**
 * Gives a bee encodings, and what of Hyperbee 1 a Hyperbee 2 lacks: `sub`, `watch`, `getAndWatch`. On `db.bee` (or
 * `db.view`) it moves on with the database; on a snapshot or checkout it stays; on the bee that `apply` gets it writes.
 * @param options encodings; default `binary`
 * @throws AutobeeError `INVALID_ARGUMENT`, `INVALID_OPTIONS`
 */
export function typed<KE extends Encoding = 'binary', VE extends Encoding = 'binary'>(
  bee: HyperbeeView,
  options?: TypedOptions<KE, VE>
): TypedBee<Decoded<KE>, Decoded<VE>>
export function typed<K = Bytes, V = Bytes>(
  bee: HyperbeeView,
  options: TypedOptions<EncodingFor<K>, EncodingFor<V>>
): TypedBee<K, V>
export function typed(
  bee: HyperbeeView,
  options: TypedOptions<Encoding, Encoding> = {}
): TypedBee<never, never> {
  if (
    typeof bee?.get !== 'function' ||
    typeof bee.createDiffStream !== 'function' ||
    bee instanceof TypedBee
  ) {
    throw new AutobeeError('INVALID_ARGUMENT', 'typed takes a bee: db.bee, a snapshot, or the view of apply')
  }
  checkOptions(options)
  const encoder = toEncoder(options.keyEncoding ?? 'binary', 'keyEncoding')
  const values = toEncoder(options.valueEncoding ?? 'binary', 'valueEncoding')
  const space = { encoder, prefix: new Uint8Array(0) }
  return new TypedBee({ source: new Source(bee), space, values })
}

export type { TypedBatch } from './batch.ts'
export {
  type SubOptions,
  TypedBee,
  type TypedDifference,
  type TypedEntry,
  type TypedOptions
} from './bee.ts'
export type {
  CodecState,
  CompactCodec,
  Decoded,
  Encoding,
  EncodingFor,
  Input,
  TypedCodec
} from './encoding.ts'
export type { EntryWatcher, EntryWatcherEvents } from './entry-watcher.ts'
export type { KeyRange, ReadOptions, ReadRange } from './range.ts'
export type { Moved, Watcher } from './watch.ts'
