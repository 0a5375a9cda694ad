import b4a from 'b4a'
import c from 'compact-encoding'
import crypto from 'hypercore-crypto'
import { AutobeeError } from '../errors.ts'
import type { Head } from '../keys.ts'

/** The number of the order rule that docs/ORDER.md states; recorded in a database's first entry. */
export const ORDER_RULE = 1
export const FORMAT_VERSION = 1
export const CHECK_BYTES = 16

const FLAG_VALUE = 1
const FLAG_OPTIMISTIC = 2
const FLAG_ACK = 4
const FLAG_LINKS = 8
const FLAG_ORIGIN = 16
const KNOWN_FLAGS = FLAG_VALUE | FLAG_OPTIMISTIC | FLAG_ACK | FLAG_LINKS | FLAG_ORIGIN

const TAIL_CHECKPOINT = 1
const TAIL_ORDER_HASH = 2
const KNOWN_TAIL = TAIL_CHECKPOINT | TAIL_ORDER_HASH

const CHECK_LABEL = b4a.from('autobee/1 check')

/** What a database's first entry records: the choices that change the merged result. */
export interface Origin {
  readonly orderRule: number
  readonly encrypted: boolean
  /** Name of the value encoding; a codec of the user's own is `custom`. */
  readonly valueEncoding: string
}

/** The writer's own trees after it applied the entry that this rides on. */
export interface Checkpoint {
  readonly system: Head
  readonly view: Head
  /** Number of units ordered, this entry's own included. */
  readonly position: number
  /** null when the order at that moment also depended on entries that were not part of it. */
  readonly orderHash: Uint8Array | null
}

/** One block of an oplog. docs/FORMAT.md describes the bytes. */
export interface Entry {
  readonly timestamp: number
  /** Where the entry stands in its unit: entries before it, entries after it. */
  readonly batch: { readonly start: number; readonly end: number }
  readonly optimistic: boolean
  readonly ack: boolean
  readonly links: readonly Head[]
  readonly value: Uint8Array | null
  readonly origin: Origin | null
  readonly checkpoint: Checkpoint | null
}

export interface DecodedEntry extends Entry {
  /** BLAKE2b-256 of the block without its tail, so that a checkpoint may contain the hash of its own entry. */
  readonly hash: Uint8Array
}

/** Starts every oplog's first block: garbage there means that the encryption key is wrong. */
export function checkValue(core: Uint8Array): Uint8Array {
  return b4a.from(crypto.hash([CHECK_LABEL, core])).subarray(0, CHECK_BYTES)
}

export function hasCheckValue(block: Uint8Array, core: Uint8Array): boolean {
  return block.byteLength > CHECK_BYTES && b4a.equals(block.subarray(0, CHECK_BYTES), checkValue(core))
}

/** Bytes an entry needs beside its value, for the limit on a block's size. */
export function entryOverhead(links: number): number {
  return 256 + links * 41 + 160
}

/** `index` 0 puts the check value of `core` in front. The hash is that of {@link DecodedEntry}. */
export function encodeEntry(
  entry: Entry,
  at: { core: Uint8Array; index: number }
): { block: Uint8Array; hash: Uint8Array } {
  const flags =
    (entry.value ? FLAG_VALUE : 0) |
    (entry.optimistic ? FLAG_OPTIMISTIC : 0) |
    (entry.ack ? FLAG_ACK : 0) |
    (entry.links.length ? FLAG_LINKS : 0) |
    (entry.origin ? FLAG_ORIGIN : 0)
  const size = CHECK_BYTES + entryOverhead(entry.links.length) + (entry.value?.byteLength ?? 0)
  const state = { start: 0, end: size, buffer: b4a.allocUnsafeSlow(size) }

  if (at.index === 0) c.raw.encode(state, checkValue(at.core) as never)
  c.uint.encode(state, FORMAT_VERSION)
  c.uint.encode(state, flags)
  c.uint.encode(state, entry.timestamp)
  c.uint.encode(state, entry.batch.start)
  c.uint.encode(state, entry.batch.end)
  if (entry.origin) {
    c.uint.encode(state, entry.origin.orderRule)
    c.uint.encode(state, entry.origin.encrypted ? 1 : 0)
    c.string.encode(state, entry.origin.valueEncoding)
  }
  if (entry.links.length) {
    c.uint.encode(state, entry.links.length)
    for (const link of entry.links) encodeHead(state, link)
  }
  if (entry.value) c.buffer.encode(state, entry.value as never)

  const hash = crypto.hash(state.buffer.subarray(0, state.start))
  if (entry.checkpoint) encodeTail(state, entry.checkpoint)
  return { block: state.buffer.subarray(0, state.start), hash }
}

/**
 * @throws AutobeeError `ENCRYPTION_KEY_MISMATCH` for a first block without its check value, `UPGRADE_REQUIRED` for
 *   a version or a field this release does not know, `INVALID_ENTRY` for anything else that is not well-formed.
 */
