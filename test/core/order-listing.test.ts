import b4a from 'b4a'
import { expect, test } from 'vitest'
import type { HistoryLimits } from '../../src/engine/history.ts'
import type { Inspection } from '../../src/engine/inspection.ts'
import type { Autobee, AutobeeOptions, OrderedUnit, OrderOptions } from '../../src/index.ts'
import { HISTORY, INSPECT } from '../../src/options.ts'
import { Random } from '../simulation/random.ts'
import { admit, Clock, connect, harness, op, sees, until } from './harness.ts'

const h = harness()

/** So little in memory that a hundred entries are a long history. */
const SMALL: HistoryLimits = { spacing: 8, keep: 16, recent: 4, tail: 40 }

const limits = (history: HistoryLimits | null): AutobeeOptions =>
  (history ? { [HISTORY]: history } : {}) as AutobeeOptions

function inspect(db: Autobee): Inspection {
  return (db as unknown as { [INSPECT](): Inspection })[INSPECT]()
}

async function all(db: Autobee, options?: OrderOptions): Promise<OrderedUnit[]> {
  const units: OrderedUnit[] = []
  for await (const unit of db.order(options)) units.push(unit)
  return units
}

/** What is compared with what the engine knows itself. */
const facts = ({ key, start, length, timestamp, verdict }: OrderedUnit) => ({
  writer: b4a.toString(key, 'hex'),
  start,
  length,
  timestamp,
  applied: verdict === 'applied'
})

async function expected(db: Autobee): Promise<ReturnType<typeof facts>[]> {
  const inspection = inspect(db)
  return [...(await inspection.past()), ...inspection.placements()].map(({ unit, applied }) => {
    const { writer, start, length, timestamp } = unit
    return { writer, start, length, timestamp, applied }
  })
}

const textOf = ({ values }: OrderedUnit) => values?.map(value => b4a.toString(value as Uint8Array)).join()

async function write(db: Autobee, count: number, name = 'k'): Promise<void> {
  for (let i = 0; i < count; i++) await db.append(op({ put: { [`${name}${i % 7}`]: `${name} ${i}` } }))
}

async function atRest(...dbs: Autobee[]): Promise<void> {
  const hash = (db: Autobee) => b4a.toString(inspect(db).orderHash(), 'hex')
  await until(() => dbs.every(db => inspect(db).cycle.isIdle) && new Set(dbs.map(hash)).size === 1)
}

for (const [name, history] of [
  ['all of it in memory', null],
  ['little of it in memory', SMALL]
] as const) {
  for (const seed of [1, 2, 3]) {
    test(`it is the order of the engine, ${name}: history ${seed}`, async () => {
      const random = new Random(seed)
      const clock = new Clock()
      const encryptionKey = seed === 3 ? random.bytes(32) : null
      const options = { now: clock.now, encryptionKey, ...limits(history) }
      const store = await h.store()
      const a = await h.peer(null, { store, ...options })
      const b = await h.peer(a.key, options)
      const c = await h.peer(a.key, options)
      await (await admit(a, b))()
      await (await admit(a, c, { indexer: false }))()
      for (let round = 0; round < 4; round++) {
        for (let i = random.int(10, 30); i > 0; i--) {
          clock.ms += random.int(0, 20)
          const db = random.pick([a, b, c])
          const values = Array.from({ length: random.int(1, 3) }, () =>
            op({ put: { [random.int(0, 9)]: i } })
          )
          await db.append(values)
        }
        const cuts = [connect(a, b), connect(b, c)]
        await atRest(a, b, c)
        for (const cut of cuts) await cut()
      }
      for (const db of [a, b, c]) {
        const order = await all(db)
        expect(order.map(facts)).toEqual(await expected(db))
        expect(order.map(({ position }) => position)).toEqual(order.map((_, i) => i))
        expect(db.orderLength).toBe(order.length)
      }
      if (history) expect(inspect(a).linearizer.base).toBeGreaterThan(0)
      const order = await all(a)
      expect(await all(a, { reverse: true })).toEqual([...order].reverse())
      for (let i = 0; i < 12; i++) {
        const [from, to, limit] = [0, 1, 2].map(() => random.int(0, order.length + 5)) as [
          number,
          number,
          number
        ]
        const slice = order.slice(from, to)
        expect(await all(a, { from, to, limit })).toEqual(slice.slice(0, limit))
        expect(await all(a, { from, to, limit, reverse: true })).toEqual(slice.reverse().slice(0, limit))
      }
      for (let i = 0; i < 12; i++) {
        const unit = random.pick(order)
        expect(await a.unit({ key: unit.key, length: random.int(unit.start + 1, unit.length) })).toEqual(unit)
      }
      await a.close()
      const again = await h.peer(null, { store, ...options })
      expect(await all(again)).toEqual(order)
    })
  }
}

