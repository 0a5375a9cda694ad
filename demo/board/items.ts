import { itemKey, listKey, noteKey, otherKey } from './keys.ts'
import { LIMITS } from './limits.ts'
import { remakeList, restoreList, settleList } from './lists.ts'
import type { EditOp, ItemOp, MoveOp, RemoveOp, RestoreOp, SettleOp } from './ops.ts'
import { isPlace, placeBetween } from './places.ts'
import type { ItemRecord, ListRecord, NoteRecord } from './records.ts'
import { keepApart, saveItem } from './save.ts'
import { type Step, versionOf } from './step.ts'
import { edited, keepOthers, readOthers } from './versions.ts'

export async function addItem(op: ItemOp, step: Step): Promise<void> {
  const { draft, stamp } = step
  const list = await draft.get<ListRecord>(listKey(op.list))
  if (!list || (await draft.counts()).items >= LIMITS.items) return
  if ((await draft.get(itemKey(op.id))) || (await draft.get(listKey(op.id)))) return
  const after: ItemRecord = {
    list: op.list,
    place: placeIn(list, op.place),
    text: versionOf(op.text, step),
    hasNote: false,
    done: false,
    others: [],
    created: stamp,
    removed: null
  }
  await saveItem(op.id, { before: null, after, step })
}

export async function editItem(op: EditOp, step: Step): Promise<void> {
  const before = await step.draft.get<ItemRecord>(itemKey(op.id))
  if (!before) return
  const after = await written(op, { before, step })
  const done = op.done ?? before.done
  if (after !== before || done !== before.done)
    await saveItem(op.id, { before, after: { ...after, done }, step })
}

/** The item with another text or note. */
async function written(
  { id, text, note, was }: EditOp,
  { before, step }: { before: ItemRecord; step: Step }
): Promise<ItemRecord> {
  const field = text === undefined ? 'note' : 'text'
  const value = text ?? note
  const now = field === 'text' ? before.text : await step.draft.get<NoteRecord>(noteKey(id))
  if (value === undefined || value === (now?.value ?? '')) return before
  const beside = { id, others: before.others }
  const next = versionOf(value, step)
  const { others, overflow } = edited(now, { field, next, was, others: await readOthers(beside, step) })
  if (overflow) await keepApart(overflow, { of: before, step })
  const after = { ...before, others: keepOthers(beside, { after: others, step }) }
  if (field === 'text') return { ...after, text: next }
  step.draft.put<NoteRecord>(noteKey(id), value === '' ? null : next)
  return { ...after, hasNote: value !== '' }
}

export async function settle(op: SettleOp, step: Step): Promise<void> {
  const before = await step.draft.get<ItemRecord>(itemKey(op.id))
  if (!before) return settleList(op, step)
  if (!before.others.includes(op.version)) return
  step.draft.put(otherKey(op.id, op.version), null)
  const others = before.others.filter(version => version !== op.version)
  await saveItem(op.id, { before, after: { ...before, others }, step })
}

/** Into a list that is in the bin nothing is moved: who did it has not seen that, and would lose sight of it. */
export async function moveItem({ id, list: to, place: wanted }: MoveOp, step: Step): Promise<void> {
  const before = await step.draft.get<ItemRecord>(itemKey(id))
  const list = await step.draft.get<ListRecord>(listKey(to))
  if (!before || before.removed || !list || list.removed) return
  const place = placeIn(list, wanted)
  if (before.list !== to || before.place !== place)
    await saveItem(id, { before, after: { ...before, list: to, place }, step })
}

export async function removeItem({ id }: RemoveOp, step: Step): Promise<void> {
  const before = await step.draft.get<ItemRecord>(itemKey(id))
  if (before && !before.removed)
    await saveItem(id, { before, after: { ...before, removed: step.stamp }, step })
}

export async function restore({ id }: RestoreOp, step: Step): Promise<void> {
  if (await restoreList(id, step)) return
  const before = await step.draft.get<ItemRecord>(itemKey(id))
  if (!before) return
  if (!(await restoreList(before.list, step)) && !(await remakeList(before.list, step))) return
  if (before.removed) await saveItem(id, { before, after: { ...before, removed: null }, step })
}

function placeIn(list: ListRecord, wanted: unknown): string {
  return isPlace(wanted) ? wanted : placeBetween([list.last, null], { random: null })
}
