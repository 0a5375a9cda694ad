import { itemKey, listKey, otherKey } from './keys.ts'
import { LIMITS } from './limits.ts'
import type { ListOp, UnlistOp } from './ops.ts'
import { isPlace, placeBetween } from './places.ts'
import type { ListRecord } from './records.ts'
import { keepApart, saveList } from './save.ts'
import { type Step, versionOf } from './step.ts'
import { edited, keepOthers, readOthers } from './versions.ts'

/** Where lists without a good place go: behind those that anybody ever moved, and still with room behind. */
const LAST = 'm0000000000000'

export async function putList(op: ListOp, step: Step): Promise<void> {
  const before = await step.draft.get<ListRecord>(listKey(op.id))
  if (before) return changeList(op, { before, step })
  const { lists } = await step.draft.counts()
  if (op.title === undefined || lists >= LIMITS.lists) return
  // items and lists share the bin, and so their ids
  if (await step.draft.get(itemKey(op.id))) return
  await saveList(op.id, {
    before: null,
    after: {
      title: versionOf(op.title, step),
      others: [],
      place: isPlace(op.place) ? op.place : LAST,
      items: 0,
      done: 0,
      last: null,
      removed: null
    },
    step
  })
}

async function changeList(op: ListOp, { before, step }: { before: ListRecord; step: Step }): Promise<void> {
  let after: ListRecord = isPlace(op.place) ? { ...before, place: op.place } : before
  if (op.title !== undefined && op.title !== before.title.value) {
    const next = versionOf(op.title, step)
    const beside = { id: op.id, others: before.others }
    const { others, overflow } = edited(before.title, {
      field: 'title',
      next,
      was: op.was,
      others: await readOthers(beside, step)
    })
    const place = placeBetween([before.last, null], { random: null })
    if (overflow)
      await keepApart(overflow, {
        of: { list: op.id, place, text: before.title, created: before.title },
        step
      })
    after = { ...after, title: next, others: keepOthers(beside, { after: others, step }) }
  }
  if (after !== before) await saveList(op.id, { before, after, step })
}

export async function removeList({ id }: UnlistOp, step: Step): Promise<void> {
  const before = await step.draft.get<ListRecord>(listKey(id))
  if (before && !before.removed)
    await saveList(id, { before, after: { ...before, removed: step.stamp }, step })
}

/** For an item that is restored: its list was deleted for good. @returns false when there is no room for it */
export async function remakeList(id: string, step: Step): Promise<boolean> {
  if ((await step.draft.counts()).lists >= LIMITS.lists) return false
  await putList({ op: 'list', id, title: 'Restored' }, step)
  // an item may have its id by now
  return (await step.draft.get(listKey(id))) !== null
}

/** @returns whether there is such a list */
export async function restoreList(id: string, step: Step): Promise<boolean> {
  const before = await step.draft.get<ListRecord>(listKey(id))
  if (before?.removed) await saveList(id, { before, after: { ...before, removed: null }, step })
  return before !== null
}

/** Drops another version of the title. */
export async function settleList(
  { id, version }: { id: string; version: string },
  step: Step
): Promise<void> {
  const before = await step.draft.get<ListRecord>(listKey(id))
  if (!before?.others.includes(version)) return
  step.draft.put(otherKey(id, version), null)
  const others = before.others.filter(other => other !== version)
  await saveList(id, { before, after: { ...before, others }, step })
}
