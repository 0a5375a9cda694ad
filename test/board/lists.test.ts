import { expect, test } from 'vitest'
import { LIMITS } from '../../demo/board/limits.ts'
import {
  readBin,
  readBoard,
  readCounts,
  readItem,
  readList,
  readLists,
  readRows
} from '../../demo/board/model.ts'
import type { Op } from '../../demo/board/ops.ts'
import { placeBetween } from '../../demo/board/places.ts'
import type { Autobee } from '../../src/index.ts'
import { act, agreed, connect, contents, harness, until } from './harness.ts'

const h = harness()

/** Two members who both have the item `milk`, and are apart from then on until `meet`. */
async function apart(text = 'Milk') {
  const { founder: a, members, cut } = await h.board(1)
  const [b] = members as [Autobee]
  await act(a, { op: 'item', id: 'milk', list: 'todo', text })
  await until(async () => (await readItem(b.view, 'milk')) !== null)
  await agreed(a, b)
  await cut()
  const meet = async () => {
    connect(a, b)
    await agreed(a, b)
  }
  return { a, b, meet }
}

async function texts(db: Autobee, list = 'todo'): Promise<string[]> {
  return (await readRows(db.view, list)).map(({ text }) => text)
}

test('a board has a name, lists in their order, and items in theirs', async () => {
  const { founder: db } = await h.board()
  const [a, b] = [placeBetween([null, null]), placeBetween([null, null])].sort() as [string, string]
  const c = placeBetween([b, null])
  await act(
    db,
    { op: 'list', id: 'second', title: 'Second', place: c },
    { op: 'list', id: 'first', title: 'First', place: a },
    { op: 'item', id: 'y', list: 'first', text: 'Y', place: c },
    { op: 'item', id: 'x', list: 'first', text: 'X', place: a },
    { op: 'item', id: 'z', list: 'first', text: 'Z' }
  )
  expect((await readBoard(db.view))?.name).toBe('Our board')
  expect((await readLists(db.view)).map(({ id }) => id)).toEqual(['first', 'second', 'todo'])
  expect(await texts(db, 'first')).toEqual(['X', 'Y', 'Z'])
})

test('items at the same place are in the order of their ids, and all of them are there', async () => {
  const { founder: db } = await h.board()
  for (const id of ['b', 'a', 'c']) await act(db, { op: 'item', id, list: 'todo', text: id, place: 'a0' })
  expect(await texts(db)).toEqual(['a', 'b', 'c'])
})

test('the first items of a long list are one range of the view, and the next ones follow behind', async () => {
  const { founder: db } = await h.board()
  for (let i = 0; i < 3; i++)
    await db.append(
      Array.from({ length: 50 }, (_, n) => ({
        op: 'item',
        id: `${i}-${n}`,
        list: 'todo',
        text: `${i * 50 + n}`
      }))
    )
  let row: { id: string; place: string } | null = null
  const all: string[] = []
  for (;;) {
    const rows = await readRows(db.view, 'todo', { after: row })
    if (rows.length === 0) break
    expect(rows.length).toBe(50)
    all.push(...rows.map(({ text }) => text))
    row = rows.at(-1) ?? null
  }
  expect(all).toEqual(Array.from({ length: 150 }, (_, i) => String(i)))
})

test('an edit by somebody who saw what was there replaces it', async () => {
  const { founder: db } = await h.board()
  await act(db, { op: 'item', id: 'milk', list: 'todo', text: 'Milk' })
  await act(db, { op: 'edit', id: 'milk', text: 'Oat milk', was: 'Milk' })
  await act(db, { op: 'edit', id: 'milk', note: 'Two', was: '' }, { op: 'edit', id: 'milk', done: true })
  expect(await readItem(db.view, 'milk')).toMatchObject({
    text: { value: 'Oat milk', by: db.local.id },
    note: { value: 'Two' },
    done: true,
    others: []
  })
  expect(await readRows(db.view, 'todo')).toEqual([
    { id: 'milk', place: 'a0', text: 'Oat milk', done: true, hasNote: true, others: 0 }
  ])
  expect(await readList(db.view, 'todo')).toMatchObject({ items: 1, done: 1 })
})

