import b4a from 'b4a'
import type Hyperbee from 'hyperbee2'
import { AutobeeError } from '../errors.ts'
import type { Encoder, Input } from './encoding.ts'

/** Which keys: those within all of the bounds that are given, in the order of their bytes. */
export interface KeyRange<K> {
  readonly gt?: Input<K> | null | undefined
  readonly gte?: Input<K> | null | undefined
  readonly lt?: Input<K> | null | undefined
  readonly lte?: Input<K> | null | undefined
  /** Keys that begin with this; for the encodings 'utf-8' and 'binary'. */
  readonly prefix?: Input<K> | null | undefined
}

/** How long to wait for blocks that are not here. */
export interface ReadOptions {
  /** Default true: waits for a peer to send missing blocks. */
  readonly wait?: boolean | undefined
  /** In ms; 0 (default) waits for ever. */
  readonly timeout?: number | undefined
}

/** A range that is read in order. */
export interface ReadRange<K> extends KeyRange<K>, ReadOptions {
  /** Default false: from the smallest key on. */
  readonly reverse?: boolean | undefined
  /** Most entries; -1 (default): all. */
  readonly limit?: number | undefined
  /** Read ahead, entries × 1024; default 16,384. */
  readonly highWaterMark?: number | undefined
}

/** Bounds of a range in the tree. */
export interface TreeBounds {
  gt?: Uint8Array
  gte?: Uint8Array
  lt?: Uint8Array
  lte?: Uint8Array
}

/** Which keys of the tree a typed bee is about, and how they are encoded. */
export interface KeySpace {
  readonly encoder: Encoder
  /** What all its keys begin with; empty for the whole tree. */
  readonly prefix: Uint8Array
}

interface Bound {
  readonly key: Uint8Array
  readonly inclusive: boolean
}

/** @throws AutobeeError `INVALID_ARGUMENT` */
export function toBounds<K>(range: KeyRange<K>, { encoder, prefix }: KeySpace): TreeBounds {
  const encode = (key: Input<K>) => b4a.concat([prefix, encoder.encode(key)])
  const lower: Bound[] = []
  const upper: Bound[] = []
  const { gt, gte, lt, lte } = range
  if (gte != null) lower.push({ key: encode(gte), inclusive: true })
  if (gt != null) lower.push({ key: encode(gt), inclusive: false })
  if (lte != null) upper.push({ key: encode(lte), inclusive: true })
  if (lt != null) upper.push({ key: encode(lt), inclusive: false })
  for (const start of [prefix, range.prefix == null ? null : encode(checkPrefix(range.prefix, encoder))]) {
    if (!start?.byteLength) continue
    lower.push({ key: start, inclusive: true })
    const end = afterPrefix(start)
    if (end) upper.push({ key: end, inclusive: false })
  }
  const from = tightest(lower, 1)
  const to = tightest(upper, -1)
  return {
    ...(from && (from.inclusive ? { gte: from.key } : { gt: from.key })),
    ...(to && (to.inclusive ? { lte: to.key } : { lt: to.key }))
  }
}

/** Bounds of a range that is watched, not read in order. @throws AutobeeError `INVALID_ARGUMENT` */
export function toWatchBounds<K>(range: KeyRange<K>, space: KeySpace): TreeBounds {
  checkRange(range)
  if ('reverse' in range || 'limit' in range) throw invalid('watch takes no reverse and no limit')
  return toBounds(range, space)
}

/** @throws AutobeeError `INVALID_ARGUMENT` */
export function toTreeRange<K>(range: ReadRange<K>, space: KeySpace): Hyperbee.RangeOptions {
  checkRange(range)
  const { reverse = false, limit = -1 } = range
  if (typeof reverse !== 'boolean') throw invalid('reverse is true or false')
  if (limit !== -1 && !(Number.isSafeInteger(limit) && limit >= 0)) {
    throw invalid('limit is a whole number from 0 on, or -1 for all')
  }
  return { ...toBounds(range, space), ...readOptions(range), reverse, limit }
}

/** Those that are given: Hyperbee takes an undefined one for a value. */
export function readOptions({
  wait,
  timeout,
  highWaterMark
}: ReadOptions & { readonly highWaterMark?: number | undefined }): Hyperbee.RangeOptions {
  return {
    ...(wait !== undefined && { wait }),
    ...(timeout !== undefined && { timeout }),
    ...(highWaterMark !== undefined && { highWaterMark })
  }
}

function checkRange(range: unknown): void {
  if (typeof range !== 'object' || range === null || range instanceof Uint8Array) {
    throw invalid('a range is { gt, gte, lt, lte, prefix, reverse, limit }, each of them optional')
  }
}

/** The smallest bytes after all that begin with `prefix`; null when there are none. */
export function afterPrefix(prefix: Uint8Array): Uint8Array | null {
  let length = prefix.byteLength
  while (length > 0 && prefix[length - 1] === 255) length--
  if (length === 0) return null
  const end = b4a.from(prefix.subarray(0, length))
  end[length - 1] = (end[length - 1] as number) + 1
  return end
}

function checkPrefix<T>(prefix: T, encoder: Encoder): T {
  if (encoder.keepsPrefixes) return prefix
  throw invalid(`prefix is for keys that are 'utf-8' or 'binary', not '${encoder.name}'`)
}

/** `sign` 1: the greatest, for lower bounds; -1: the smallest. Of equal keys the one that leaves the key out. */
function tightest(bounds: readonly Bound[], sign: 1 | -1): Bound | null {
  let best: Bound | null = null
  for (const bound of bounds) {
    const order = best ? sign * b4a.compare(bound.key, best.key) : 1
    if (order > 0 || (order === 0 && !bound.inclusive)) best = bound
  }
  return best
}

function invalid(message: string): AutobeeError {
  return new AutobeeError('INVALID_ARGUMENT', message)
}
