export type { Change, Changes, ViewHead } from './apply/changes.ts'
export type { Host } from './apply/host.ts'
export { type ApplyNode, Autobee, Autobee as default, type Stats, type WriterInfo } from './autobee.ts'
export type { Bytes } from './bytes.ts'
export type { KeyPair } from './engine/cores.ts'
export { AutobeeError, type AutobeeErrorCode } from './errors.ts'
export type { AutobeeEvents } from './events.ts'
export type { Head, KeyLike } from './keys.ts'
export type {
  ListedUnit,
  OrderedUnit,
  OrderOptions,
  SkipReason,
  WaitingUnit,
  WaitReason
} from './listing/types.ts'
export type { AutobeeOptions } from './options.ts'
export type {
  CodecState,
  CompactCodec,
  Decoded,
  Encoding,
  EncodingFor,
  EntryWatcher,
  EntryWatcherEvents,
  Input,
  KeyRange,
  Moved,
  ReadOptions,
  ReadRange,
  SubOptions,
  TypedBatch,
  TypedBee,
  TypedCodec,
  TypedDifference,
  TypedEntry,
  TypedOptions,
  Watcher
} from './typed/index.ts'
export { typed } from './typed/index.ts'
export type { DecodeOptions, EncodeOptions } from './value.ts'
export type { ValueCodec, ValueEncoding } from './value-encoding.ts'
export type { HyperbeeView } from './view.ts'
