import b4a from 'b4a'
import { expect, test } from 'vitest'
import { HISTORY_LIMITS, type HistoryLimits } from '../../src/engine/history.ts'
import type { Inspection } from '../../src/engine/inspection.ts'
import { type Autobee, AutobeeError, type AutobeeOptions } from '../../src/index.ts'
import { HISTORY, INSPECT } from '../../src/options.ts'
import { Clock, collect, connect, contents, harness, op, sees, until } from './harness.ts'

const h = harness()

/** So little in memory that a hundred entries are a long history. */
const SMALL: HistoryLimits = { spacing: 8, keep: 16, recent: 4, tail: 40 }

const limits = (history: HistoryLimits): AutobeeOptions => ({ [HISTORY]: history }) as AutobeeOptions

function inspect(db: Autobee): Inspection {
  return (db as unknown as { [INSPECT](): Inspection })[INSPECT]()
}

const baseOf = (db: Autobee) => inspect(db).linearizer.base
const hashOf = (db: Autobee) => b4a.toString(inspect(db).orderHash(), 'hex')

async function write(db: Autobee, count: number, name = 'k'): Promise<void> {
  for (let i = 0; i < count; i++) await db.append(op({ put: { [`${name}${i % 7}`]: `${name} ${i}` } }))
}

/** All of them have ordered and applied the same. */
async function same(...dbs: Autobee[]): Promise<void> {
  await until(() => dbs.every(db => inspect(db).cycle.isIdle) && new Set(dbs.map(hashOf)).size === 1)
  const [first, ...others] = await Promise.all(dbs.map(contents))
  for (const other of others) expect(other).toEqual(first)
}

test('only the end of the order is in memory, and only that is read at an opening', async () => {
  const store = await h.store()
  const a = await h.peer(null, { store, ...limits(SMALL) })
  await write(a, 300)
  expect(baseOf(a)).toBeGreaterThan(300 - 3 * SMALL.keep)
  const before = { hash: hashOf(a), view: await contents(a), entries: inspect(a).linearizer.length }
  await a.close()

  const again = await h.peer(null, { store, ...limits(SMALL) })
  const { linearizer, writers } = inspect(again)
  expect(linearizer.base).toBeGreaterThan(before.entries - 3 * SMALL.spacing)
  const read = writers.get(linearizer.members()[Symbol.iterator]().next().value?.writer ?? '')
  // some 60 bytes each
  expect(read?.bytesRead).toBeLessThan(100 * 3 * SMALL.spacing)
  expect({ hash: hashOf(again), view: await contents(again), entries: linearizer.length }).toEqual(before)
  await write(again, 20)
  expect(again.stats).toMatchObject({ applies: 20, undos: 0, reread: 0 })
})

test('a database that was written with all of it in memory opens, and gets bases from then on', async () => {
  const store = await h.store()
  const whole = { ...SMALL, spacing: Number.POSITIVE_INFINITY }
  const a = await h.peer(null, { store, ...limits(whole) })
  await write(a, 50)
  await a.close()
  const b = await h.peer(null, { store, ...limits(SMALL) })
  expect(baseOf(b)).toBe(0)
  await write(b, 50)
  expect(baseOf(b)).toBeGreaterThan(50)
  const hash = hashOf(b)
  await b.close()
  expect(hashOf(await h.peer(null, { store, ...limits(SMALL) }))).toBe(hash)
})

test('a fork that is older than all that is in memory merges as where everything is', async () => {
  const clock = new Clock()
  const a = await h.peer(null, { now: clock.now, ...limits(SMALL) })
  const b = await h.peer(a.key, { now: clock.now, ...limits(SMALL) })
  const whole = await h.peer(a.key, { now: clock.now })
  const cut = connect(a, b)
  await a.append(op({ addWriter: b.local.id }))
  await until(() => b.writable)
  await write(a, 60, 'early')
  await same(a, b)
  await cut()

  clock.ms += 1000
  await write(b, 5, 'fork')
  for (let i = 0; i < 90; i++) {
    clock.ms += 10
    await write(a, 1, `late${i % 5}`)
  }
  expect(inspect(a).linearizer.length - baseOf(a)).toBeLessThan(90)
  connect(a, b)
  connect(b, whole)
  await same(a, b, whole)
  expect(a.stats.reread).toBeGreaterThan(0)
  expect(whole.stats.reread).toBe(0)
  // and lets go of it again
  await write(a, 60)
  expect(inspect(a).linearizer.length - baseOf(a)).toBeLessThanOrEqual(2 * SMALL.keep + 2 * SMALL.spacing)
})

