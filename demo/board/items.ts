import { itemKey, listKey } from './keys.ts'
import { LIMITS } from './limits.ts'
import { restoreList, settleList } from './lists.ts'
import type { EditOp, ItemOp, MoveOp, RemoveOp, RestoreOp, SettleOp } from './ops.ts'
import { isPlace, placeBetween } from './places.ts'
import type { ItemRecord, ListRecord } from './records.ts'
import { keepApart, saveItem } from './save.ts'
import { type Step, versionOf } from './step.ts'
import { edited } from './versions.ts'

export async function addItem(op: ItemOp, step: Step): Promise<void> {
  const { draft, stamp } = step
  const list = await draft.get<ListRecord>(listKey(op.list))
  if (!list || (await draft.counts()).items >= LIMITS.items) return
  if ((await draft.get(itemKey(op.id))) || (await draft.get(listKey(op.id)))) return
  const after: ItemRecord = {
    list: op.list,
    place: placeIn(list, op.place),
    text: versionOf(op.text, step),
    note: null,
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
  const field = op.text === undefined ? 'note' : 'text'
  const value = op.text ?? op.note
  let after: ItemRecord =
    op.done === undefined || op.done === before.done ? before : { ...before, done: op.done }
  if (value !== undefined && value !== (before[field]?.value ?? '')) {
    const next = versionOf(value, step)
    const { current, others, overflow } = edited(before[field], {
      field,
      next,
      was: op.was,
      others: before.others
    })
    after = { ...after, [field]: current, others }
    if (overflow) await keepApart(overflow, { of: before, step })
  }
  if (after !== before) await saveItem(op.id, { before, after, step })
}

export async function settle(op: SettleOp, step: Step): Promise<void> {
  const before = await step.draft.get<ItemRecord>(itemKey(op.id))
  if (!before) return settleList(op, step)
  const others = before.others.filter(({ version }) => version !== op.version)
  if (others.length < before.others.length)
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
  await restoreList(before.list, step)
  if (before.removed) await saveItem(id, { before, after: { ...before, removed: null }, step })
}

function placeIn(list: ListRecord, wanted: unknown): string {
  return isPlace(wanted) ? wanted : placeBetween([list.last, null], { random: null })
}
