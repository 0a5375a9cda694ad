import b4a from 'b4a'
import { expect, test } from 'vitest'
import type { HistoryLimits } from '../../src/engine/history.ts'
import { Autobee, type AutobeeOptions, type OrderedUnit, type WaitingUnit } from '../../src/index.ts'
import { HISTORY } from '../../src/options.ts'
import { apply } from '../support/peers.ts'
import { admit, Clock, collect, connect, harness, op, sees, until } from './harness.ts'

const h = harness()
const MINUTE = 60_000
const SMALL: HistoryLimits = { spacing: 4, keep: 4, recent: 1, tail: 8 }

async function all(db: Autobee): Promise<OrderedUnit[]> {
  const units: OrderedUnit[] = []
  for await (const unit of db.order()) units.push(unit)
  return units
}

async function waiting(db: Autobee): Promise<WaitingUnit[]> {
  const units: WaitingUnit[] = []
  for await (const unit of db.order({ waiting: true })) units.push(unit)
  return units
}

const id = ({ key, length }: { key: Uint8Array; length: number }) => `${b4a.toString(key, 'hex')}/${length}`

/** A database with one skipped unit of each kind, brought in by a hostile indexer, and where they are. */
async function withSkipped(options: AutobeeOptions = {}) {
  const store = await h.store()
  const a = await h.peer(null, { store, ...options })
  const evil = await h.hostile(a.key as Uint8Array)
  connect(a, evil)
  await a.append(op({ addWriter: evil.core.id }))
  const timestamp = Date.now() - MINUTE
  const strangers = {
    NOT_A_WRITER: { value: op({ put: { x: 1 } }) },
    NOT_ACKNOWLEDGED: { value: op({ put: { x: 1 } }), optimistic: true },
    APPLY_FAILED: { value: b4a.from('not json'), optimistic: true }
  }
  const keys = new Map<string, string>()
  const links: { key: Uint8Array; length: number }[] = []
  for (const [reason, entry] of Object.entries(strangers)) {
    const stranger = await h.hostile(a.key as Uint8Array)
    connect(a, stranger)
    await stranger.write({ ...entry, timestamp })
    keys.set(id({ key: stranger.key, length: 1 }), reason)
    links.push({ key: stranger.key, length: 1 })
  }
  links.sort((x, y) => b4a.compare(x.key, y.key))
  await evil.write({ value: op({ put: { evil: 1 } }), links, timestamp: timestamp + 1 })
  await sees(a, 'evil')
  const skipped = async (db: Autobee) =>
    (await all(db)).flatMap(unit => (unit.verdict === 'skipped' ? [[keys.get(id(unit)), unit.reason]] : []))
  return { a, store, keys, skipped }
}

test('a skipped unit says why', async () => {
  const { a, skipped } = await withSkipped()
  const rejected = await skipped(a)
  expect(rejected.length).toBe(3)
  for (const [expected, reason] of rejected) expect(reason).toBe(expected)
})

test('opened again, it says what the store still tells, and SKIPPED for the rest', async () => {
  for (const options of [{}, { [HISTORY]: SMALL } as AutobeeOptions]) {
    const { a, store, skipped } = await withSkipped(options)
    for (let i = 0; i < 40; i++) await a.append(op({ put: { k: i } }))
    await a.close()
    const again = await h.peer(null, { store, ...options })
    const rejected = await skipped(again)
    expect(rejected.length).toBe(3)
    for (const [expected, reason] of rejected)
      expect(reason).toBe(expected === 'NOT_A_WRITER' ? expected : 'SKIPPED')
  }
})

test('a value that does not decode: INVALID_VALUE, and no values', async () => {
  const store = await h.store()
  const options: AutobeeOptions = {
    valueEncoding: 'json',
    apply: (nodes, view, host) =>
      apply(
        nodes.map(node => ({ ...node, value: b4a.from(JSON.stringify(node.value)) as never })),
        view,
        host
      )
  }
  const a = await h.peer(null, { store, ...options })
  const evil = await h.hostile(a.key as Uint8Array)
  const rejected = collect(a, 'rejected')
  connect(a, evil)
  await a.append({ addWriter: evil.core.id })
  await evil.write({ value: b4a.from('{broken'), timestamp: Date.now() })
  await until(() => rejected.length > 0)
  const isSkipped = { verdict: 'skipped', reason: 'INVALID_VALUE', values: null, isHere: true }
  expect(await a.unit({ key: evil.key, length: 1 })).toMatchObject(isSkipped)
  await a.close()
  const again = await h.peer(null, { store, ...options })
  expect(await again.unit({ key: evil.key, length: 1 })).toMatchObject(isSkipped)
})

