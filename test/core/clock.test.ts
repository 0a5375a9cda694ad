import { expect, test } from 'vitest'
import type { Autobee } from '../../src/index.ts'
import { admit, Clock, collect, connect, contents, harness, op, sees, until } from './harness.ts'

const h = harness()
const MINUTE = 60_000
const YEAR = 365 * 24 * 60 * MINUTE

/** Resolves when appends are refused: peers tell each other the time when they connect. */
async function isSkewed(db: Autobee): Promise<void> {
  // apply cannot parse it: nothing is ever written
  await until(async () => (await db.append('not json').catch(error => error)).code === 'CLOCK_SKEW')
}

test('an entry from the far future waits, says so, and is applied when the clock catches up', async () => {
  const clock = new Clock()
  const a = await h.peer(null, { now: clock.now })
  const evil = await h.hostile(a.key as Uint8Array)
  const waiting = collect(a, 'waiting')
  connect(a, evil)
  await a.append(op({ addWriter: evil.core.id }))
  await evil.write({ value: op({ put: { future: 1 } }), timestamp: clock.ms + 20 * MINUTE })
  await until(() => waiting.length > 0)
  expect(waiting).toEqual([{ reason: 'CLOCK', key: evil.key, length: 1 }])
  await a.append(op({ put: { present: 1 } }))
  await expect(a.flush()).rejects.toMatchObject({ code: 'WAITING', reason: 'CLOCK' })
  expect(await contents(a)).toEqual({ present: '1' })
  clock.ms += 11 * MINUTE
  await a.flush()
  expect(await contents(a)).toEqual({ future: '1', present: '1' })
  expect(waiting.length).toBe(1)
})

test('an entry that is less than the drift ahead is applied at once', async () => {
  const clock = new Clock()
  const a = await h.peer(null, { now: clock.now })
  const evil = await h.hostile(a.key as Uint8Array)
  connect(a, evil)
  await a.append(op({ addWriter: evil.core.id }))
  await evil.write({ value: op({ put: { future: 1 } }), timestamp: clock.ms + 9 * MINUTE })
  await sees(a, 'future')
  // what comes after it is later than it
  await a.append(op({ put: { next: 1 } }))
  expect(await contents(a)).toEqual({ future: '1', next: '1' })
})

test('an entry ahead of the clock is taken by itself when its time has come', async () => {
  const a = await h.peer(null, { maxClockDrift: 0 })
  const evil = await h.hostile(a.key as Uint8Array)
  const waiting = collect(a, 'waiting')
  connect(a, evil)
  await a.append(op({ addWriter: evil.core.id }))
  await evil.write({ value: op({ put: { soon: 1 } }), timestamp: Date.now() + 500 })
  await sees(a, 'soon')
  expect(waiting).toMatchObject([{ reason: 'CLOCK' }])
})

test('an entry of the last moment that numbers have waits, and the rest goes on', async () => {
  const store = await h.store()
  const a = await h.peer(null, { store })
  const evil = await h.hostile(a.key as Uint8Array)
  const waiting = collect(a, 'waiting')
  connect(a, evil)
  await a.append(op({ addWriter: evil.core.id }))
  await evil.write({ value: op({ put: { never: 1 } }), timestamp: Number.MAX_SAFE_INTEGER })
  await until(() => waiting.length > 0)
  await a.append(op({ put: { on: 1 } }))
  await a.close()
  const again = await h.peer(null, { store })
  await again.append(op({ put: { again: 1 } }))
  expect(await contents(again)).toEqual({ on: '1', again: '1' })
})

test.each([
  ['ahead', YEAR],
  ['behind', -YEAR]
])(
  "a clock a year %s of its peers' refuses to append: CLOCK_SKEW, until it is set right",
  async (_, skew) => {
    const clock = new Clock()
    const a = await h.peer()
    const b = await h.peer(a.key, { now: clock.now })
    const cut = await admit(a, b)
    await b.append(op({ put: { before: 1 } }))
    await cut()
    clock.ms += skew
    const cutAgain = connect(a, b)
    await isSkewed(b)
    expect(b.local.length).toBe(1)
    await cutAgain()
    clock.ms = Date.now()
    await b.append(op({ put: { after: 1 } }))
    connect(a, b)
    await sees(a, 'before', 'after')
  }
)

test('with one peer whose clock is wrong and one whose clock is right, appends go on', async () => {
  const wrong = new Clock(Date.now() + YEAR)
  const a = await h.peer()
  const b = await h.peer(a.key)
  const c = await h.peer(a.key, { now: wrong.now })
  await admit(a, b)
  await admit(a, c)
  connect(b, c)
  await isSkewed(c)
  await a.append(op({ put: { a: 1 } }))
  await b.append(op({ put: { b: 1 } }))
  for (const db of [a, b, c]) await sees(db, 'a', 'b')
})

test('appending offline needs nobody else to have the time', async () => {
  const a = await h.peer(null, { now: () => 1000 })
  await a.append(op({ put: { old: 1 } }))
  expect(await contents(a)).toEqual({ old: '1' })
})

test('own entries are never stamped earlier than the ones before, though the clock is set back', async () => {
  const clock = new Clock()
  const stamps: number[] = []
  const store = await h.store()
  const options = {
    store,
    now: clock.now,
    apply: (nodes: { timestamp: number }[]) => {
      stamps.push(...nodes.map(node => node.timestamp))
    }
  }
  const a = await h.peer(null, options)
  await a.append('one')
  clock.ms -= YEAR
  await a.append('two')
  await a.close()
  const again = await h.peer(null, options)
  await again.append('three')
  expect(stamps.length).toBe(3)
  expect(stamps).toEqual([...stamps].sort((x, y) => x - y))
  expect(again.local.length).toBe(3)
})
