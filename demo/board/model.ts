/** Reads a board from a view, of `apply` as well as of a database. For several reads of one moment, give a `view.snapshot()`. */
import b4a from 'b4a'
import type { HyperbeeView } from '../../src/index.ts'
import {
  BIN,
  BOARD,
  binKey,
  COUNTS,
  INVITES,
  idOf,
  inviteKey,
  itemKey,
  LISTS,
  listKey,
  noteKey,
  otherKey,
  PEOPLE,
  partAfter,
  personKey,
  REFUSED,
  REQUESTS,
  refusedKey,
  requestKey,
  rowKey,
  rowsOf
} from './keys.ts'
import type {
  BinRecord,
  BoardRecord,
  Counts,
  InviteRecord,
  ItemRecord,
  ListRecord,
  NoteRecord,
  OtherVersion,
  PersonRecord,
  RequestRecord,
  RowRecord
} from './records.ts'

/** `others`: the oldest one first. */
export type List = Omit<ListRecord, 'others'> & {
  readonly id: string
  readonly others: readonly OtherVersion[]
}
/** All of an item. `note` null: it has none. `others`: the oldest one first. */
export type Item = Omit<ItemRecord, 'hasNote' | 'others'> & {
  readonly id: string
  readonly note: NoteRecord | null
  readonly others: readonly OtherVersion[]
}
/** An item as its list shows it. */
export type Row = RowRecord & { readonly id: string; readonly place: string }
/** Something in the bin; `at`: when it got there, ms. */
export type Binned = BinRecord & { readonly id: string; readonly at: number }
/** `key`: of the writer, z-base-32, like `db.local.id`. */
export type Person = PersonRecord & { readonly key: string }
export type Request = RequestRecord & { readonly key: string }
export type Invite = InviteRecord & { readonly publicKey: string }

/** What somebody is to the board. Only a `member` may write. */
export type Standing =
  | { readonly standing: 'unknown' }
  | { readonly standing: 'asking' | 'refused'; readonly request: Request }
  | { readonly standing: 'member' | 'expelled'; readonly person: Person }

export interface PageOptions<Cursor> {
  /** Default 50. */
  readonly limit?: number
  /** Begins behind this one, the last of the page before. */
  readonly after?: Cursor | null
}

export const NO_COUNTS: Counts = { lists: 0, items: 0, bin: 0, members: 0, requests: 0, invites: 0 }

/** null: no board yet, or its entries have not come. */
export function readBoard(view: HyperbeeView): Promise<BoardRecord | null> {
  return read<BoardRecord>(view, BOARD)
}

export async function readCounts(view: HyperbeeView): Promise<Counts> {
  return (await read<Counts>(view, COUNTS)) ?? NO_COUNTS
}

/** Those that are not in the bin, in their order. */
export async function readLists(view: HyperbeeView): Promise<List[]> {
  const lists: List[] = []
  for await (const [key, record] of range<ListRecord>(view, { prefix: LISTS })) {
    if (!record.removed) lists.push(await whole(view, { ...record, id: idOf(key) }))
  }
  return lists.sort((a, b) => compare(a.place, b.place) || compare(a.id, b.id))
}

/** Also one that is in the bin; null: there is none. */
export async function readList(view: HyperbeeView, id: string): Promise<List | null> {
  const record = await read<ListRecord>(view, listKey(id))
  return record && whole(view, { ...record, id })
}

/** The items of a list that are not in the bin, in their order: one small range of the view. */
export async function readRows(
  view: HyperbeeView,
  list: string,
  { limit = 50, after = null }: PageOptions<{ place: string; id: string }> = {}
): Promise<Row[]> {
  const rows: Row[] = []
  const prefix = rowsOf(list)
  const behind = after && rowKey({ list, place: after.place, id: after.id })
  for await (const [key, record] of range<RowRecord>(view, { prefix, behind, limit })) {
    rows.push({ ...record, id: idOf(key), place: partAfter(prefix, key) })
  }
  return rows
}

/** Also one that is in the bin; null: there is none. */
export async function readItem(view: HyperbeeView, id: string): Promise<Item | null> {
  const record = await read<ItemRecord>(view, itemKey(id))
  if (!record) return null
  const { hasNote, ...item } = record
  const note = hasNote ? await read<NoteRecord>(view, noteKey(id)) : null
  return whole(view, { ...item, id, note })
}