test('what came between the closing and the last of what is read at an opening is merged', async () => {
  const clock = new Clock()
  const [storeA, storeB] = [await h.store(), await h.store()]
  const a = await h.peer(null, { store: storeA, now: clock.now, ...limits(SMALL) })
  const b = await h.peer(a.key, { store: storeB, now: clock.now, ...limits(SMALL) })
  const cut = connect(a, b)
  await a.append(op({ addWriter: b.local.id }))
  await until(() => b.writable)
  await cut()
  await write(b, 20, 'fork')
  clock.ms += 1000
  await write(a, 100, 'main')
  await a.close()
  const again = await h.peer(a.key, { store: storeA, now: clock.now, ...limits(SMALL) })
  expect(baseOf(again)).toBeGreaterThan(50)
  connect(again, b)
  await same(again, b)
  expect(again.stats.reread).toBeGreaterThan(0)
})

test('an ack that orders a long tail anew leaves nothing behind that an opening would trip over', async () => {
  const clock = new Clock()
  const store = await h.store()
  const a = await h.peer(null, { store, now: clock.now, ...limits(SMALL) })
  const c = await h.peer(a.key, { now: clock.now })
  const b = await h.peer(a.key, { now: clock.now, ...limits(SMALL) })
  const cut = connect(a, c)
  connect(a, b)
  await a.append(op({ addWriter: c.local.id }))
  await a.append(op({ addWriter: b.local.id, indexer: false }))
  await until(() => b.writable && c.writable)
  await cut()
  // an ordinary writer's entries stand at the end, and a base or two among them
  for (let i = 0; i < 60; i++) {
    clock.ms += 10
    await write(b, 1, 'tail')
  }
  // an indexer who knows nothing of them, in the middle of their time
  clock.ms -= 300
  await write(c, 2, 'apart')
  clock.ms += 600
  await same(a, b)
  await write(a, 1, 'ack')
  await same(a, b)
  await a.close()
  const again = await h.peer(null, { store, now: clock.now, ...limits(SMALL) })
  connect(again, c)
  connect(again, b)
  await same(again, b, c)
})

test('after an ack of a long tail no more is in memory, and no more is read at an opening, than before', async () => {
  const clock = new Clock()
  const store = await h.store()
  const long = { ...SMALL, tail: 1000 }
  const a = await h.peer(null, { now: clock.now, ...limits(long) })
  const b = await h.peer(a.key, { store, now: clock.now, ...limits(long) })
  const whole = await h.peer(a.key, { now: clock.now })
  const cut = connect(a, b)
  await a.append(op({ addWriter: b.local.id, indexer: false }))
  await until(() => b.writable)
  await cut()
  for (let i = 0; i < 150; i++) {
    clock.ms += 10
    await write(b, 1, 'tail')
  }
  connect(a, b)
  await same(a, b)
  expect(baseOf(b)).toBe(0)
  const before = b.stats.applies
  await write(a, 1, 'ack')
  await same(a, b)
  expect(b.stats.applies).toBe(before + 1)
  expect(inspect(b).linearizer.length - baseOf(b)).toBeLessThan(2 * SMALL.keep + 4 * SMALL.spacing)
  await b.close()
  const again = await h.peer(a.key, { store, now: clock.now, ...limits(long) })
  expect(inspect(again).linearizer.length - baseOf(again)).toBeLessThan(4 * SMALL.spacing)
  // what the bases say still holds: somebody who was apart all the time
  connect(again, whole)
  connect(again, a)
  await same(again, a, whole)
})

test('an indexer who is gone for good does not make every opening read what once trailed', async () => {
  const clock = new Clock()
  const store = await h.store()
  const long = { ...SMALL, tail: 1000 }
  const a = await h.peer(null, { now: clock.now })
  const b = await h.peer(a.key, { store, now: clock.now, ...limits(long) })
  const cut = connect(a, b)
  await a.append(op({ addWriter: b.local.id, indexer: false }))
  await until(() => b.writable)
  await cut()
  await write(b, 40, 'tail')
  await b.append(op({ addWriter: b.local.id }))
  await write(b, 80)
  const hash = hashOf(b)
  await b.close()
  const again = await h.peer(a.key, { store, now: clock.now, ...limits(long) })
  expect(inspect(again).linearizer.length - baseOf(again)).toBeLessThan(4 * SMALL.spacing)
  expect(hashOf(again)).toBe(hash)
  // and when it comes back all the same, its units go where they belong
  clock.ms += 10
  await write(a, 3, 'back')
  connect(a, again)
  await same(a, again)
})