test('a stranger sees its own optimistic units as tentative, and not any more once it was let in', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  const cut = connect(a, b)
  await a.append(op({ put: { a: 1 } }))
  await sees(b, 'a')
  await cut()
  await b.append(op({ ack: true, put: { b: 1 } }), { optimistic: true })
  const [first, second] = await all(b)
  expect(first).toMatchObject({ isTentative: false, position: 0 })
  expect(second).toMatchObject({ isTentative: true, position: 1, optimistic: true, verdict: 'applied' })
  connect(a, b)
  await sees(a, 'b')
  await until(async () => (await all(b)).every(({ isTentative }) => !isTentative))
  expect(await a.unit({ key: b.local.key, length: 1 })).toMatchObject({
    optimistic: true,
    verdict: 'applied'
  })
})

test('a unit from the future waits for the clock', async () => {
  const clock = new Clock()
  const a = await h.peer(null, { now: clock.now })
  const evil = await h.hostile(a.key as Uint8Array)
  const told = collect(a, 'waiting')
  connect(a, evil)
  await a.append(op({ addWriter: evil.core.id }))
  const timestamp = clock.ms + 20 * MINUTE
  await evil.write({ value: op({ put: { future: 1 } }), timestamp }, { value: op({}), timestamp })
  await until(() => told.length > 0)
  const units = await waiting(a)
  expect(units.map(({ length, reason }) => [length, reason])).toEqual([
    [1, 'CLOCK'],
    [2, 'CLOCK']
  ])
  expect(units[0]).toMatchObject({ state: 'waiting', position: null, verdict: null, timestamp, isHere: true })
  expect(await a.unit({ key: evil.key, length: 1 })).toEqual(units[0])
  expect((await all(a)).length).toBe(1)
  clock.ms += 15 * MINUTE
  await a.flush()
  expect(await waiting(a)).toEqual([])
  expect(await a.unit({ key: evil.key, length: 1 })).toMatchObject({ state: 'ordered', position: 1 })
})

test('a unit waits for what it links to', async () => {
  const a = await h.peer()
  const evil = await h.hostile(a.key as Uint8Array)
  const told = collect(a, 'waiting')
  connect(a, evil)
  await a.append(op({ addWriter: evil.core.id }))
  const links = [{ key: b4a.alloc(32, 5), length: 3 }]
  await evil.write({ value: op({ put: { x: 1 } }), links })
  await until(() => told.length > 0)
  expect(await waiting(a)).toMatchObject([{ reason: 'LINKS', links, length: 1 }])
})

test('what a removed writer goes on to write waits: NOT_A_WRITER', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  await (await admit(a, b, { indexer: false }))()
  await a.append(op({ removeWriter: b.local.id }))
  await b.append(op({ put: { late: 1 } }))
  connect(a, b)
  await until(async () => (await waiting(a)).length > 0)
  const [unit] = await waiting(a)
  expect(unit).toMatchObject({ length: 1, reason: 'NOT_A_WRITER', values: [op({ put: { late: 1 } })] })
  expect(b4a.equals(unit?.key as Uint8Array, b.local.key)).toBe(true)
})

test('limit and reverse hold for what waits', async () => {
  const clock = new Clock()
  const a = await h.peer(null, { now: clock.now })
  const evil = await h.hostile(a.key as Uint8Array)
  connect(a, evil)
  await a.append(op({ addWriter: evil.core.id }))
  const timestamp = clock.ms + 20 * MINUTE
  await evil.write(...[0, 1, 2].map(() => ({ value: op({}), timestamp })))
  await until(async () => (await waiting(a)).length === 3)
  const lengths: number[] = []
  for await (const { length } of a.order({ waiting: true, limit: 2, reverse: true })) lengths.push(length)
  expect(lengths).toEqual([3, 2])
})

test('what apply interrupted says so', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key, {
    apply: async (nodes, view, host) => {
      if (nodes.some(({ value }) => b4a.toString(value).includes('stop'))) host.interrupt('stop')
      await apply(nodes, view, host)
    }
  })
  connect(a, b)
  const interrupts = collect(b, 'interrupt')
  await a.append(op({ put: { a: 1 } }))
  await a.append(op({ put: { stop: 1 } }))
  await until(() => interrupts.length > 0)
  await until(async () => (await waiting(b)).some(({ reason }) => reason === 'INTERRUPTED'))
  expect((await all(b)).length).toBe(1)
})

test('a database that stopped at an apply that threw still shows its order, and where it stopped', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key, {
    apply: async (nodes, view, host) => {
      if (nodes.some(({ value }) => b4a.toString(value).includes('bad'))) throw new Error('bad')
      await apply(nodes, view, host)
    }
  })
  const errors = collect(b, 'error')
  connect(a, b)
  await a.append(op({ put: { a: 1 } }))
  await a.append(op({ put: { bad: 1 } }))
  await until(() => errors.length > 0)
  expect((await all(b)).length).toBe(1)
  expect(await b.unit({ key: a.local.key, length: 2 })).toMatchObject({
    state: 'waiting',
    reason: 'APPLY_FAILED'
  })
})

test('Autobee lists what it lists without an apply, too', async () => {
  const { store } = await h.store()
  const a = new Autobee(store, null)
  await a.append('anything')
  expect((await all(a)).map(({ verdict }) => verdict)).toEqual(['applied'])
  await a.close()
})