/** What was put into the bin, the latest first. What is in a list that is in the bin is not told one by one. */
export async function readBin(
  view: HyperbeeView,
  { limit = 50, after = null }: PageOptions<{ id: string; at: number }> = {}
): Promise<Binned[]> {
  const binned: Binned[] = []
  const behind = after && binKey(after.id, after.at)
  for await (const [key, record] of range<BinRecord>(view, { prefix: BIN, behind, limit })) {
    binned.push({ ...record, id: idOf(key), at: Number.MAX_SAFE_INTEGER - Number(partAfter(BIN, key)) })
  }
  return binned
}

/** The members, those first who are so the longest; with `expelled` also those who are so no more. */
export async function readPeople(
  view: HyperbeeView,
  { expelled = false }: { expelled?: boolean } = {}
): Promise<Person[]> {
  const people: Person[] = []
  for await (const [key, record] of range<PersonRecord>(view, { prefix: PEOPLE })) {
    if (expelled || record.isMember) people.push({ ...record, key: idOf(key) })
  }
  return people.sort((a, b) => a.since.at - b.since.at || compare(a.key, b.key))
}

/** Those who wait for an answer, the first one first; at most `LIMITS.requests`. */
export function readRequests(view: HyperbeeView): Promise<Request[]> {
  return requests(view, REQUESTS)
}

/** Those who were turned down, the first one first. */
export function readRefused(view: HyperbeeView): Promise<Request[]> {
  return requests(view, REFUSED)
}

/** The latest first; with `closed` also those that are no good any more. */
export async function readInvites(
  view: HyperbeeView,
  { closed = false }: { closed?: boolean } = {}
): Promise<Invite[]> {
  const invites: Invite[] = []
  for await (const [key, record] of range<InviteRecord>(view, { prefix: INVITES })) {
    if (closed || !record.closed) invites.push({ ...record, publicKey: idOf(key) })
  }
  return invites.sort((a, b) => b.created.at - a.created.at || compare(a.publicKey, b.publicKey))
}

/** `publicKey`: z-base-32. */
export async function readInvite(view: HyperbeeView, publicKey: string): Promise<Invite | null> {
  const record = await read<InviteRecord>(view, inviteKey(publicKey))
  return record && { ...record, publicKey }
}

/** `key`: z-base-32. On somebody's own peer, what he asked for counts at once: so ask for `db.local.id`, not for `writable`. */
export async function readStanding(view: HyperbeeView, key: string): Promise<Standing> {
  const person = await read<PersonRecord>(view, personKey(key))
  if (person) return { standing: person.isMember ? 'member' : 'expelled', person: { ...person, key } }
  const asking = await read<RequestRecord>(view, requestKey(key))
  if (asking) return { standing: 'asking', request: { ...asking, key } }
  const refused = await read<RequestRecord>(view, refusedKey(key))
  return refused ? { standing: 'refused', request: { ...refused, key } } : { standing: 'unknown' }
}

/** With the other versions themselves, in place of what they are called. */
async function whole<T extends { readonly id: string; readonly others: readonly string[] }>(
  view: HyperbeeView,
  record: T
): Promise<Omit<T, 'others'> & { others: OtherVersion[] }> {
  const { id, others } = record
  const found = await Promise.all(others.map(version => read<OtherVersion>(view, otherKey(id, version))))
  return { ...record, others: found.filter(other => other !== null) }
}

async function requests(view: HyperbeeView, prefix: string): Promise<Request[]> {
  const found: Request[] = []
  for await (const [key, record] of range<RequestRecord>(view, { prefix }))
    found.push({ ...record, key: idOf(key) })
  return found.sort((a, b) => a.at - b.at || compare(a.key, b.key))
}

async function read<T>(view: HyperbeeView, key: string): Promise<T | null> {
  const entry = await view.get(b4a.from(key))
  return entry && decode<T>(entry.value)
}

async function* range<T>(
  view: HyperbeeView,
  { prefix, behind = null, limit = -1 }: { prefix: string; behind?: string | null; limit?: number }
): AsyncGenerator<[key: string, record: T]> {
  // `0` is what comes after `/`, with which every prefix ends
  const lt = b4a.from(`${prefix.slice(0, -1)}0`)
  const from = behind === null ? { gte: b4a.from(prefix) } : { gt: b4a.from(behind) }
  for await (const { key, value } of view.createReadStream({ ...from, lt, limit }))
    yield [b4a.toString(key), decode<T>(value)]
}

/** Nothing but `apply` writes into the view: a record is what its key says. */
function decode<T>(value: Uint8Array): T {
  return JSON.parse(b4a.toString(value)) as T
}

/** By code units, as their bytes are: all of ids and places is ASCII. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