test('while much waits to be ordered, the base moves less often: that costs as much as all of it', async () => {
  const clock = new Clock()
  const a = await h.peer(null, { now: clock.now, ...limits(SMALL) })
  const b = await h.peer(a.key, { now: clock.now })
  const cut = connect(a, b)
  await a.append(op({ addWriter: b.local.id, indexer: false }))
  await until(() => b.writable)
  await cut()
  await a.append(op({ removeWriter: b.local.id }))
  await write(b, 100)
  connect(a, b)
  const { linearizer } = inspect(a)
  await until(() => linearizer.waiting === 100)
  const moves: number[] = []
  const rebase = linearizer.rebase.bind(linearizer)
  linearizer.rebase = (...args) => {
    moves.push(linearizer.length - linearizer.base)
    rebase(...args)
  }
  await write(a, 150)
  expect(moves).toHaveLength(1)
  expect(moves[0]).toBeGreaterThan(100)
  expect(linearizer.waiting).toBe(100)
})

test('an old entry that is linked to is looked at again: one stamped before it freezes its writer, one after does not', async () => {
  const clock = new Clock()
  const a = await h.peer(null, { now: clock.now, ...limits(SMALL) })
  const frozen = collect(a as never, 'writer-frozen')
  const [good, evil] = [
    await h.hostile(a.key as Uint8Array, { name: 'good' }),
    await h.hostile(a.key as Uint8Array, { name: 'evil' })
  ]
  connect(a, good)
  connect(a, evil)
  for (const { core } of [good, evil]) await a.append(op({ addWriter: core.id, indexer: false }))
  for (let i = 0; i < 100; i++) {
    clock.ms += 10
    await write(a, 1)
  }
  const key = a.key as Uint8Array
  const { linearizer } = inspect(a)
  expect(linearizer.find(b4a.toString(key, 'hex'), 40)).toBe(null)
  const times = await Promise.all([40, 41].map(length => a.local.get(length - 1).then(timeOf)))
  const value = (name: string) => b4a.from(op({ put: { [name]: 1 } }))
  await good.write({
    value: value('good'),
    timestamp: (times[0] as number) + 1,
    links: [{ key, length: 40 }]
  })
  await sees(a, 'good')
  await evil.write({ value: value('evil'), timestamp: times[0] as number, links: [{ key, length: 40 }] })
  await until(() => frozen.length > 0)
  expect(frozen).toMatchObject([{ key: evil.key, length: 0, reason: 'BACK_DATED' }])
  expect('evil' in (await contents(a))).toBe(false)

  async function timeOf(block: Uint8Array | null): Promise<number> {
    const { decodeEntry } = await import('../../src/oplog/entry.ts')
    return decodeEntry(block as Uint8Array, { core: key, index: 1 }).timestamp
  }
})

test('a read-only copy knows the writers whom only the far past names', async () => {
  const store = await h.store()
  const a = await h.peer(null, { store })
  const key = b4a.alloc(32, 7)
  await a.append(op({ addWriter: b4a.toString(key, 'hex'), indexer: false }))
  const many = HISTORY_LIMITS.spacing + HISTORY_LIMITS.recent + 100
  // two flushes of the system tree, so that a base lies between
  await Promise.all(
    Array.from({ length: HISTORY_LIMITS.spacing }, (_, i) => a.append(op({ put: { [i % 3]: i } })))
  )
  await Promise.all(Array.from({ length: many }, (_, i) => a.append(op({ put: { [i % 3]: i } }))))
  const writers = [...a.writers].map(({ key, length, isIndexer }) => ({
    key: b4a.toString(key, 'hex'),
    length,
    isIndexer
  }))
  await a.close()
  await store.store.close()
  const again = await store.reopen()
  const copy = h.make(again.session({ writable: false }), a.key)
  await copy.ready()
  expect(
    [...copy.writers].map(({ key, length, isIndexer }) => ({
      key: b4a.toString(key, 'hex'),
      length,
      isIndexer
    }))
  ).toEqual(writers)
  await expect(copy.append(op({}))).rejects.toSatisfy(error => AutobeeError.is(error, 'STORE_READONLY'))
})
