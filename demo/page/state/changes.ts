import type { HyperbeeView } from '../../../src/index.ts'
import {
  BIN,
  BOARD,
  COUNTS,
  INVITES,
  idOf,
  LISTS,
  NOTES,
  PEOPLE,
  REFUSED,
  REQUESTS
} from '../../board/keys.ts'
import type { ItemRecord, RowRecord } from '../../board/records.ts'
import type { RowChange } from './rows.ts'

/** Beyond so many differences everything is read anew. */
const MOST = 400
const ROWS = 'row/'
const ITEMS = 'item/'
const text = new TextDecoder()

export interface ItemChange {
  readonly id: string
  /** null: it is new. */
  readonly before: ItemRecord | null
  readonly after: ItemRecord | null
}

/** What differs between two moments of a board's view. */
export class Changes {
  readonly rows = new Map<string, RowChange[]>()
  readonly items: ItemChange[] = []
  /** Items that have another note. */
  readonly notes = new Set<string>()
  board = false
  counts = false
  lists = false
  people = false
  requests = false
  invites = false
  bin = false
  /** Own standing may be another. */
  get standing(): boolean {
    return this.people || this.requests
  }

  /** Other versions come and go with a change of the item or the list that they are beside. */
  add(key: string, before: Uint8Array | null, after: Uint8Array | null): void {
    if (key === BOARD) this.board = true
    else if (key === COUNTS) this.counts = true
    else if (key.startsWith(LISTS)) this.lists = true
    else if (key.startsWith(ROWS)) this.#addRow(key, after)
    else if (key.startsWith(ITEMS))
      this.items.push({ id: idOf(key), before: decode<ItemRecord>(before), after: decode<ItemRecord>(after) })
    else if (key.startsWith(NOTES)) this.notes.add(idOf(key))
    else if (key.startsWith(PEOPLE)) this.people = true
    else if (key.startsWith(REQUESTS) || key.startsWith(REFUSED)) this.requests = true
    else if (key.startsWith(INVITES)) this.invites = true
    else if (key.startsWith(BIN)) this.bin = true
  }

  #addRow(key: string, after: Uint8Array | null): void {
    const [, list = '', place = '', id = ''] = key.split('/')
    const record = decode<RowRecord>(after)
    const changes = this.rows.get(list) ?? []
    this.rows.set(list, changes)
    changes.push({ id, place, row: record && { ...record, id, place } })
  }
}

/** null: so much differs that it is better read anew. */
export async function changesBetween(before: HyperbeeView, after: HyperbeeView): Promise<Changes | null> {
  const changes = new Changes()
  let count = 0
  for await (const { left, right } of before.createDiffStream(after, {})) {
    const key = (left ?? right)?.key
    if (!key || (left && right && same(left.value, right.value))) continue
    if (++count > MOST) return null
    changes.add(text.decode(key), left?.value ?? null, right?.value ?? null)
  }
  return changes
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index])
}

function decode<T>(value: Uint8Array | null): T | null {
  return value && (JSON.parse(text.decode(value)) as T)
}
