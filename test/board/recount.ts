import type {
  Counts,
  InviteRecord,
  ItemRecord,
  ListRecord,
  PersonRecord,
  RowRecord
} from '../../demo/board/records.ts'

type View = Readonly<Record<string, string>>

/** What the counts of a view should be, slowly and from what is there; also rows and bin, from the items and lists. */
export function recount(view: View): {
  counts: Counts
  lists: Record<string, { items: number; done: number }>
  derived: Record<string, unknown>
  /** Ids of items with a note; ids and versions of what is kept beside items and lists. */
  apart: { notes: string[]; others: string[] }
} {
  const items = under<ItemRecord>(view, 'item/')
  const lists = under<ListRecord>(view, 'list/')
  const derived: Record<string, unknown> = {}
  const notes: string[] = []
  const besides: string[] = []
  const bin = (at: number, id: string) =>
    `bin/${String(Number.MAX_SAFE_INTEGER - at).padStart(16, '0')}/${id}`
  for (const [id, { list, place, text, hasNote, done, others, removed }] of items) {
    if (hasNote) notes.push(id)
    for (const version of others) besides.push(`${id}/${version}`)
    if (removed) derived[bin(removed.at, id)] = { kind: 'item', text: text.value }
    else
      derived[`row/${list}/${place}/${id}`] = {
        text: text.value,
        done,
        hasNote,
        others: others.length
      } satisfies RowRecord
  }
  for (const [id, { others }] of lists) for (const version of others) besides.push(`${id}/${version}`)
  for (const [id, { title, removed }] of lists)
    if (removed) derived[bin(removed.at, id)] = { kind: 'list', text: title.value }
  const inList = (id: string) => items.filter(([, item]) => item.list === id && !item.removed)
  return {
    counts: {
      lists: lists.length,
      items: items.length,
      bin: Object.keys(derived).filter(key => key.startsWith('bin/')).length,
      members: under<PersonRecord>(view, 'person/').filter(([, { isMember }]) => isMember).length,
      requests: under(view, 'request/').length,
      invites: under<InviteRecord>(view, 'invite/').length
    },
    lists: Object.fromEntries(
      lists.map(([id]) => [
        id,
        { items: inList(id).length, done: inList(id).filter(([, { done }]) => done).length }
      ])
    ),
    derived,
    apart: { notes: notes.sort(), others: besides.sort() }
  }
}

/** What the view says of the same. */
export function counted(view: View): ReturnType<typeof recount> {
  return {
    counts: JSON.parse(view.counts ?? 'null') as Counts,
    lists: Object.fromEntries(
      under<ListRecord>(view, 'list/').map(([id, { items, done }]) => [id, { items, done }])
    ),
    derived: Object.fromEntries(
      Object.entries(view)
        .filter(([key]) => /^(?:row|bin)\//.test(key))
        .map(([key, value]) => [key, JSON.parse(value) as unknown])
    ),
    apart: {
      notes: under(view, 'note/')
        .map(([id]) => id)
        .sort(),
      others: under(view, 'other/')
        .map(([id]) => id)
        .sort()
    }
  }
}

function under<T>(view: View, prefix: string): [id: string, record: T][] {
  return Object.entries(view)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), JSON.parse(value) as T])
}