test('an edit that does not say what it saw loses nothing either', async () => {
  const { founder: db } = await h.board()
  await act(
    db,
    { op: 'item', id: 'milk', list: 'todo', text: 'Milk' },
    { op: 'edit', id: 'milk', text: 'Tea' }
  )
  expect((await readItem(db.view, 'milk'))?.others).toMatchObject([{ field: 'text', value: 'Milk' }])
})

test('two who edit the same text at once: one is shown, the other is kept, the same on both; settling drops it', async () => {
  const { a, b, meet } = await apart()
  await act(a, { op: 'edit', id: 'milk', text: 'Oat milk', was: 'Milk' })
  await act(b, { op: 'edit', id: 'milk', text: 'Soy milk', was: 'Milk' })
  await meet()
  const item = await readItem(a.view, 'milk')
  const [other] = item?.others ?? []
  expect([item?.text.value, other?.value].sort()).toEqual(['Oat milk', 'Soy milk'])
  await act(b, { op: 'settle', id: 'milk', version: other?.version as string })
  await agreed(a, b)
  expect((await readItem(a.view, 'milk'))?.others).toEqual([])
})

test('who went on typing while apart leaves one other version, not one for each step', async () => {
  const { a, b, meet } = await apart()
  for (const [was, text] of [
    ['Milk', 'O'],
    ['O', 'Oa'],
    ['Oa', 'Oat']
  ] as const)
    await act(a, { op: 'edit', id: 'milk', text, was })
  for (const [was, text] of [
    ['Milk', 'S'],
    ['S', 'So'],
    ['So', 'Soy']
  ] as const)
    await act(b, { op: 'edit', id: 'milk', text, was })
  await meet()
  const item = await readItem(a.view, 'milk')
  expect([item?.text.value, ...(item?.others ?? []).map(({ value }) => value)].sort()).toEqual(['Oat', 'Soy'])
})

test('two notes at once are both kept, and the texts are untouched by that', async () => {
  const { a, b, meet } = await apart()
  await act(a, { op: 'edit', id: 'milk', note: 'Two', was: '' })
  await act(b, { op: 'edit', id: 'milk', note: 'Three', was: '' })
  await meet()
  const item = await readItem(b.view, 'milk')
  expect([item?.note?.value, ...(item?.others ?? []).map(({ value }) => value)].sort()).toEqual([
    'Three',
    'Two'
  ])
  expect(item?.text.value).toBe('Milk')
})

test('two titles at once are both kept', async () => {
  const { a, b, meet } = await apart()
  await act(a, { op: 'list', id: 'todo', title: 'Work', was: 'To do' })
  await act(b, { op: 'list', id: 'todo', title: 'Home', was: 'To do' })
  await meet()
  const list = await readList(a.view, 'todo')
  expect([list?.title.value, list?.others[0]?.value].sort()).toEqual(['Home', 'Work'])
  await act(a, { op: 'settle', id: 'todo', version: list?.others[0]?.version as string })
  expect((await readList(a.view, 'todo'))?.others).toEqual([])
})

test('a version that has no room beside the others is in the bin, as an item of its own', async () => {
  const { founder: db } = await h.board()
  await act(db, { op: 'item', id: 'milk', list: 'todo', text: 'text 0' })
  for (let i = 1; i <= LIMITS.others + 2; i++) await act(db, { op: 'edit', id: 'milk', text: `text ${i}` })
  expect((await readItem(db.view, 'milk'))?.others.map(({ value }) => value)).toEqual(
    Array.from({ length: LIMITS.others }, (_, i) => `text ${i + 2}`)
  )
  const bin = await readBin(db.view)
  expect(bin.map(({ text }) => text)).toEqual(['text 1', 'text 0'])
  await act(db, { op: 'restore', id: bin[0]?.id as string })
  expect((await texts(db)).sort()).toEqual(['text 1', `text ${LIMITS.others + 2}`].sort())
})

test('titles that have no room are in the bin, too', async () => {
  const { founder: db } = await h.board()
  for (let i = 0; i <= LIMITS.others; i++) await act(db, { op: 'list', id: 'todo', title: `title ${i}` })
  expect((await readBin(db.view)).map(({ kind, text }) => [kind, text])).toEqual([['item', 'To do']])
})

