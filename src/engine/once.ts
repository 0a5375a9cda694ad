import b4a from 'b4a'
import c from 'compact-encoding'
import type Hypercore from 'hypercore'
import { AutobeeError, type AutobeeErrorCode } from '../errors.ts'
import { fromHex, type Head, hexOf } from '../keys.ts'
import type { Append, AppendQueue } from './queue.ts'

/** Name of the record in the system core's user data. */
export const ONCE_KEY = 'autobee/once'

const VERSION = 1

/** Clients that are remembered; of those whose last request is longest ago, nothing is known any more. */
const MAX_CLIENTS = 64

/** Bytes of a number, at most. */
const MAX_UINT = 9

const DONE = 0
const REFUSED = 1

/** A numbered request to append: whoever asks again with the same number gets the same answer, and nothing is written twice. */
export interface OnceTag {
  /** 32 hex digits, of one page or worker. */
  readonly client: string
  /** From 1, one more with each request of the client. */
  readonly number: number
  /** The client knows what became of all requests up to this one. */
  readonly confirmed: number
  /** The record's tick when it was first asked, if it was asked before; null when this is the first time. */
  readonly since: number | null
}

export type OnceOutcome = { readonly head: Head } | { readonly error: AutobeeError }

interface Client {
  /** Tick of its last outcome. */
  active: number
  confirmed: number
  readonly outcomes: Map<number, OnceOutcome>
}

/**
 * What became of the numbered appends that their clients may ask for again. It lives beside the boot record, and is written
 * in the same atomic batch as the entries that it tells of: either both are there or neither.
 */
export class OnceRecord {
  /** Times that it was written. */
  #tick = 0
  /** No client that was forgotten had an outcome after this tick. */
  #horizon = 0
  #isChanged = false
  readonly #clients = new Map<string, Client>()
  readonly #most: number

  constructor({ most = MAX_CLIENTS }: { most?: number } = {}) {
    this.#most = most
  }

  get tick(): number {
    return this.#tick
  }

