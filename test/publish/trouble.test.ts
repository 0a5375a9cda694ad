import b4a from 'b4a'
import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import { describe, expect, test } from 'vitest'
import { op } from '../support/peers.ts'
import { contents, expectFollowed, harness, storedOf, until } from './harness.ts'

const h = harness()

interface Flushes {
  write(options: unknown): { flush(): Promise<void>; destroy(): void }
  flush(): Promise<void>
}

/** Makes the batches of a store fail while `failing()` gives an error, before or after they are written. */
function failWrites(store: Corestore, failing: (place: 'before' | 'sync') => Error | null): void {
  const db = store.storage.db as unknown as Flushes
  const stock = { write: db.write.bind(db), flush: db.flush.bind(db) }
  db.write = options => {
    const batch = stock.write(options)
    const flush = batch.flush.bind(batch)
    batch.flush = async () => {
      const error = failing('before')
      if (error) {
        // a store waits for its batches when it closes
        batch.destroy()
        throw error
      }
      await flush()
    }
    return batch
  }
  db.flush = async () => {
    const error = failing('sync')
    if (error) throw error
    await stock.flush()
  }
}

describe('publishing', () => {
  test('of one name happens once at a time: ALREADY_PUBLISHED; after closing, be it under way, it may again', async () => {
    const db = await h.open()
    await db.append(op({ put: { a: 1 } }))
    const first = h.publish(db)
    const second = h.publish(db)
    await first.ready()
    await expect(second.ready()).rejects.toMatchObject({ code: 'ALREADY_PUBLISHED' })
    expect(h.errors.splice(0)).toMatchObject([{ code: 'ALREADY_PUBLISHED' }])
    await first.updated()
    void first.close()
    const third = await h.published(db)
    expect(await storedOf(third)).toEqual({ a: '1' })
  })

  test('ends with the database, and begins again with it', async () => {
    const place = await h.store()
    let db = await h.peer(place.store)
    const published = await h.published(db)
    const ended = new Promise<void>(resolve => published.once('close', resolve))
    await db.append(op({ put: { a: 1 } }))
    await db.close()
    await ended
    expect(published.closed).toBe(true)
    await expect(published.updated()).rejects.toMatchObject({ code: 'CLOSED' })
    db = await h.peer(place.store)
    expect(await storedOf(await h.published(db))).toEqual({ a: '1' })
  })

  test('waits for a database that opens, and ends with one that cannot or is closed first', async () => {
    const { store } = await h.store()
    const { Autobee } = await import('../../src/index.ts')
    const db = new Autobee(store)
    h.onclose(() => db.close())
    const published = h.publish(db)
    expect([published.key, published.id, published.core]).toEqual([null, null, null])
    await published.updated()
    expect(published.key).toHaveLength(32)
    const broken = new Autobee(store, db.key)
    h.onclose(() => broken.close())
    await expect(h.publish(broken).ready()).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    expect(h.errors.splice(0)).toMatchObject([{ code: 'STORE_LOCKED' }])
    await db.close()
    await expect(h.publish(db).updated()).rejects.toMatchObject({ code: 'CLOSED' })
    h.errors.splice(0)
  })

  test('says so when the store is closed first, and ends', async () => {
    const place = await h.store()
    const db = await h.peer(place.store)
    const published = await h.published(db)
    const ended = new Promise<void>(resolve => published.once('close', resolve))
    await place.store.close()
    await ended
    expect(h.errors.splice(0)).toMatchObject([{ code: 'STORE_CLOSED' }])
  })

  test('close is idempotent, also before it is ready', async () => {
    const db = await h.open()
    const published = h.publish(db)
    await Promise.all([published.close(), published.close()])
    await expect(published.ready()).rejects.toMatchObject({ code: 'CLOSED' })
    h.errors.splice(0)
  })
})

describe('a write that fails', () => {
  for (const place of ['before', 'sync'] as const) {
    test(`is told (${place}); readers never hear of what is not on disk, and the next change publishes it`, async () => {
      const db = await h.open()
      await db.append(op({ put: { a: 1 } }))
      const published = await h.published(db)
      const reader = await h.reader(published.key as Uint8Array)
      reader.follow(db)
      await expectFollowed(reader, published, db)
      let isFull = false
      failWrites(db.store, where => (isFull && where === place ? new Error('No space left on device') : null))
      // the database itself is not to fail
      await published.close()
      await db.append(op({ put: { b: 1 } }))
      const again = h.publish(db)
      await again.ready()
      isFull = true
      await expect(again.updated()).rejects.toMatchObject({ code: 'STORE_FULL' })
      isFull = false
      expect(reader.core.length).toBe(2)
      expect(h.errors.splice(0).every(({ code }) => code === 'STORE_FULL')).toBe(true)
      await db.append(op({ put: { c: 1 } }))
      await expectFollowed(reader, again, db)
      expect(await storedOf(again)).toEqual({ a: '1', b: '1', c: '1' })
    })
  }

  test('a map that throws is told, and tried again with the next change', async () => {
    const db = await h.open()
    await db.append(op({ put: { a: 1 } }))
    let isBroken = true
    const map = ({ value }: { value: Uint8Array }) => {
      if (isBroken) throw new Error('no')
      return value
    }
    const published = h.publish(db, { map })
    await expect(published.updated()).rejects.toMatchObject({ code: 'APPLY_FAILED' })
    expect(h.errors.splice(0)[0]).toMatchObject({ code: 'APPLY_FAILED' })
    isBroken = false
    await db.append(op({ put: { b: 1 } }))
    await published.updated()
    h.errors.splice(0)
    expect(await storedOf(published)).toEqual(await contents(db))
    await published.close()
    const wrong = h.publish(db, { map: () => 'text' as never, mapVersion: 1 })
    await expect(wrong.updated()).rejects.toMatchObject({ code: 'APPLY_FAILED' })
    h.errors.splice(0)
  })

  test('an error that nobody listens for is no unhandled one', async () => {
    const db = await h.open()
    const { publish } = await import('../../src/publish/index.ts')
    const first = publish(db, { name: 'a' })
    const second = publish(db, { name: 'a' })
    await first.updated()
    await until(() => second.closed)
    await first.close()
    await second.close()
  })
})

describe('a core that is not as it was left', () => {
  test('blocks that somebody else appended are grafted away: readers have the view again', async () => {
    const db = await h.open()
    await db.append(op({ put: { a: 1, b: 1 } }))
    const published = await h.published(db)
    const reader = await h.reader(published.key as Uint8Array)
    reader.follow(db)
    await expectFollowed(reader, published, db)
    const core = db.store.get({ name: `autobee/${db.id}/published/view` }) as Hypercore
    await core.ready()
    await core.append([b4a.from('no'), b4a.from('tree')])
    await until(() => core.length === 6)
    await expectFollowed(reader, published, db)
    await db.append(op({ put: { c: 1 } }))
    await expectFollowed(reader, published, db)
    await published.close()
    await core.append([b4a.from('no')])
    await core.close()
    const again = await h.published(db)
    await expectFollowed(reader, again, db)
  })
})