test('an item moves to another place and another list, and the lists count it', async () => {
  const { founder: db } = await h.board()
  await act(
    db,
    { op: 'list', id: 'other', title: 'Other' },
    { op: 'item', id: 'a', list: 'todo', text: 'A', place: 'a0' },
    { op: 'item', id: 'b', list: 'todo', text: 'B', place: 'a1' },
    { op: 'edit', id: 'a', done: true }
  )
  await act(db, { op: 'move', id: 'a', list: 'todo', place: 'a2' })
  expect(await texts(db)).toEqual(['B', 'A'])
  await act(db, { op: 'move', id: 'a', list: 'other' })
  expect([await texts(db), await texts(db, 'other')]).toEqual([['B'], ['A']])
  expect(await readList(db.view, 'todo')).toMatchObject({ items: 1, done: 0 })
  expect(await readList(db.view, 'other')).toMatchObject({ items: 1, done: 1 })
})

test('moved by two at once, an item is in one place', async () => {
  const { a, b, meet } = await apart()
  await act(a, { op: 'list', id: 'left', title: 'Left' }, { op: 'move', id: 'milk', list: 'left' })
  await act(b, { op: 'list', id: 'right', title: 'Right' }, { op: 'move', id: 'milk', list: 'right' })
  await meet()
  const lists = await Promise.all(['todo', 'left', 'right'].map(id => texts(a, id)))
  expect(lists.flat()).toEqual(['Milk'])
})

test('what is removed is in the bin, the latest first, and comes back as it was', async () => {
  const { founder: db } = await h.board()
  await act(
    db,
    { op: 'item', id: 'a', list: 'todo', text: 'A' },
    { op: 'item', id: 'b', list: 'todo', text: 'B' }
  )
  await act(db, { op: 'edit', id: 'a', done: true })
  await act(db, { op: 'remove', id: 'a' })
  await act(db, { op: 'remove', id: 'b' })
  expect((await readBin(db.view)).map(({ id, kind }) => [id, kind])).toEqual([
    ['b', 'item'],
    ['a', 'item']
  ])
  const [first] = await readBin(db.view, { limit: 1 })
  expect((await readBin(db.view, { after: first ?? null })).map(({ id }) => id)).toEqual(['a'])
  expect([await texts(db), await readCounts(db.view)]).toMatchObject([[], { items: 2, bin: 2 }])
  await act(db, { op: 'restore', id: 'a' })
  expect(await readRows(db.view, 'todo')).toMatchObject([{ id: 'a', done: true }])
  expect(await readList(db.view, 'todo')).toMatchObject({ items: 1, done: 1 })
})

test('a list goes to the bin with all that is in it, also with what comes in by somebody who did not know', async () => {
  const { a, b, meet } = await apart()
  await act(a, { op: 'unlist', id: 'todo' })
  await act(
    b,
    { op: 'item', id: 'bread', list: 'todo', text: 'Bread' },
    { op: 'edit', id: 'milk', done: true }
  )
  await meet()
  expect(await readLists(a.view)).toEqual([])
  expect(await readBin(a.view)).toMatchObject([{ id: 'todo', kind: 'list', text: 'To do' }])
  await act(a, { op: 'restore', id: 'todo' })
  expect(await texts(a)).toEqual(['Milk', 'Bread'])
  expect(await readList(a.view, 'todo')).toMatchObject({ items: 2, done: 1 })
})

test('an item that is restored brings its list back', async () => {
  const { founder: db } = await h.board()
  await act(db, { op: 'item', id: 'a', list: 'todo', text: 'A' })
  await act(db, { op: 'remove', id: 'a' })
  await act(db, { op: 'unlist', id: 'todo' })
  await act(db, { op: 'restore', id: 'a' })
  expect([await texts(db), await readBin(db.view)]).toEqual([['A'], []])
})

test('edited by one and removed by another, an item is in the bin as it was edited', async () => {
  const { a, b, meet } = await apart()
  await act(a, { op: 'edit', id: 'milk', text: 'Oat milk', was: 'Milk' })
  await act(b, { op: 'remove', id: 'milk' })
  await meet()
  expect((await readBin(a.view)).map(({ text }) => text)).toEqual(['Oat milk'])
})