  /** What became of it, if it is not the first time that it is asked. */
  find({ client: id, number, since }: OnceTag): OnceOutcome | null {
    const client = this.#clients.get(id)
    if (client) return client.outcomes.get(number) ?? null
    if (since === null || since >= this.#horizon) return null
    const message =
      'this tab slept so long that nobody knows whether its entry was appended; look in the view'
    return { error: new AutobeeError('OWNER_CHANGED', message) }
  }

  /** Answers one that is asked again; returns whether it was. */
  answer({ once, resolve, reject }: Append): boolean {
    const outcome = once && this.find(once)
    if (!outcome) return false
    if ('head' in outcome) resolve(outcome.head)
    else reject(outcome.error)
    return true
  }

  /** It is being written, with the next {@link take}. */
  done({ once }: Append, head: Head): void {
    if (once) this.#settle(once, { head })
  }

  /** Rejects it for good, also when it is asked again: a later one of that client may be written. */
  refuse({ once, reject }: Append, error: AutobeeError): void {
    if (once) this.#settle(once, { error })
    reject(error)
  }

  refuseAll(queue: AppendQueue, error: AutobeeError): void {
    for (let append = queue.shift(); append; append = queue.shift())
      if (!this.answer(append)) this.refuse(append, error)
  }

  /** The client is gone, and will ask for nothing again. */
  forget(client: string): void {
    if (this.#clients.delete(client)) this.#isChanged = true
  }

  /** What is to be written; null when it is what was written last. */
  take(): Uint8Array | null {
    if (!this.#isChanged) return null
    this.#isChanged = false
    this.#tick++
    return this.#encode()
  }

  /** That of a database's system core. @throws AutobeeError see {@link OnceRecord.decode} */
  static async read(system: Hypercore): Promise<OnceRecord> {
    const record = await system.getUserData(ONCE_KEY)
    return record ? OnceRecord.decode(record) : new OnceRecord()
  }

  /** @throws AutobeeError `STORE_CORRUPT`, or `UPGRADE_REQUIRED` for a record of a later release */
  static decode(bytes: Uint8Array, options: { most?: number } = {}): OnceRecord {
    const record = new OnceRecord(options)
    const state = { start: 0, end: bytes.byteLength, buffer: bytes as Buffer }
    try {
      const version = c.uint.decode(state)
      if (version !== VERSION) {
        const message = `this store was written by a later release (record of appends ${version})`
        throw new AutobeeError('UPGRADE_REQUIRED', message)
      }
      record.#decode(state)
    } catch (error) {
      if (AutobeeError.is(error)) throw error
      throw new AutobeeError('STORE_CORRUPT', 'the record of appends cannot be read', { cause: error })
    }
    return record
  }

  #settle({ client: id, number, confirmed }: OnceTag, outcome: OnceOutcome): void {
    const client = this.#clients.get(id) ?? { active: 0, confirmed: 0, outcomes: new Map() }
    // the one that was active last comes last
    this.#clients.delete(id)
    this.#clients.set(id, client)
    client.active = this.#tick + 1
    if (confirmed > client.confirmed) {
      client.confirmed = confirmed
      for (const known of client.outcomes.keys()) if (known <= confirmed) client.outcomes.delete(known)
    }
    client.outcomes.set(number, outcome)
    this.#isChanged = true
    for (const [other, { active }] of this.#clients) {
      if (this.#clients.size <= this.#most) break
      this.#clients.delete(other)
      this.#horizon = Math.max(this.#horizon, active)
    }
  }

  #encode(): Uint8Array {
    const keys: Uint8Array[] = []
    let size = 64
    for (const { outcomes } of this.#clients.values()) {
      size += 64
      for (const outcome of outcomes.values()) {
        size += 3 * MAX_UINT
        if ('head' in outcome) placeOf(outcome.head.key, keys)
        else size += 2 * MAX_UINT + 3 * (outcome.error.code.length + (outcome.error.reason?.length ?? 0))
      }
    }
    size += keys.length * 32
    const state = { start: 0, end: size, buffer: b4a.allocUnsafeSlow(size) }
    const uints = (...values: number[]) => {
      for (const value of values) c.uint.encode(state, value)
    }
    uints(VERSION, this.#tick, this.#horizon, keys.length)
    for (const key of keys) c.fixed32.encode(state, key as never)
    uints(this.#clients.size)
    for (const [id, { active, confirmed, outcomes }] of this.#clients) {
      c.fixed(16).encode(state, fromHex(id) as never)
      uints(active, confirmed, outcomes.size)
      for (const [number, outcome] of outcomes) {
        uints(number - confirmed)
        if ('head' in outcome) uints(DONE, placeOf(outcome.head.key, keys), outcome.head.length)
        else {
          uints(REFUSED)
          c.string.encode(state, outcome.error.code)
          c.string.encode(state, outcome.error.reason ?? '')
        }
      }
    }
    return state.buffer.subarray(0, state.start)
  }

  #decode(state: { start: number; end: number; buffer: Buffer }): void {
    const uint = () => c.uint.decode(state)
    const text = () => c.string.decode(state)
    this.#tick = uint()
    this.#horizon = uint()
    const keys = Array.from({ length: uint() }, () => b4a.from(c.fixed32.decode(state)))
    for (let clients = uint(); clients > 0; clients--) {
      const id = hexOf(c.fixed(16).decode(state) as Uint8Array)
      const client: Client = { active: uint(), confirmed: uint(), outcomes: new Map() }
      for (let outcomes = uint(); outcomes > 0; outcomes--) {
        const number = client.confirmed + uint()
        const kind = uint()
        if (kind !== DONE && kind !== REFUSED) throw new RangeError(`outcome ${kind}`)
        client.outcomes.set(
          number,
          kind === DONE ? { head: headOf(keys[uint()], uint()) } : refused(text(), text())
        )
      }
      this.#clients.set(id, client)
    }
  }
}

/** Nearly always there is one key, and it is the same array. */
function placeOf(key: Uint8Array, keys: Uint8Array[]): number {
  const place = keys.findIndex(known => known === key || b4a.equals(known, key))
  return place === -1 ? keys.push(key) - 1 : place
}

function headOf(key: Uint8Array | undefined, length: number): Head {
  if (!key) throw new RangeError('a key is missing')
  return { key, length }
}

function refused(code: string, reason: string): OnceOutcome {
  const message = 'refused before another tab took over'
  return { error: new AutobeeError(code as AutobeeErrorCode, message, reason === '' ? {} : { reason }) }
}
