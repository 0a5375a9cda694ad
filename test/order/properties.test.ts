import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareUnits, Linearizer, nextTimestamp } from '../../src/order/index.ts'
import { Driver } from './driver.ts'
import { applyFor, histories, runs, type TestUnit } from './history.ts'
import { causalPast, orderOf } from './oracle.ts'

/** No time limit that counts: ORDER_RUNS decides how long it takes. */
const patience = runs(60_000)

const choices = (maxLength: number) => fc.array(fc.nat(0xffff), { maxLength, size: 'max' })

describe('properties of the order', () => {
  it(
    'whatever arrives when, and whatever is taken back in between, the order is the one of the oracle',
    () => {
      fc.assert(
        fc.property(histories({ maxActions: 40 }), choices(50), (history, steps) => {
          const driver = new Driver(history)
          for (const step of steps) driver.step(step)
          driver.finish()
        }),
        { numRuns: runs(250) }
      )
    },
    patience
  )

  it(
    'the same holds for a peer that shows its own optimistic units on top',
    () => {
      fc.assert(
        fc.property(histories({ maxActions: 40 }), choices(50), fc.nat(4), (history, steps, local) => {
          const driver = new Driver(history, history.peers[local])
          for (const step of steps) driver.step(step)
          driver.finish()
        }),
        { numRuns: runs(250) }
      )
    },
    patience
  )

  it(
    'one unit after the other, in any causal order, gives the order from scratch',
    () => {
      fc.assert(
        fc.property(histories({ maxActions: 80 }), choices(80), (history, picks) => {
          const apply = applyFor(history.bootstrap)
          const lin = new Linearizer<TestUnit>({
            bootstrap: history.bootstrap
          })
          let missing = [...history.units]
          for (let i = 0; missing.length > 0; i++) {
            const ready = missing.filter(unit => [...causalPast(unit, missing)].length === 0)
            const unit = ready[(picks[i] ?? 0) % ready.length]!
            missing = missing.filter(other => other !== unit)
            lin.add(unit)
            lin.settle()
            drain(lin, apply)
          }
          expect(placements(lin)).toEqual(
            orderOf(history.units, { bootstrap: history.bootstrap, apply }).map(
              ({ candidate: _, ...placed }) => placed
            )
          )
        }),
        { numRuns: runs(150) }
      )
    },
    patience
  )

  it(
    'a tentative unit never stands before one of the shared order',
    () => {
      fc.assert(
        fc.property(histories({ maxActions: 40 }), fc.nat(4), (history, local) => {
          const apply = applyFor(history.bootstrap)
          const mine = new Linearizer<TestUnit>({
            bootstrap: history.bootstrap,
            local: history.peers[local]!
          })
          const shared = new Linearizer<TestUnit>({
            bootstrap: history.bootstrap
          })
          for (const unit of [...history.units].sort(compareUnits)) {
            mine.add(unit)
            shared.add(unit)
          }
          drain(mine, apply)
          drain(shared, apply)
          expect(placements(mine).slice(0, shared.length)).toEqual(placements(shared))
          if (mine.length > shared.length) expect(mine.at(shared.length).mode).toBe('tentative')
        }),
        { numRuns: runs(150) }
      )
    },
    patience
  )
})

describe('compareUnits', () => {
  const unit = fc.record({
    writer: fc.constantFrom('a', 'b', 'B', 'aa'),
    start: fc.constant(0),
    length: fc.integer({ min: 1, max: 3 }),
    timestamp: fc.nat(3),
    links: fc.constant([]),
    optimistic: fc.boolean()
  })

  it('is a total order that returns 0 for equals only', () => {
    fc.assert(
      fc.property(unit, unit, unit, (a, b, c) => {
        const same = a.timestamp === b.timestamp && a.writer === b.writer && a.length === b.length
        expect(compareUnits(a, b) === 0).toBe(same)
        expect(Math.sign(compareUnits(a, b))).toBe(0 - Math.sign(compareUnits(b, a)))
        if (compareUnits(a, b) <= 0 && compareUnits(b, c) <= 0)
          expect(compareUnits(a, c)).toBeLessThanOrEqual(0)
      }),
      { numRuns: runs(500) }
    )
  })
})

describe('nextTimestamp', () => {
  it('is not before the wall clock nor the own previous unit, later than every link, and no later than it must be', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (now, previous, linked) => {
        const timestamp = nextTimestamp({ now, previous, linked })
        expect(timestamp).toBeGreaterThanOrEqual(now)
        expect(timestamp).toBeGreaterThanOrEqual(previous)
        expect(timestamp).toBeGreaterThan(linked)
        expect([now, previous, linked + 1]).toContain(timestamp)
      }),
      { numRuns: runs(200) }
    )
  })
})

function drain(lin: Linearizer<TestUnit>, apply: ReturnType<typeof applyFor>): void {
  for (let placed = lin.next(); placed !== null; placed = lin.next()) {
    const before = placements(lin).slice(0, -1)
    lin.done(placed.verdict === 'skip' ? { applied: false, changes: [] } : apply(placed.unit, before))
  }
}

function placements(lin: Linearizer<TestUnit>) {
  return Array.from({ length: lin.length }, (_, position) => lin.at(position))
}