test('items and lists do not take the ids of each other, nor those that are taken', async () => {
  const { founder: db } = await h.board()
  await act(
    db,
    { op: 'item', id: 'todo', list: 'todo', text: 'no' },
    { op: 'item', id: 'a', list: 'todo', text: 'A' },
    { op: 'item', id: 'a', list: 'todo', text: 'no' },
    { op: 'list', id: 'a', title: 'no' },
    { op: 'item', id: 'b', list: 'nowhere', text: 'no' }
  )
  expect([await texts(db), (await readLists(db.view)).length]).toEqual([['A'], 1])
})

test('no more lists than there may be', async () => {
  const { founder: db } = await h.board()
  await db.append(
    Array.from({ length: LIMITS.lists + 5 }, (_, i) => ({ op: 'list', id: `l${i}`, title: 'L' }))
  )
  expect([(await readLists(db.view)).length, (await readCounts(db.view)).lists]).toEqual([
    LIMITS.lists,
    LIMITS.lists
  ])
})

test('a board that was filled has room again when what is in the bin is purged', async () => {
  const { founder: db } = await h.board()
  const ids = Array.from({ length: LIMITS.lists - 1 }, (_, i) => `l${i}`)
  await db.append(ids.map(id => ({ op: 'list', id, title: 'Spam' })))
  await act(db, { op: 'list', id: 'mine', title: 'Mine' }, ...ids.map((id): Op => ({ op: 'unlist', id })))
  expect(await readCounts(db.view)).toMatchObject({ lists: LIMITS.lists, bin: ids.length })
  await act(db, ...ids.map((id): Op => ({ op: 'purge', id })))
  await act(db, { op: 'list', id: 'mine', title: 'Mine' })
  expect((await readLists(db.view)).map(({ id }) => id).sort()).toEqual(['mine', 'todo'])
  expect(await readCounts(db.view)).toMatchObject({ lists: 2, bin: 0 })
})

test('purged, an item is gone with its note and other versions, and only when it is in the bin', async () => {
  const { founder: db } = await h.board()
  const before = await contents(db)
  await act(
    db,
    { op: 'item', id: 'a', list: 'todo', text: 'A' },
    { op: 'edit', id: 'a', text: 'B' },
    { op: 'edit', id: 'a', note: 'N' },
    { op: 'purge', id: 'a' },
    { op: 'purge', id: 'todo' }
  )
  expect(await readItem(db.view, 'a')).toMatchObject({ note: { value: 'N' }, others: [{ value: 'A' }] })
  await act(db, { op: 'remove', id: 'a' })
  await act(db, { op: 'purge', id: 'a' }, { op: 'restore', id: 'a' }, { op: 'edit', id: 'a', text: 'C' })
  expect(Object.keys(await contents(db))).toEqual(Object.keys(before))
  expect(await readCounts(db.view)).toMatchObject({ items: 0, bin: 0 })
})

test('a list goes with its items, a long one in portions', async () => {
  const { founder: db } = await h.board()
  const most = LIMITS.purge
  await db.append(
    Array.from({ length: most + 1 }, (_, i) => ({ op: 'item', id: `i${i}`, list: 'todo', text: 'T' }))
  )
  await act(db, { op: 'unlist', id: 'todo' }, { op: 'purge', id: 'todo' })
  expect([await readCounts(db.view), await readList(db.view, 'todo')]).toMatchObject([
    { items: 1, lists: 1, bin: 1 },
    { items: 1 }
  ])
  await act(db, { op: 'purge', id: 'todo' })
  const left = await contents(db)
  expect(Object.keys(left).filter(key => /^(?:list|item|row|bin)\//.test(key))).toEqual([])
  expect(await readCounts(db.view)).toMatchObject({ items: 0, lists: 0, bin: 0 })
})

test('an item that is restored when its list was purged has a list again', async () => {
  const { founder: db } = await h.board()
  await act(db, { op: 'item', id: 'a', list: 'todo', text: 'A' }, { op: 'remove', id: 'a' })
  await act(db, { op: 'unlist', id: 'todo' }, { op: 'purge', id: 'todo' }, { op: 'restore', id: 'a' })
  expect([await texts(db), await readList(db.view, 'todo')]).toMatchObject([['A'], { items: 1 }])
})
