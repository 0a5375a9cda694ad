import type { Draft } from './draft.ts'
import { binKey, idOf, itemKey, listKey, noteKey, otherKey, rowsOf } from './keys.ts'
import { LIMITS } from './limits.ts'
import type { PurgeOp } from './ops.ts'
import type { ItemRecord, ListRecord } from './records.ts'
import type { Step } from './step.ts'

/** Only of what is in the bin: else it makes room for nothing that anybody would miss. */
export async function purge({ id }: PurgeOp, { draft }: Step): Promise<void> {
  const list = await draft.get<ListRecord>(listKey(id))
  if (list?.removed) return purgeList(id, { list, removedAt: list.removed.at, draft })
  const item = await draft.get<ItemRecord>(itemKey(id))
  if (!item?.removed) return
  forget(id, { item, draft })
  draft.put(binKey(id, item.removed.at), null)
  await draft.count({ items: -1, bin: -1 })
}

async function purgeList(
  id: string,
  { list, removedAt, draft }: { list: ListRecord; removedAt: number; draft: Draft }
): Promise<void> {
  const rows = await draft.keys(rowsOf(id), { limit: LIMITS.purge })
  let { items, done } = list
  for (const row of rows) {
    const item = (await draft.get<ItemRecord>(itemKey(idOf(row)))) as ItemRecord
    forget(idOf(row), { item, draft })
    draft.put(row, null)
    items--
    if (item.done) done--
  }
  await draft.count({ items: -rows.length })
  if (items > 0) return draft.put<ListRecord>(listKey(id), { ...list, items, done })
  for (const version of list.others) draft.put(otherKey(id, version), null)
  draft.put(binKey(id, removedAt), null)
  draft.put(listKey(id), null)
  await draft.count({ lists: -1, bin: -1 })
}

function forget(id: string, { item, draft }: { item: ItemRecord; draft: Draft }): void {
  if (item.hasNote) draft.put(noteKey(id), null)
  for (const version of item.others) draft.put(otherKey(id, version), null)
  draft.put(itemKey(id), null)
}