test('a unit has its values, links and roles, and is a plain object', async () => {
  const a = await h.peer(null, { valueEncoding: 'json', apply: () => {} })
  await a.append([{ one: 1 }, 'two'])
  const [unit] = await all(a)
  expect(unit).toMatchObject({
    position: 0,
    start: 0,
    length: 2,
    state: 'ordered',
    values: [{ one: 1 }, 'two']
  })
  expect(unit).toMatchObject({ links: [], roles: [], ack: false, optimistic: false, isTentative: false })
  expect(unit).toMatchObject({ verdict: 'applied', reason: null, isHere: true })
  const clone = structuredClone(unit)
  expect(clone?.values).toEqual(unit?.values)
  expect(b4a.equals(clone?.key as Uint8Array, a.local.key)).toBe(true)
})

test('an ack is in it, with its link and no values; so is what gives a role', async () => {
  const a = await h.peer(null, { ackInterval: 1 })
  const b = await h.peer(a.key)
  await admit(a, b, { indexer: false })
  await b.append(op({ put: { b: 1 } }))
  await until(async () => (await all(a)).some(({ ack }) => ack))
  const order = await all(a)
  expect(order[0]?.roles).toEqual([{ key: b4a.from(b.local.key), role: 'writer' }])
  const ack = order.find(unit => unit.ack)
  expect(ack?.values).toEqual([])
  expect(ack?.verdict).toBe('applied')
  expect(ack?.links).toEqual([{ key: b4a.from(b.local.key), length: 1 }])
})

test('what is asked for first decides: later units and reorganisations do not show', async () => {
  const clock = new Clock()
  const options = { now: clock.now, ...limits(SMALL) }
  const a = await h.peer(null, options)
  const b = await h.peer(a.key, options)
  await (await admit(a, b))()
  await write(b, 20, 'fork')
  clock.ms += 1000
  await write(a, 120, 'main')
  const before = await all(a)
  expect(inspect(a).linearizer.base).toBeGreaterThan(0)
  const iterators = [a.order(), a.order({ reverse: true })]
  const seen: OrderedUnit[][] = []
  for (const iterator of iterators) seen.push([(await iterator.next()).value as OrderedUnit])
  connect(a, b)
  await atRest(a, b)
  await write(a, 3, 'late')
  for (const [i, iterator] of iterators.entries()) for await (const unit of iterator) seen[i]?.push(unit)
  expect(seen[0]).toEqual(before)
  expect(seen[1]).toEqual(before.reverse())
  expect(a.stats.reapplied).toBeGreaterThan(0)
  const after = await all(a)
  expect(after.length).toBe(144)
  expect(after.map(facts)).toEqual(await expected(a))
})

test('it goes on while the local writer is rotated', async () => {
  const a = await h.peer(null, limits(SMALL))
  await write(a, 100)
  const before = await all(a)
  const iterator = a.order()
  const seen = [(await iterator.next()).value as OrderedUnit]
  const { publicKey, secretKey } = await h.storeOf(a).createKeyPair('other')
  await a.setLocal({ publicKey, secretKey })
  for await (const unit of iterator) seen.push(unit)
  expect(seen).toEqual(before)
})