export function decodeEntry(block: Uint8Array, at: { core: Uint8Array; index: number }): DecodedEntry {
  const state = { start: 0, end: block.byteLength, buffer: block }
  if (at.index === 0) {
    if (!hasCheckValue(block, at.core)) {
      throw new AutobeeError(
        'ENCRYPTION_KEY_MISMATCH',
        'the first block is encrypted with another key, or no Autobee wrote it'
      )
    }
    state.start = CHECK_BYTES
  }
  try {
    return decodeBody(state, block)
  } catch (error) {
    if (AutobeeError.is(error)) throw error
    throw invalid('the block ends early', error)
  }
}

function decodeBody(state: State, block: Uint8Array): DecodedEntry {
  const version = c.uint.decode(state)
  if (version !== FORMAT_VERSION) throw upgrade(`format version ${version}`)
  const flags = c.uint.decode(state)
  if (flags > KNOWN_FLAGS || (flags & ~KNOWN_FLAGS) !== 0) throw upgrade(`entry flags ${flags}`)
  const timestamp = safeUint(state)
  const batch = { start: safeUint(state), end: safeUint(state) }
  const origin = flags & FLAG_ORIGIN ? decodeOrigin(state) : null
  const links = flags & FLAG_LINKS ? decodeLinks(state) : []
  const value = flags & FLAG_VALUE ? (c.buffer.decode(state) ?? b4a.alloc(0)) : null
  const ack = (flags & FLAG_ACK) !== 0
  if (ack && value) throw invalid('an ack carries a value')
  const hash = crypto.hash(block.subarray(0, state.start))
  const checkpoint = state.start < state.end ? decodeTail(state) : null
  if (state.start !== state.end) throw invalid('bytes follow the entry')
  return {
    timestamp,
    batch,
    optimistic: (flags & FLAG_OPTIMISTIC) !== 0,
    ack,
    links,
    value,
    origin,
    checkpoint,
    hash
  }
}

interface State {
  start: number
  end: number
  buffer: Uint8Array
}

function encodeHead(state: State, head: Head): void {
  c.fixed32.encode(state, head.key as never)
  c.uint.encode(state, head.length)
}

function decodeHead(state: State): Head {
  return { key: b4a.from(c.fixed32.decode(state)), length: safeUint(state) }
}

function encodeTail(state: State, checkpoint: Checkpoint): void {
  c.uint.encode(state, TAIL_CHECKPOINT | (checkpoint.orderHash ? TAIL_ORDER_HASH : 0))
  encodeHead(state, checkpoint.system)
  encodeHead(state, checkpoint.view)
  c.uint.encode(state, checkpoint.position)
  if (checkpoint.orderHash) c.fixed32.encode(state, checkpoint.orderHash as never)
}

function decodeTail(state: State): Checkpoint | null {
  const flags = c.uint.decode(state)
  if (flags > KNOWN_TAIL) throw upgrade(`tail flags ${flags}`)
  if ((flags & TAIL_CHECKPOINT) === 0) throw invalid('an empty tail')
  const system = decodeHead(state)
  const view = decodeHead(state)
  const position = safeUint(state)
  const orderHash = flags & TAIL_ORDER_HASH ? b4a.from(c.fixed32.decode(state)) : null
  return { system, view, position, orderHash }
}

function decodeOrigin(state: State): Origin {
  const orderRule = safeUint(state)
  if (orderRule !== ORDER_RULE) throw upgrade(`order rule ${orderRule}`)
  const options = safeUint(state)
  if (options > 1) throw upgrade(`database options ${options}`)
  return { orderRule, encrypted: options === 1, valueEncoding: c.string.decode(state) }
}

function decodeLinks(state: State): Head[] {
  const count = safeUint(state)
  // each link takes at least 33 bytes: a count beyond that is a lie, and must not allocate
  if (count === 0 || count * 33 > state.end - state.start) throw invalid('the number of links is wrong')
  const links: Head[] = []
  for (let i = 0; i < count; i++) {
    const link = decodeHead(state)
    const previous = links[i - 1]
    if (link.length === 0) throw invalid('a link to nothing')
    if (previous && b4a.compare(previous.key, link.key) >= 0) throw invalid('links out of order')
    links.push(link)
  }
  return links
}

function safeUint(state: State): number {
  const value = c.uint.decode(state)
  if (!Number.isSafeInteger(value)) throw invalid('a number is too large')
  return value
}

function invalid(what: string, cause?: unknown): AutobeeError {
  return new AutobeeError('INVALID_ENTRY', `not a valid entry, ${what}`, { cause })
}

function upgrade(what: string): AutobeeError {
  return new AutobeeError('UPGRADE_REQUIRED', `${what} is newer than this release knows; upgrade autobee`)
}
