import b4a from 'b4a'
import type Hypercore from 'hypercore'
import { describe, expect, test } from 'vitest'
import type { Autobee } from '../../src/index.ts'
import { MARK } from '../../src/publish/mark.ts'
import { op } from '../support/peers.ts'
import { connect, contents, expectFollowed, harness, storedOf, until } from './harness.ts'

const h = harness()

function many(count: number, value = 'x'): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`k${String(i).padStart(4, '0')}`, value])
  )
}

/** The published core, writable: what nobody should have, to do harm with. */
async function coreOf(db: Autobee, name = 'view'): Promise<Hypercore> {
  const core = db.store.get({ name: `autobee/${db.id}/published/${name}` })
  await core.ready()
  return core
}

describe('after a restart', () => {
  test('it goes on with what changed meanwhile, and writes nothing when nothing did', async () => {
    const place = await h.store()
    let db = await h.peer(place.store)
    await db.append(op({ put: many(300) }))
    let published = await h.published(db)
    const { id } = published
    await published.close()
    await db.append(op({ put: { k0001: 'while away' }, del: ['k0002'] }))
    await db.close()
    await place.store.close()
    const store = await place.reopen()
    db = await h.peer(store)
    published = await h.published(db)
    expect(published.id).toBe(id)
    expect(published.core?.length).toBe(303)
    expect(await storedOf(published)).toEqual(await contents(db))
    await published.close()
    published = await h.published(db)
    expect(published.core?.length).toBe(303)
  })

  test('without the mark, or with an older one, the trees are compared: only differences are written', async () => {
    const db = await h.open()
    await db.append(op({ put: many(200) }))
    let published = await h.published(db)
    const core = await coreOf(db)
    const older = await core.getUserData(MARK)
    await db.append(op({ put: { k0003: 'new' } }))
    await published.updated()
    await published.close()
    for (const mark of [null, b4a.from([1, 2]), b4a.alloc(80)]) {
      await core.setUserData(MARK, mark)
      await db.append(op({ put: { k0004: `after ${mark?.byteLength}` }, del: [`k${mark?.byteLength}`] }))
      const { length } = core
      published = await h.published(db)
      expect(await storedOf(published)).toEqual(await contents(db))
      expect(core.length).toBe(length + 1)
      await published.close()
    }
    // blocks of which it knows nothing come after that mark: what they made of the tree does not count
    await core.setUserData(MARK, older)
    published = await h.published(db)
    expect(await storedOf(published)).toEqual(await contents(db))
    await core.close()
  })

  test('a mark of a later release is left alone', async () => {
    const db = await h.open()
    const published = await h.published(db)
    await published.close()
    const core = await coreOf(db)
    await core.setUserData(MARK, b4a.concat([b4a.from([9]), b4a.alloc(90)]))
    await expect(h.publish(db).ready()).rejects.toMatchObject({ code: 'UPGRADE_REQUIRED' })
    expect(h.errors.splice(0)).toMatchObject([{ code: 'UPGRADE_REQUIRED' }])
    await core.close()
  })

  test('a core that was truncated is brought back to what the view has', async () => {
    const db = await h.open()
    await db.append(op({ put: many(100) }))
    await (await h.published(db)).close()
    await db.append(op({ put: { k0100: 'x' } }))
    // in the middle of a batch, where a Hyperbee has part of a tree only, as well
    for (const [length, to] of [
      [101, 102],
      [60, null],
      [1, null],
      [0, 102]
    ] as const) {
      let published = await h.published(db)
      await published.close()
      const core = await coreOf(db)
      await core.truncate(length)
      await core.close()
      published = await h.published(db)
      expect(await storedOf(published)).toEqual(await contents(db))
      if (to !== null) expect(published.core?.length).toBe(to)
      await published.close()
    }
  })

  test('blocks that are gone from the store do not stop it: the tree begins anew, in the same core', async () => {
    const db = await h.open()
    await db.append(op({ put: many(100) }))
    let published = await h.published(db)
    await published.close()
    const core = await coreOf(db)
    await core.clear(20, 90)
    await core.close()
    await db.append(op({ put: { k0050: 'y' } }))
    await interrupted(h.publish(db, { limits: { blocks: 10, bytes: 2 ** 20 } }))
    await db.append(op({ put: { k0050: 'x' } }))
    published = await h.published(db)
    expect(await storedOf(published)).toEqual(await contents(db))
    const reader = await h.reader(published.key as Uint8Array)
    reader.follow(db)
    await expectFollowed(reader, published, db)
  })

  test('another local writer (setLocal) changes nothing for readers', async () => {
    const db = await h.open()
    await db.append(op({ put: many(50) }))
    const published = await h.published(db)
    const reader = await h.reader(published.key as Uint8Array)
    reader.follow(db)
    const other = await h.open({ key: db.key as Uint8Array })
    connect(db, other)
    const core = db.store.get({ name: 'another writer' })
    await core.ready()
    await db.append(op({ addWriter: core.id, put: { before: 1 } }))
    const rotating = db.setLocal(core.key)
    const updating = published.updated()
    await Promise.all([rotating, updating])
    await until(() => db.writable)
    await db.append(op({ put: { after: 1 } }))
    await expectFollowed(reader, published, db)
    expect(reader.core.length).toBe(1 + 50 + 2)
  })
})

describe('a step too large to be one', () => {
  const limits = { blocks: 40, bytes: 2 ** 20 }

  test('is written in parts, and told of once', async () => {
    const db = await h.open()
    const published = await h.published(db, { limits })
    const lengths: number[] = []
    published.core?.on('append', () => lengths.push(published.core?.length ?? 0))
    const updates: number[] = []
    published.on('update', ({ length }) => updates.push(length))
    await db.append(op({ put: many(200) }))
    await published.updated()
    expect(lengths.length).toBeGreaterThan(2)
    expect(updates).toEqual([201])
    expect(await storedOf(published)).toEqual(await contents(db))
  })

  test('closed in the middle, it goes on after that: with the first publication, with changes, after changes back', async () => {
    const db = await h.open()
    await db.append(op({ put: many(600) }))
    const first = h.publish(db, { limits: { blocks: 40, bytes: 2 ** 20 } })
    expect(await interrupted(first)).toBeLessThan(601)
    let published = await h.published(db)
    expect(published.core?.length).toBe(601)
    await published.close()

    published = await h.published(db, { limits })
    await db.append(op({ put: many(600, 'y') }))
    await interrupted(published)
    // partly back, so that the states before and after agree where what is published does not
    await db.append(op({ put: Object.fromEntries(Object.entries(many(600)).slice(0, 300)) }))
    published = await h.published(db)
    expect(await storedOf(published)).toEqual(await contents(db))
  })

  test('closed in the middle again and again, it gets there', async () => {
    const db = await h.open()
    await db.append(op({ put: many(400) }))
    await (await h.published(db)).close()
    for (let round = 0; round < 7; round++) {
      await db.append(op({ put: many(400, `round ${round}`), del: [`k000${round}`] }))
      await interrupted(h.publish(db, { limits }))
    }
    const published = await h.published(db)
    expect(await storedOf(published)).toEqual(await contents(db))
  })
})

/** Closes it after the first part that is written from now on; gives the length that it had then. */
async function interrupted(published: ReturnType<typeof h.publish>): Promise<number> {
  await published.ready()
  const core = published.core as Hypercore
  const { length } = core
  await until(() => core.length > length)
  const reached = core.length
  await published.close()
  return reached
}
