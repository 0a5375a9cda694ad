import b4a from 'b4a'
import { afterEach, expect, test } from 'vitest'
import { OnceRecord, type OnceTag } from '../../src/engine/once.ts'
import type { Append } from '../../src/engine/queue.ts'
import { Autobee, AutobeeError } from '../../src/index.ts'
import { sharedOf } from '../../src/shared.ts'
import { apply, contents, op } from '../support/peers.ts'
import { type TempStore, tempStore } from '../support/store.ts'

const ALICE = 'a1'.repeat(16)
const BOB = 'b0'.repeat(16)
const KEY = b4a.alloc(32, 7)

const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

function tag(number: number, more: Partial<OnceTag> = {}): OnceTag {
  return { client: ALICE, number, confirmed: 0, since: null, ...more }
}

/** An append that only its tag matters of. */
function append(once: OnceTag): Append {
  const settled = { resolve: () => {}, reject: () => {} }
  return { values: [], optimistic: false, ack: false, extra: null, once, ...settled }
}

function rewritten(record: OnceRecord, options?: { most: number }): OnceRecord {
  return OnceRecord.decode(record.take() as Uint8Array, options)
}

async function opened(store: TempStore['store'], more: { apply?: typeof apply } = {}): Promise<Autobee> {
  const db = new Autobee(store, null, { apply, ackInterval: 0, ...more })
  open.push(db)
  await db.ready()
  return db
}

async function place(): Promise<TempStore> {
  const place = await tempStore()
  open.push(place)
  return place
}

function put(db: Autobee, id: string, once: OnceTag) {
  return sharedOf(db).append([op({ put: { [id]: once.number } })], { optimistic: false, once })
}

test('what was done and what was refused is there again, with the same answers', () => {
  const record = new OnceRecord()
  record.done(append(tag(1)), { key: KEY, length: 5 })
  record.refuse(append(tag(2)), new AutobeeError('INTERRUPTED', 'no', { reason: 'because' }))
  record.done(append(tag(3)), { key: b4a.alloc(32, 8), length: 300_000 })
  record.done(append(tag(1, { client: BOB })), { key: KEY, length: 6 })
  const again = rewritten(record)
  expect(again.find(tag(1, { since: 0 }))).toEqual({ head: { key: KEY, length: 5 } })
  expect(again.find(tag(2, { since: 0 }))).toMatchObject({
    error: { code: 'INTERRUPTED', reason: 'because' }
  })
  expect(again.find(tag(3, { since: 0 }))).toEqual({ head: { key: b4a.alloc(32, 8), length: 300_000 } })
  expect(again.find(tag(1, { client: BOB, since: 0 }))).toEqual({ head: { key: KEY, length: 6 } })
  expect(again.find(tag(4, { since: 0 }))).toBe(null)
  expect(again.tick).toBe(1)
})

test('what a client has confirmed is not kept', () => {
  const record = new OnceRecord()
  for (let number = 1; number <= 1000; number++)
    record.done(append(tag(number, { confirmed: number - 1 })), { key: KEY, length: number })
  expect((record.take() as Uint8Array).byteLength).toBeLessThan(80)
  expect(record.take()).toBe(null)
})

test('of a client that was forgotten nothing is done again, unless it was asked for the first time since', () => {
  const record = new OnceRecord({ most: 2 })
  record.done(append(tag(1)), { key: KEY, length: 1 })
  record.take()
  record.done(append(tag(1, { client: BOB })), { key: KEY, length: 2 })
  record.take()
  record.done(append(tag(1, { client: 'cc'.repeat(16) })), { key: KEY, length: 3 })
  const again = rewritten(record, { most: 2 })
  expect(again.find(tag(1, { since: 0 }))).toMatchObject({ error: { code: 'OWNER_CHANGED' } })
  expect(again.find(tag(2, { since: 1 }))).toBe(null)
  expect(again.find(tag(2))).toBe(null)
  expect(again.find(tag(1, { client: BOB, since: 1 }))).toEqual({ head: { key: KEY, length: 2 } })
})

test('a record of a later release, and one that is damaged, are refused by code', () => {
  const record = new OnceRecord()
  record.done(append(tag(1)), { key: KEY, length: 1 })
  const bytes = b4a.from(record.take() as Uint8Array)
  const codeOf = (bytes: Uint8Array) => {
    try {
      OnceRecord.decode(bytes)
      return null
    } catch (error) {
      return (error as AutobeeError).code
    }
  }
  for (let length = 0; length < bytes.byteLength; length++)
    expect(codeOf(bytes.subarray(0, length))).toBe('STORE_CORRUPT')
  bytes[0] = 2
  expect(codeOf(bytes)).toBe('UPGRADE_REQUIRED')
})

test('a numbered append that is asked again, of a database opened anew, is answered and not done again', async () => {
  const { store, reopen } = await place()
  const first = await opened(store)
  const heads = await Promise.all([1, 2, 3].map(number => put(first, `k${number}`, tag(number))))
  await first.close()
  await store.close()
  const second = await opened(await reopen())
  const again = await Promise.all(
    [2, 3, 4].map(number => put(second, `k${number}`, tag(number, { since: 0 })))
  )
  expect(again.map(({ length }) => length)).toEqual([2, 3, 4])
  expect(again[0]?.key).toEqual(heads[1]?.key)
  expect(second.local.length).toBe(4)
  expect(await contents(second)).toEqual({ k1: '1', k2: '2', k3: '3', k4: '4' })
})

test('a numbered append that was refused stays so, when a later one was written', async () => {
  const { store, reopen } = await place()
  let refuses = true
  const picky: typeof apply = (nodes, view, host) => {
    if (refuses && b4a.toString(nodes[0]?.value as Uint8Array).includes('bad')) throw new Error('no')
    return apply(nodes, view, host)
  }
  const first = await opened(store, { apply: picky })
  await expect(put(first, 'bad', tag(1))).rejects.toMatchObject({ code: 'APPLY_FAILED' })
  await put(first, 'good', tag(2))
  await first.close()
  await store.close()
  refuses = false
  const second = await opened(await reopen(), { apply: picky })
  await expect(put(second, 'bad', tag(1, { since: 0 }))).rejects.toMatchObject({ code: 'APPLY_FAILED' })
  expect(await contents(second)).toEqual({ good: '2' })
})

test('a database whose appends are not numbered has no record', async () => {
  const { store } = await place()
  const db = await opened(store)
  await db.append(op({ put: { a: 1 } }))
  expect(sharedOf(db).tick).toBe(0)
  await put(db, 'b', tag(1))
  expect(sharedOf(db).tick).toBe(1)
})
