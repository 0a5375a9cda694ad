import b4a from 'b4a'
import c from 'compact-encoding'
import { AutobeeError } from '../errors.ts'
import type { ValueCodec } from '../value-encoding.ts'

/** One step of a unit, as it stands in the oplog. Keys and values are encoded already. */
export type Operation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }
  | { readonly type: 'addWriter'; readonly key: Uint8Array; readonly isIndexer: boolean }
  | { readonly type: 'removeWriter'; readonly key: Uint8Array }

/** Most bytes of an encoded key. */
export const MAX_KEY_BYTES = 4096
/** Most bytes of an encoded value. */
export const MAX_VALUE_BYTES = 8 * 1024 * 1024

/** Most operations of one unit. Of the smallest ones a unit's bytes would hold many millions: too many for a peer's memory. */
export const MAX_OPERATIONS = 262_144

const VERSION = 1
const DEL = 0
const PUT = 1
const ADD_WRITER = 2
const REMOVE_WRITER = 3

/** Bytes of operations in one value of a unit, unless one alone is larger. */
const PACK_BYTES = 64 * 1024
/** Type, and the lengths of key and value. */
const OVERHEAD = 16
const MAX_OPERATIONS_OF_VALUE = PACK_BYTES / OVERHEAD

/** The operations of one value, known to be good; read as they are iterated. */
export interface Operations extends Iterable<Operation> {
  readonly count: number
  /** Keys of the writers that it removes. */
  readonly removed: readonly Uint8Array[]
}

export interface Checks {
  /** Names of the encodings: peers with others are refused with `OPTIONS_MISMATCH`. */
  readonly keys: string
  readonly values: string
  /** Throw for bytes that the database's encodings do not make. */
  checkKey(bytes: Uint8Array): void
  checkValue(bytes: Uint8Array): void
}

/**
 * The value encoding of the database underneath. A value is a list of operations: a version, then each one's type and
 * fields. Bytes that are not, or whose keys and values no writer's encodings make, do not decode: then every peer skips
 * the unit, at the same place, with the event `rejected`.
 */
export function operationsCodec({
  keys,
  values,
  checkKey,
  checkValue
}: Checks): ValueCodec<Iterable<Operation>> {
  return {
    name: `autobee-kv/${VERSION} keys=${encodeURIComponent(keys)} values=${encodeURIComponent(values)}`,
    encode: encodeOperations,
    decode(bytes): Operations {
      const removed: Uint8Array[] = []
      let count = 0
      for (const operation of decodeOperations(bytes)) {
        if (++count > MAX_OPERATIONS_OF_VALUE) throw invalid('a value of too many operations')
        if (operation.type === 'removeWriter') removed.push(operation.key)
        else if (operation.type !== 'addWriter') checkKey(operation.key)
        if (operation.type === 'put') checkValue(operation.value)
      }
      if (count === 0) throw invalid('a value without an operation')
      return { count, removed, [Symbol.iterator]: () => decodeOperations(bytes) }
    }
  }
}

/** Lists of operations, in the same order, that each fit one entry. */
export function pack(operations: readonly Operation[]): Operation[][] {
  const packs: Operation[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const operation of operations) {
    const size = sizeOf(operation)
    if (bytes + size > PACK_BYTES) {
      packs.push([])
      bytes = 0
    }
    packs[packs.length - 1]?.push(operation)
    bytes += size
  }
  return packs
}

function sizeOf(operation: Operation): number {
  return OVERHEAD + operation.key.byteLength + (operation.type === 'put' ? operation.value.byteLength : 0)
}

function encodeOperations(operations: Iterable<Operation>): Uint8Array {
  let size = 1
  for (const operation of operations) size += sizeOf(operation)
  const state = { start: 0, end: size, buffer: b4a.allocUnsafeSlow(size) }
  c.uint.encode(state, VERSION)
  for (const operation of operations) encodeOperation(state, operation)
  return state.buffer.subarray(0, state.start)
}

function encodeOperation(state: State, operation: Operation): void {
  switch (operation.type) {
    case 'del':
      c.uint.encode(state, DEL)
      c.buffer.encode(state, operation.key as never)
      break
    case 'put':
      c.uint.encode(state, PUT)
      c.buffer.encode(state, operation.key as never)
      c.buffer.encode(state, operation.value as never)
      break
    case 'addWriter':
      c.uint.encode(state, ADD_WRITER)
      c.fixed32.encode(state, operation.key as never)
      c.uint.encode(state, operation.isIndexer ? 1 : 0)
      break
    case 'removeWriter':
      c.uint.encode(state, REMOVE_WRITER)
      c.fixed32.encode(state, operation.key as never)
  }
}

function* decodeOperations(bytes: Uint8Array): Generator<Operation, undefined> {
  const state = { start: 0, end: bytes.byteLength, buffer: bytes }
  const version = c.uint.decode(state)
  if (version !== VERSION) throw invalid(`version ${version} of the operations is not known`)
  while (state.start < state.end) yield decodeOperation(state)
}

function decodeOperation(state: State): Operation {
  const type = c.uint.decode(state)
  switch (type) {
    case DEL:
      return { type: 'del', key: bytesOf(state, MAX_KEY_BYTES) }
    case PUT:
      return { type: 'put', key: bytesOf(state, MAX_KEY_BYTES), value: bytesOf(state, MAX_VALUE_BYTES) }
    case ADD_WRITER: {
      const key = c.fixed32.decode(state)
      const role = c.uint.decode(state)
      if (role > 1) throw invalid(`role ${role} of a writer is not known`)
      return { type: 'addWriter', key, isIndexer: role === 1 }
    }
    case REMOVE_WRITER:
      return { type: 'removeWriter', key: c.fixed32.decode(state) }
  }
  throw invalid(`operation ${type} is not known`)
}

interface State {
  start: number
  end: number
  buffer: Uint8Array
}

function bytesOf(state: State, most: number): Uint8Array {
  const bytes = c.buffer.decode(state) ?? b4a.alloc(0)
  if (bytes.byteLength > most) throw invalid(`a key or value of more than ${most} bytes`)
  return bytes
}

function invalid(message: string): AutobeeError {
  return new AutobeeError('INVALID_ENTRY', message)
}
