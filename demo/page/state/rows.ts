import type { Row } from '../../board/model.ts'

/** Rows of a list that are shown: the first of them, in their order. */
export interface Shown {
  readonly rows: readonly Row[]
  /** Are these all that the list has? */
  readonly isAll: boolean
}

export interface RowChange {
  readonly id: string
  readonly place: string
  /** null: it is not there any more. */
  readonly row: Row | null
}

/** The order of a list: by place, and of the same place by id. */
export function compareRows(a: { place: string; id: string }, b: { place: string; id: string }): number {
  if (a.place !== b.place) return a.place < b.place ? -1 : 1
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

/**
 * The rows after some of the list's changed. What comes behind the last one is left out where the list goes on there, since there may be
 * others in between.
 */
export function changeRows({ rows, isAll }: Shown, changes: readonly RowChange[]): Shown {
  const last = rows.at(-1)
  const gone = new Set(changes.map(({ place, id }) => `${place}/${id}`))
  const kept = rows.filter(({ place, id }) => !gone.has(`${place}/${id}`))
  for (const { row } of changes) {
    if (row && (isAll || (last && compareRows(row, last) <= 0))) kept.push(row)
  }
  return { rows: kept.sort(compareRows), isAll }
}
