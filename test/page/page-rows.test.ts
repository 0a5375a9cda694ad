import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Row } from '../../demo/board/model.ts'
import { changeRows, compareRows, type RowChange } from '../../demo/page/state/rows.ts'

const places = fc.constantFrom('a0', 'a1', 'a1V', 'a2', 'a3', 'b00')
const ids = fc.constantFrom('i1', 'i2', 'i3', 'i4', 'i5', 'i6')
const texts = fc.string({ maxLength: 3 })

function rowOf({ id, place, text }: { id: string; place: string; text: string }): Row {
  return { id, place, text, done: false, hasNote: false, others: 0 }
}

function keyOf({ id, place }: { id: string; place: string }): string {
  return `${place}/${id}`
}

test('rows that are patched are those that reading the list anew gives, as far as it is shown', () => {
  const row = fc.record({ id: ids, place: places, text: texts })
  const change = fc.record({ id: ids, place: places, text: fc.option(texts) })
  fc.assert(
    fc.property(
      fc.uniqueArray(row, { selector: keyOf }),
      fc.uniqueArray(change, { selector: keyOf }),
      fc.nat(8),
      (list, changes, count) => {
        const before = list.map(rowOf).sort(compareRows)
        const rows = before.slice(0, count)
        const isAll = rows.length === before.length
        const told = changes.map(({ id, place, text }): RowChange => {
          return { id, place, row: text === null ? null : rowOf({ id, place, text }) }
        })
        const after = new Map(before.map(one => [keyOf(one), one]))
        for (const { row: one, ...at } of told) {
          if (one) after.set(keyOf(at), one)
          else after.delete(keyOf(at))
        }
        const last = rows.at(-1)
        const expected = [...after.values()]
          .sort(compareRows)
          .filter(one => isAll || (last && compareRows(one, last) <= 0))
        expect(changeRows({ rows, isAll }, told)).toEqual({ rows: expected, isAll })
      }
    )
  )
})
