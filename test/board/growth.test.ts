import { expect, test } from 'vitest'
import { LIMITS } from '../../demo/board/limits.ts'
import { readItem, readList } from '../../demo/board/model.ts'
import type { Autobee } from '../../src/index.ts'
import { act, harness } from './harness.ts'

const h = harness()
const TICKS = 50
/** Bytes of the view for one tick: small records, and the tree above them. */
const MOST = 2_000

/** Bytes that the peer's own view takes on disk. */
async function viewBytes(db: Autobee): Promise<number> {
  await db.flush()
  const head = db.views().at(-1)
  const core = db.store.get({ key: head?.key as Uint8Array })
  await core.ready()
  const { byteLength } = core
  await core.close()
  return byteLength
}

/** Text that no compression makes small. */
function words(i: number, length: number): string {
  let text = ''
  for (let n = 1; text.length < length; n++) text += (Math.sin(i * 10_000 + n) * 1e6).toString(36)
  return text.slice(0, length)
}

async function bytesOfTick(db: Autobee): Promise<number> {
  const before = await viewBytes(db)
  for (let i = 0; i < TICKS; i++) await act(db, { op: 'edit', id: 'a', done: i % 2 === 0 })
  const grown = (await viewBytes(db)) - before
  expect(grown).toBeGreaterThan(0)
  return grown / TICKS
}

test('a tick writes little, however long the note and however many other versions are beside it', async () => {
  const { founder: db } = await h.board()
  await act(db, { op: 'item', id: 'a', list: 'todo', text: 'Milk' })
  for (let i = 0; i <= LIMITS.others; i++) await act(db, { op: 'edit', id: 'a', note: words(i, LIMITS.note) })
  const item = await readItem(db.view, 'a')
  expect([item?.note?.value.length, item?.others.length]).toEqual([LIMITS.note, LIMITS.others])
  expect(await bytesOfTick(db)).toBeLessThan(MOST)
})

test('a tick writes little, however many other titles its list has', async () => {
  const { founder: db } = await h.board()
  await act(db, { op: 'item', id: 'a', list: 'todo', text: 'Milk' })
  for (let i = 0; i < LIMITS.others; i++)
    await act(db, { op: 'list', id: 'todo', title: words(i, LIMITS.title) })
  expect((await readList(db.view, 'todo'))?.others.length).toBe(LIMITS.others)
  expect(await bytesOfTick(db)).toBeLessThan(MOST)
})
