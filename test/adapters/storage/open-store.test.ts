import Corestore from 'corestore'
import { describe, expect, test } from 'vitest'
import type { KeyValueAdapter } from '../../../adapters/storage/key-value.ts'
import { memory } from '../../../adapters/storage/memory.ts'
import { openStoreWith } from '../../../adapters/storage/open-store.ts'
import { storeError } from '../../../src/engine/atomic.ts'
import { Autobee, AutobeeError } from '../../../src/index.ts'
import { apply, contents, op } from '../../support/peers.ts'
import { changed } from './changed.ts'

const named = new Map<string, KeyValueAdapter>()
const openStore = openStoreWith(name => {
  const place = named.get(name) ?? memory()
  named.set(name, place)
  return place
})

async function database(store: Corestore): Promise<Autobee> {
  const db = new Autobee(store, null, { apply: apply as never, ackInterval: 0 })
  await db.ready()
  return db
}

describe('openStore', () => {
  test('of an adapter gives a ready Corestore; Autobee appends, and finds it all again', async () => {
    const place = memory()
    const store = await openStore(place)
    expect(store).toBeInstanceOf(Corestore)
    expect(store.opened).toBe(true)
    const db = await database(store)
    for (const key of ['a', 'b', 'c']) await db.append(op({ put: { [key]: 1 } }))
    const { key } = db
    const before = await contents(db)
    expect(Object.keys(before)).toEqual(['a', 'b', 'c'])
    await db.close()
    await store.close()
    const again = await openStore(place)
    const reopened = await database(again)
    expect(reopened.key).toEqual(key)
    expect(await contents(reopened)).toEqual(before)
    await reopened.append(op({ put: { d: 1 } }))
    expect(Object.keys(await contents(reopened))).toEqual(['a', 'b', 'c', 'd'])
    await reopened.close()
    await again.close()
  })

  test('of a name opens what the runtime means by it', async () => {
    const store = await openStore('here')
    await expect(openStore('here')).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    const other = await openStore('there')
    await other.close()
    await store.close()
  })

  test('is refused while the store is open, waits when told to, and comes when it closes', async () => {
    const place = memory()
    const first = await openStore(place)
    await expect(openStore(place)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    const second = openStore(place, { wait: true })
    await first.close()
    const store = await second
    expect(store.opened).toBe(true)
    await store.close()
  })

  test('of what is neither rejects with INVALID_ARGUMENT, with options that are none INVALID_OPTIONS', async () => {
    await expect(openStore(3 as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(openStore({} as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(openStore(memory(), { wait: 1 } as never)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
    await expect(openStore(memory(), { readOnly: true })).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
  })

  test('that fails gives the error of the store, and leaves nothing open', async () => {
    const place = memory()
    const corrupt = new AutobeeError('STORE_CORRUPT', 'bad')
    const broken = changed(place, () => ({ getMany: () => Promise.reject(corrupt) }))
    await expect(openStore(broken)).rejects.toBe(corrupt)
    const odd = changed(place, () => ({ getMany: () => Promise.reject(new Error('odd')) }))
    await expect(openStore(odd)).rejects.toMatchObject({ code: 'STORE_FAILED' })
    const store = await openStore(place)
    await store.close()
  })

  test('an error of the store reaches whoever appends with its code, and nothing of that append is kept', async () => {
    const place = memory()
    let isFull = false
    const full = changed(place, store => ({
      commit: operations =>
        isFull ? Promise.reject(new AutobeeError('STORE_FULL', 'no room')) : store.commit(operations)
    }))
    const store = await openStore(full)
    const db = await database(store)
    await db.append(op({ put: { a: 1 } }))
    isFull = true
    await expect(db.append(op({ put: { b: 1 } }))).rejects.toMatchObject({ code: 'STORE_FULL' })
    isFull = false
    await db.close()
    await store.close()
    const again = await openStore(place)
    const reopened = await database(again)
    expect(Object.keys(await contents(reopened))).toEqual(['a'])
    await reopened.close()
    await again.close()
  })

  test('an error with a code passes through the engine as it is, whatever its message says', async () => {
    const place = memory()
    const taken = new AutobeeError(
      'STORE_LOCKED',
      'another page has it, with no space left; close it there',
      {
        reason: 'TAKEN_OVER'
      }
    )
    let isTaken = false
    const lost = changed(place, store => ({
      commit: operations => (isTaken ? Promise.reject(taken) : store.commit(operations))
    }))
    const store = await openStore(lost)
    const db = await database(store)
    isTaken = true
    await expect(db.append(op({ put: { a: 1 } }))).rejects.toBe(taken)
    await db.close()
    await store.close()
    expect(storeError(new Error('Batch was not applied', { cause: taken }))).toBe(taken)
  })
})
