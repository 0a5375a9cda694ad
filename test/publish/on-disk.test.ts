import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import Corestore from 'corestore'
import type Hypercore from 'hypercore'
import { describe, expect, test } from 'vitest'
import { guardUpgrades } from '../../src/engine/core-internals.ts'
import { publish } from '../../src/publish/index.ts'
import { cut, newestLog, workshop } from '../durability/workshop.ts'
import { op, openPeer } from '../support/peers.ts'
import { PublishingChild } from './child.ts'
import { contents, expectFollowed, harness, storedOf, until } from './harness.ts'

const h = harness()
const shop = workshop()

async function openIn(dir: string) {
  const store = new Corestore(dir, { allowBackup: true })
  await store.ready()
  const db = await openPeer(store)
  const close = async () => {
    await db.close()
    await store.close()
  }
  h.onclose(close)
  return { store, db, close }
}

/** A copy of a store that is open and has nothing to write; what RocksDB tidies up meanwhile spoils it. */
async function copyOf(dir: string): Promise<string> {
  const files = async () => {
    const names = (await readdir(join(dir, 'db'))).sort()
    return JSON.stringify(
      await Promise.all(names.map(async name => [name, (await stat(join(dir, 'db', name))).size]))
    )
  }
  for (;;) {
    try {
      const before = await files()
      const copy = await shop.copy(dir)
      if ((await files()) === before) return copy
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOENT') throw error
    }
  }
}

describe('a power cut', () => {
  test('takes nothing that a reader has heard of, whatever else it takes', async () => {
    const dir = await shop.dir()
    const { db } = await openIn(dir)
    await db.append(op({ put: { a: 1 } }))
    const published = await h.published(db)
    const reader = await h.reader(published.key as Uint8Array)
    reader.follow(db)
    for (let i = 0; i < 5; i++) {
      await db.append(op({ put: { a: `v${i}`, [`k${i}`]: 1 } }))
      await expectFollowed(reader, published, db)
      const copy = await copyOf(dir)
      // all that no disk was told to keep
      if ((await newestLog(copy)).size > 0) await cut(copy, 0)
      const after = await openIn(copy)
      const again = await h.published(after.db)
      expect(again.core?.length).toBe(reader.core.length)
      expect(await storedOf(again)).toEqual(await contents(db))
      await again.close()
      await after.close()
    }
    await published.close()
    const { length } = db.local
    await db.append(op({ put: { unsynced: 1 } }))
    const copy = await copyOf(dir)
    await cut(copy, 0)
    const after = await openIn(copy)
    // so it does take something
    expect(after.db.local.length).toBe(length)
    await after.close()
  })
})

describe('a store brought back from a backup', () => {
  for (const { blocks, claims } of [
    { blocks: 'all', claims: false },
    { blocks: 'none', claims: false },
    { blocks: 'none', claims: true }
  ]) {
    const when = claims ? 'as soon as it claims to have more' : 'when it proves it'
    test(`takes back from a reader that has ${blocks} of the blocks how long the log is, ${when}, and forks nothing`, async () => {
      const dir = await shop.dir()
      const first = await openIn(dir)
      await first.db.append(op({ put: { a: 1, b: 1 } }))
      let published = await h.published(first.db)
      const reader = await h.reader(published.key as Uint8Array)
      const conflicts: unknown[] = []
      reader.core.on('conflict', () => conflicts.push('reader'))
      const disconnect = reader.follow(first.db)
      await expectFollowed(reader, published, first.db)
      await published.close()
      const backup = await copyOf(dir)
      published = await h.published(first.db)
      for (let i = 0; i < 4; i++) {
        await first.db.append(op({ put: { lost: i, [`lost ${i}`]: 1 } }))
        await published.updated()
      }
      const { length } = published.core as { length: number }
      await until(() => reader.core.length === length)
      if (blocks === 'all') await expectFollowed(reader, published, first.db)
      await disconnect()
      await published.close()
      await first.close()

      const second = await openIn(backup)
      published = h.publish(second.db)
      await published.updated()
      const core = published.core as Hypercore
      // Hypercore asks for no proof by itself then
      if (claims) guardUpgrades(core, () => false)
      reader.follow(second.db)
      if (claims) await until(() => core.peers.some(peer => peer.remoteLength > core.length))
      else await until(() => core.length === reader.core.length)
      // its own log of entries lost a tail, too, which nobody has: what is merged is what is here
      await second.db.append(op({ put: { c: 1 } }))
      await until(async () => {
        await published.updated()
        return published.core?.length === reader.core.length && reader.core.length > length
      })
      await expectFollowed(reader, published, second.db)
      expect(conflicts).toEqual([])
      expect(reader.core.fork).toBe(0)
    })
  }

  test('that has published something else already is told: CONFLICT, and publishing ends', async () => {
    const dir = await shop.dir()
    const first = await openIn(dir)
    await first.db.append(op({ put: { a: 1 } }))
    let published = await h.published(first.db)
    await published.close()
    const backup = await copyOf(dir)
    published = await h.published(first.db)
    const reader = await h.reader(published.key as Uint8Array)
    reader.follow(first.db)
    await first.db.append(op({ put: { b: 'first', c: 'first' } }))
    await expectFollowed(reader, published, first.db)
    const second = await openIn(backup)
    await second.db.append(op({ put: { b: 'second' } }))
    const other = await h.published(second.db)
    reader.follow(second.db)
    await until(() => other.closed)
    expect(h.errors.splice(0)).toMatchObject([{ code: 'CONFLICT' }])
  })
})

describe('SIGKILL', () => {
  test('at any moment: the next opening goes on, with nothing that a reader has gone', async () => {
    const dir = await shop.dir()
    let id: string | null = null
    for (let round = 0; round < 6; round++) {
      const child = new PublishingChild(dir, { blocks: round % 2 === 0 ? 50 : 10_000 })
      const key = await child.key()
      id ??= key
      expect(key).toBe(id)
      await child.length(5 + 120 * round)
      const seen = await child.kill()
      const { db, store, close } = await openIn(dir)
      const core = store.get({ key })
      await core.ready()
      expect(core.length).toBeGreaterThanOrEqual(seen)
      await core.close()
      const published = publish(db, { name: 'view' })
      await published.updated()
      expect(published.id).toBe(id)
      expect(await storedOf(published)).toEqual(await contents(db))
      await published.close()
      await close()
    }
  })
})
