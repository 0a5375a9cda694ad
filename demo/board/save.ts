import { binKey, itemKey, listKey, noteKey, rowKey } from './keys.ts'
import type { BinRecord, ItemRecord, ListRecord, NoteRecord, OtherVersion, RowRecord } from './records.ts'
import type { Step } from './step.ts'

interface Change<T> {
  /** null: it is new. */
  readonly before: T | null
  readonly after: T
  readonly step: Step
}

/** Writes a list, and all that follows from it. */
export async function saveList(id: string, { before, after, step }: Change<ListRecord>): Promise<void> {
  const { draft } = step
  draft.put(listKey(id), after)
  if (before?.removed && !after.removed) draft.put(binKey(id, before.removed.at), null)
  if (after.removed)
    draft.put<BinRecord>(binKey(id, after.removed.at), { kind: 'list', text: after.title.value })
  const lists = before ? 0 : 1
  const bin = Number(after.removed !== null) - Number(before?.removed != null)
  if (lists !== 0 || bin !== 0) await draft.count({ lists, bin })
}

/** Writes an item, and all that follows from it: its row or its place in the bin, and what its lists count. */
export async function saveItem(id: string, { before, after, step }: Change<ItemRecord>): Promise<void> {
  const { draft } = step
  draft.put(itemKey(id), after)
  if (before) {
    draft.put(entryKey(id, before), null)
    if (!before.removed) await countIn(before, { by: -1, step })
  }
  if (after.removed) {
    draft.put<BinRecord>(entryKey(id, after), { kind: 'item', text: after.text.value })
  } else {
    draft.put(entryKey(id, after), rowOf(after))
    await countIn(after, { by: 1, step })
  }
  const items = before ? 0 : 1
  const bin = Number(after.removed !== null) - Number(before?.removed != null)
  if (items !== 0 || bin !== 0) await draft.count({ items, bin })
}

/** Where it stands: in its list or in the bin. */
function entryKey(id: string, { list, place, removed }: ItemRecord): string {
  return removed ? binKey(id, removed.at) : rowKey({ list, place, id })
}

function rowOf({ text, hasNote, done, others }: ItemRecord): RowRecord {
  return { text: text.value, done, hasNote, others: others.length }
}

async function countIn(item: ItemRecord, { by, step }: { by: 1 | -1; step: Step }): Promise<void> {
  const list = await step.draft.get<ListRecord>(listKey(item.list))
  if (!list) return
  step.draft.put<ListRecord>(listKey(item.list), {
    ...list,
    items: list.items + by,
    done: list.done + (item.done ? by : 0),
    last: list.last === null || item.place > list.last ? item.place : list.last
  })
}

/** A version for which there is no more room beside the others goes to the bin, as an item of its own. */
export async function keepApart(
  other: OtherVersion,
  { of, step }: { of: Pick<ItemRecord, 'list' | 'place' | 'text' | 'created'>; step: Step }
): Promise<void> {
  const { field, ...kept } = other
  const after: ItemRecord = {
    list: of.list,
    place: of.place,
    text: field === 'note' ? of.text : kept,
    hasNote: field === 'note',
    done: false,
    others: [],
    created: of.created,
    removed: step.stamp
  }
  if (field === 'note') step.draft.put<NoteRecord>(noteKey(step.id), kept)
  await saveItem(step.id, { before: null, after, step })
}
