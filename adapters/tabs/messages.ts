import type { OrderedUnit, Stats, WaitingUnit, WriterInfo } from '../../src/index.ts'
import { AutobeeError } from '../../src/index.ts'
import type { Head } from '../../src/keys.ts'
import {
  anything,
  bytes,
  type Check,
  count,
  either,
  flag,
  key,
  list,
  nullOr,
  orNot,
  shape,
  text
} from './shapes.ts'

/** Of this wire. Tabs that speak another one run another build of the page. */
export const PROTOCOL = 1

/** Of the channel on which tabs find each other; `name` is that of the store. */
export function commonName(name: string): string {
  return `autobee:tabs:${name}`
}

/** Of the channel from owners to one tab: no other has to read what is meant for it. */
export function inboxName(name: string, client: string): string {
  return `autobee:tabs:${name}:${client}:in`
}

/** Of the channel from one tab to owners. */
export function outboxName(name: string, client: string): string {
  return `autobee:tabs:${name}:${client}:out`
}

/** An error on its way to another tab. `code` null: none of ours, thrown by what the user gave. */
export interface WireError {
  readonly code: string | null
  readonly message: string
  readonly reason?: string | undefined
  /** What was thrown underneath, as text. */
  readonly cause?: string | undefined
}

/** What a tab has to know of a database, beside its writers and oplogs. */
export interface DatabaseState {
  /** Id of the store that the database is in. */
  readonly store: string
  readonly key: Uint8Array
  readonly local: Head
  readonly writable: boolean
  readonly isIndexer: boolean
  readonly orderLength: number
  /** Of the record of numbered appends. */
  readonly tick: number
  readonly stats: Stats
  readonly views: readonly Head[]
  /** The core of the view's tree, and where in it the present root is. */
  readonly view: {
    readonly key: Uint8Array
    readonly fork: number
    readonly length: number
    readonly head: number
  }
}

/** What is new in a list: all of it, or some places. */
export interface Rows<T> {
  readonly isWhole: boolean
  readonly rows: readonly (readonly [index: number, row: T])[]
}

export interface Update {
  readonly state: DatabaseState
  readonly writers: Rows<WriterInfo>
  readonly oplogs: Rows<Head>
}

/** To all tabs, on the channel of the database. */
export type Announcement =
  /** A tab would like to be served. */
  | ({ readonly type: 'hello'; readonly client: string } & Given)
  /** The one that says so owns the store from now on. */
  | { readonly type: 'owner'; readonly epoch: number; readonly owner: string }
  /** It owns the store no more. */
  | { readonly type: 'free'; readonly epoch: number; readonly owner: string }

/** What tabs have to agree on. */
export interface Given {
  /** Hex; null: whatever database the store has. */
  readonly key: string | null
  /** A hash of the encryption key, hex; null: none. */
  readonly encryption: string | null
  readonly valueEncoding: string
}

export type Method = 'update' | 'updated' | 'flush' | 'setLocal' | 'call' | 'order' | 'unit'

/** From a tab to the owner. */
export type Question =
  | {
      readonly type: 'append'
      readonly number: number
      readonly values: readonly Uint8Array[]
      readonly optimistic: boolean
      readonly confirmed: number
      readonly since: number | null
    }
  | { readonly type: 'get'; readonly id: number; readonly index: number }
  | { readonly type: 'ask'; readonly id: number; readonly method: Method; readonly args: readonly unknown[] }
  | { readonly type: 'wakeup'; readonly key: Uint8Array; readonly length: number }
  /** It has taken in so many messages. */
  | { readonly type: 'heard'; readonly count: number }
  /** It is put aside, and wants to hear nothing until it says hello. */
  | { readonly type: 'asleep' }
  /** It is closed. */
  | { readonly type: 'bye' }

/** From the owner to a tab. */
export type Answer =
  | ({ readonly type: 'welcome'; readonly told: Told | null } & Update)
  | { readonly type: 'refused'; readonly error: WireError }
  | ({ readonly type: 'event'; readonly name: string; readonly args: readonly unknown[] } & Update)
  | { readonly type: 'error'; readonly error: WireError }
  | { readonly type: 'told'; readonly value: unknown }
  | { readonly type: 'appended'; readonly number: number; readonly head: Head }
  | { readonly type: 'not-appended'; readonly number: number; readonly error: WireError }
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly error: WireError }

export interface Told {
  readonly value: unknown
}

/** A piece of `order()`: the rest is asked for by its cursor, unless it is null. */
export interface OrderPage {
  readonly cursor: number | null
  readonly units: readonly (OrderedUnit | WaitingUnit)[]
}

/** What is posted: all that one turn had to say to the other side. */
export interface Packet<Message> {
  readonly autobee: typeof PROTOCOL
  /** The owner that it comes from, or is meant for; 0 and empty on the channel of the database. */
  readonly epoch: number
  readonly owner: string
  readonly messages: readonly Message[]
}