test('appends without end do not keep it from beginning', async () => {
  const a = await h.peer()
  let isOver = false
  const appends = (async () => {
    while (!isOver) await a.append(op({ put: { k: 1 } }))
  })()
  for (let i = 0; i < 5; i++) {
    const { orderLength } = a
    const order = await all(a)
    expect(order.length).toBeGreaterThanOrEqual(orderLength)
  }
  isOver = true
  await appends
})

test('of entries that were cleared from the store, values are null and isHere is false', async () => {
  const store = await h.store()
  const a = await h.peer(null, { store, ...limits(SMALL) })
  await write(a, 100)
  const core = h.storeOf(a).get({ key: a.local.key })
  await core.ready()
  await core.clear(10, 12)
  await core.close()
  const order = await all(a)
  expect(order.length).toBe(100)
  for (const { position, isHere, values } of order) {
    expect([position, isHere]).toEqual([position, position !== 10 && position !== 11])
    expect(values === null).toBe(!isHere)
  }
  expect(order[10]).toMatchObject({ start: 10, length: 11, verdict: 'applied', timestamp: null })
  expect(await a.unit({ key: a.local.key, length: 11 })).toEqual(order[10])
})

test('a unit of many entries is whole', async () => {
  const a = await h.peer(null, limits(SMALL))
  const values = Array.from({ length: 1500 }, (_, i) => op({ put: { [`${i}`]: i } }))
  await a.append(values)
  await write(a, 60)
  const order = await all(a)
  expect(order[0]?.values?.map(value => b4a.toString(value as Uint8Array))).toEqual(
    values.map(value => b4a.toString(value))
  )
  expect(order.length).toBe(61)
  expect(textOf(order[60] as OrderedUnit)).toBe(b4a.toString(op({ put: { k3: 'k 59' } })))
})

test('a writer who is met seldom is found in the far past', async () => {
  const a = await h.peer(null, limits(SMALL))
  const b = await h.peer(a.key, limits(SMALL))
  await admit(a, b)
  await write(a, 100)
  await b.append(op({ put: { rare: 1 } }))
  await sees(a, 'rare')
  await write(a, 200)
  expect(inspect(a).linearizer.base).toBeGreaterThan(150)
  expect(await a.unit({ key: b.local.key, length: 1 })).toEqual((await all(a))[101])
  expect(await a.unit({ key: b.local.key, length: 2 })).toBe(null)
})

test('what is not known here is null', async () => {
  const a = await h.peer()
  await write(a, 2)
  expect(await a.unit({ key: a.local.key, length: 3 })).toBe(null)
  expect(await a.unit({ key: a.local.key, length: 0 })).toBe(null)
  expect(await a.unit({ key: b4a.alloc(32, 7), length: 1 })).toBe(null)
})

test('options are checked when it is called', async () => {
  const a = await h.peer()
  const wrong: unknown[] = [
    { from: -1 },
    { to: 1.5 },
    { limit: Number.NaN },
    { from: '1' },
    { reverse: 1 },
    null,
    5
  ]
  for (const options of wrong) {
    let thrown: unknown = null
    try {
      a.order(options as never)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code: 'INVALID_ARGUMENT' })
  }
  await expect(a.unit(null as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(a.unit({ key: 'x', length: 1 })).rejects.toMatchObject({ code: 'INVALID_KEY' })
  await expect(a.unit({ key: a.local.key, length: -1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('it waits for ready, and rejects with CLOSED after close and in between', async () => {
  const store = await h.store()
  const a = h.make(store, null, limits(SMALL))
  expect(a.orderLength).toBe(0)
  expect(await all(a)).toEqual([])
  await write(a, 200)
  const iterator = a.order()
  await iterator.next()
  const unit = a.unit({ key: a.local.key, length: 1 })
  await unit
  await a.close()
  const rest = (async () => {
    for await (const _ of iterator);
  })()
  await expect(rest).rejects.toMatchObject({ code: 'CLOSED' })
  await expect(all(a)).rejects.toMatchObject({ code: 'CLOSED' })
  await expect(a.unit({ key: a.local.key, length: 1 })).rejects.toMatchObject({ code: 'CLOSED' })
})
