import b4a from 'b4a'
import c from 'compact-encoding'
import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import { AutobeeError } from '../../../src/index.ts'

/** The name, in the mirror's store, of the core that holds the record. */
export const RECORD = 'autobee/mirror'
const VERSION = 1
/** In the core's user data: where the record begins; what lies before is void. */
const BEGIN = 'autobee/mirror/begin'
/** Keys in one block of the record. */
const CHUNK = 4096
/** The record is written anew when it has so many blocks more than it needs, and four times as many as it needs. */
const SLACK = 64

const OPERATIONS = ['start', 'ask', 'cores', 'leave', 'gone'] as const

/** One block of the record: uint version (1), uint number of the operation, and what it says. */
export type Operation =
  /** What was before is void. */
  | { readonly type: 'start' }
  /** A peer wants the database: key of the database, public key of the peer. */
  | { readonly type: 'ask' | 'leave'; readonly database: Uint8Array; readonly asker: Uint8Array }
  /** Cores of the database: its key, uint count, keys. */
  | { readonly type: 'cores'; readonly database: Uint8Array; readonly keys: readonly Uint8Array[] }
  /** Nobody wants it, and its storage is freed: key of the database. */
  | { readonly type: 'gone'; readonly database: Uint8Array }

export interface Entry {
  readonly key: Uint8Array
  /** Public keys as hex; empty: its storage is to be freed. */
  readonly askers: Set<string>
  /** Keys as hex, in the order in which they were announced. */
  readonly cores: Set<string>
}

/** Two that write one record would each void what the other was asked for. */
const opened = new WeakSet<object>()

/**
 * What a mirror was asked for, in a Hypercore of its store: a log of operations that is read from its beginning when the mirror starts.
 * An operation is in the log before it is carried out, so a mirror that was killed finds what it has to do.
 */
export class MirrorRecord {
  /** By the key as hex. */
  readonly entries = new Map<string, Entry>()
  readonly #core: Hypercore
  readonly #shared: object
  #begin = 0

  private constructor(core: Hypercore, shared: object) {
    this.#core = core
    this.#shared = shared
  }

  /** @throws AutobeeError `STORE_LOCKED` when it is open already, `STORE_CORRUPT`, `UPGRADE_REQUIRED` */
  static async open(store: Corestore): Promise<MirrorRecord> {
    const core = store.get({ name: RECORD })
    await core.ready()
    // what all sessions of it share
    const shared = core.core as object
    if (opened.has(shared)) {
      await core.close()
      throw new AutobeeError('STORE_LOCKED', 'there is a mirror on this store already: close that one first')
    }
    const record = new MirrorRecord(core, shared)
    opened.add(shared)
    try {
      await record.#read()
    } catch (error) {
      await record.close()
      throw error
    }
    return record
  }

  async #read(): Promise<void> {
    const core = this.#core
    const begin = await core.getUserData(BEGIN)
    this.#begin = begin ? c.decode(c.uint, begin) : 0
    for (let i = this.#begin; i < core.length; i++) {
      const block = await core.get(i, { wait: false })
      if (!block) throw corrupt('a block is gone')
      this.#apply(decodeOperation(block))
    }
  }

  /** Writes and carries out; all of them or none. */
  async write(operations: readonly Operation[]): Promise<void> {
    await this.#core.append(operations.map(encodeOperation))
    for (const operation of operations) this.#apply(operation)
    await this.#compact()
  }

  close(): Promise<void> {
    opened.delete(this.#shared)
    return this.#core.close()
  }

  #apply(operation: Operation): void {
    if (operation.type === 'start') {
      this.entries.clear()
      return
    }
    const id = b4a.toString(operation.database, 'hex')
    const entry = this.entries.get(id) ?? {
      key: operation.database,
      askers: new Set<string>(),
      cores: new Set<string>()
    }
    if (operation.type === 'gone') this.entries.delete(id)
    else this.entries.set(id, entry)
    if (operation.type === 'ask') entry.askers.add(b4a.toString(operation.asker, 'hex'))
    if (operation.type === 'leave') entry.askers.delete(b4a.toString(operation.asker, 'hex'))
    if (operation.type === 'cores')
      for (const key of operation.keys) entry.cores.add(b4a.toString(key, 'hex'))
  }

  async #compact(): Promise<void> {
    const whole = this.#whole()
    const length = this.#core.length - this.#begin
    if (length - whole.length < SLACK || length < whole.length * 4) return
    const begin = this.#core.length
    await this.#core.append(whole.map(encodeOperation))
    // killed before this, it is read from the old beginning: the `start` makes that void
    await this.#core.setUserData(BEGIN, c.encode(c.uint, begin))
    this.#begin = begin
    await this.#core.clear(0, begin)
  }

  #whole(): Operation[] {
    const operations: Operation[] = [{ type: 'start' }]
    for (const { key: database, askers, cores } of this.entries.values()) {
      const keys = [...cores].map(key => b4a.from(key, 'hex'))
      for (let i = 0; i === 0 || i < keys.length; i += CHUNK)
        operations.push({ type: 'cores', database, keys: keys.slice(i, i + CHUNK) })
      for (const asker of askers) operations.push({ type: 'ask', database, asker: b4a.from(asker, 'hex') })
    }
    return operations
  }
}

export function encodeOperation(operation: Operation): Uint8Array {
  const head = [c.encode(c.uint, VERSION), c.encode(c.uint, OPERATIONS.indexOf(operation.type))]
  if (operation.type === 'start') return b4a.concat(head)
  head.push(operation.database)
  if (operation.type === 'ask' || operation.type === 'leave') head.push(operation.asker)
  if (operation.type === 'cores') head.push(c.encode(c.uint, operation.keys.length), ...operation.keys)
  return b4a.concat(head)
}

/** @throws AutobeeError `STORE_CORRUPT`, `UPGRADE_REQUIRED` */
export function decodeOperation(block: Uint8Array): Operation {
  const state = { start: 0, end: block.byteLength, buffer: block }
  const key = (): Uint8Array => b4a.from(c.fixed32.decode(state))
  try {
    const version = c.uint.decode(state)
    if (version !== VERSION)
      throw new AutobeeError('UPGRADE_REQUIRED', `this mirror's record has the version ${version}`)
    const type = OPERATIONS[c.uint.decode(state)]
    switch (type) {
      case 'start':
        return { type }
      case 'ask':
      case 'leave':
        return { type, database: key(), asker: key() }
      case 'cores': {
        const database = key()
        const count = c.uint.decode(state)
        if (count > CHUNK) break
        return { type, database, keys: Array.from({ length: count }, key) }
      }
      case 'gone':
        return { type, database: key() }
    }
  } catch (error) {
    throw AutobeeError.is(error) ? error : corrupt('an entry ends too soon', error)
  }
  throw corrupt('an entry is none')
}

function corrupt(what: string, cause?: unknown): AutobeeError {
  return new AutobeeError('STORE_CORRUPT', `the mirror's record cannot be read: ${what}`, { cause })
}