const error: Check = shape({ code: nullOr(text), message: text, reason: orNot(text), cause: orNot(text) })
const head: Check = shape({ key, length: count })
const rows = (row: Check): Check =>
  shape({ isWhole: flag, rows: list(value => Array.isArray(value) && count(value[0]) && row(value[1])) })

const writer: Check = shape({
  key,
  length: count,
  isIndexer: flag,
  isRemoved: flag,
  isLocal: flag,
  state: either('active', 'frozen')
})

const state: Check = shape({
  store: text,
  key,
  local: head,
  writable: flag,
  isIndexer: flag,
  orderLength: count,
  tick: count,
  stats: shape({ appends: count, applies: count, undos: count, flushes: count, bytes: count }),
  views: list(head),
  view: shape({ key, fork: count, length: count, head: count })
})

const update = { state, writers: rows(writer), oplogs: rows(head) }
const given = { key: nullOr(text), encryption: nullOr(text), valueEncoding: text }

const ANNOUNCEMENTS: Record<Announcement['type'], Check> = {
  hello: shape({ client: text, ...given }),
  owner: shape({ epoch: count, owner: text }),
  free: shape({ epoch: count, owner: text })
}

const QUESTIONS: Record<Question['type'], Check> = {
  append: shape({
    number: count,
    values: list(bytes),
    optimistic: flag,
    confirmed: count,
    since: nullOr(count)
  }),
  get: shape({ id: count, index: count }),
  ask: shape({
    id: count,
    method: either('update', 'updated', 'flush', 'setLocal', 'call', 'order', 'unit'),
    args: list(anything)
  }),
  wakeup: head,
  heard: shape({ count }),
  asleep: shape({}),
  bye: shape({})
}

const ANSWERS: Record<Answer['type'], Check> = {
  welcome: shape({ ...update, told: nullOr(shape({})) }),
  refused: shape({ error }),
  event: shape({ ...update, name: text, args: list(anything) }),
  error: shape({ error }),
  told: shape({}),
  appended: shape({ number: count, head }),
  'not-appended': shape({ number: count, error }),
  result: shape({ id: count }),
  failure: shape({ id: count, error })
}

export const readAnnouncements = reader<Announcement>(ANNOUNCEMENTS)
export const readQuestions = reader<Question>(QUESTIONS)
export const readAnswers = reader<Answer>(ANSWERS)

/** Which version of the wire; every one says its number in this field. */
export function versionOf(data: unknown): number | null {
  const version = (data as { autobee?: unknown } | null)?.autobee
  return count(version) ? (version as number) : null
}

/** Of what another build posted on the common channel: is it an owner, or a tab that looks for one? No version changes this. */
export function strangerOf(data: unknown): { isOwner: boolean; client: string | null } {
  const { messages } = (data ?? {}) as { messages?: unknown }
  const [first] = (Array.isArray(messages) ? messages : []) as ({ type?: unknown; client?: unknown } | null)[]
  const isHello = first?.type === 'hello' && typeof first.client === 'string'
  return { isOwner: first?.type === 'owner', client: isHello ? String(first.client) : null }
}

/** Which of two tabs runs the older build; neither can serve the other. */
export function otherBuild(version: number): AutobeeError {
  const isNewer = version > PROTOCOL
  const message = isNewer
    ? 'another tab runs a newer build of this page; load this one again'
    : 'another tab runs an older build of this page; load it again, or close it'
  return new AutobeeError('UPGRADE_REQUIRED', message, { reason: isNewer ? 'OLDER' : 'NEWER' })
}

/**
 * Reads what came over a channel of this wire's name. @throws AutobeeError `UPGRADE_REQUIRED` for what another build posted,
 * `TRANSPORT_FAILED` (reason `MESSAGE`) for what is no message at all
 */
function reader<M extends { readonly type: string }>(checks: Record<M['type'], Check>) {
  return (data: unknown): Packet<M> => {
    const version = versionOf(data)
    if (version !== null && version !== PROTOCOL) throw otherBuild(version)
    const { epoch, owner, messages } = (data ?? {}) as Partial<Packet<M>>
    const isPacket = version !== null && count(epoch) && text(owner) && Array.isArray(messages)
    if (!isPacket || !messages.every(message => isMessage(message, checks))) {
      throw new AutobeeError('TRANSPORT_FAILED', 'another tab posted what is no message', {
        reason: 'MESSAGE'
      })
    }
    return data as Packet<M>
  }
}

function isMessage(message: unknown, checks: Record<string, Check>): boolean {
  const type = (message as { type?: unknown } | null)?.type
  return typeof type === 'string' && Object.hasOwn(checks, type) && checks[type]?.(message) === true
}
