import b4a from 'b4a'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ChangeCursor, Overlay } from '../../src/apply/overlay.ts'
import { AutobeeError } from '../../src/errors.ts'
import { type Bounds, bounds, bytes, inRange, key, toRange, value } from './model.ts'

/** What an overlay should hold: every key with its value, or null when it is deleted. */
interface Model {
  cleared: boolean
  changes: [key: string, value: string | null][]
}

type Step =
  | { type: 'put'; key: string; value: string }
  | { type: 'delete'; key: string }
  | { type: 'clear' }
  | { type: 'mark' }
  | { type: 'reset' }
  | { type: 'rollback'; nth: number }
  | { type: 'release'; nth: number }
  | { type: 'range' | 'keep'; bounds: Bounds }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('put' as const), key, value }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('clear' as const, 'reset' as const) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('mark' as const) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('rollback', 'release'), nth: fc.nat(3) }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constantFrom('range', 'keep'), bounds }) }
)

describe('the overlay', () => {
  test('is what a plain sorted list is, whatever is put, deleted, cleared and rolled back', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), steps => {
        const overlay = new Overlay()
        let model: Model = { cleared: false, changes: [] }
        let marks: { mark: number; model: Model }[] = []
        const kept: { cursor: ChangeCursor; expected: unknown }[] = []

        for (const step of steps) {
          if (step.type === 'put') {
            overlay.put(bytes(step.key), bytes(step.value))
            model = changed(model, step)
          } else if (step.type === 'delete') {
            overlay.delete(bytes(step.key))
            model = changed(model, { key: step.key, value: null })
          } else if (step.type === 'clear') {
            overlay.clearAll()
            model = { cleared: true, changes: [] }
          } else if (step.type === 'reset') {
            overlay.reset()
            model = { cleared: false, changes: [] }
            marks = []
          } else if (step.type === 'mark') {
            marks.push({ mark: overlay.mark(), model })
          } else if (step.type === 'rollback' || step.type === 'release') {
            const position = marks.length - 1 - step.nth
            const savepoint = marks[position]
            if (savepoint === undefined) continue
            if (step.type === 'rollback') {
              overlay.rollback(savepoint.mark)
              model = savepoint.model
              marks.length = position + 1
            } else {
              overlay.release(savepoint.mark)
              marks.length = position
            }
          } else {
            const range = toRange(step.bounds)
            const expected = inRange(model.changes, step.bounds)
            if (step.type === 'keep') kept.push({ cursor: overlay.entries(range), expected })
            else expect(list(overlay.entries(range))).toEqual(expected)
          }
          expectState(overlay, model)
        }

        expect(list(overlay.entries())).toEqual(model.changes)
        for (const { cursor, expected } of kept) expect(list(cursor)).toEqual(expected)
      }),
      { numRuns: 400 }
    )
  })

  test('keeps its order with thousands of changes, made one by one between ranges and in bulk', () => {
    const overlay = new Overlay()
    const model = new Map<string, string | null>()
    let seed = 1
    const random = (n: number) => {
      seed = (seed * 48271) % 2147483647
      return seed % n
    }
    const randomKey = () => `key-${String(random(5000)).padStart(5, '0')}`
    const check = (range: Bounds) => {
      const sorted = [...model].sort(([a], [b]) => (a < b ? -1 : 1))
      expect(list(overlay.entries(toRange(range)))).toEqual(inRange(sorted, range))
    }

    const kept: { cursor: ChangeCursor; expected: unknown }[] = []
    for (let round = 0; round < 60; round++) {
      const before = new Map(model)
      const mark = overlay.mark()
      const bulk = random(3) === 0
      for (let i = bulk ? 1500 : 20; i > 0; i--) {
        const key = randomKey()
        const value = random(4) === 0 ? null : `${round}.${i}`
        if (value === null) overlay.delete(bytes(key))
        else overlay.put(bytes(key), bytes(value))
        model.set(key, value)
        if (i % (bulk ? 400 : 4) === 0) check({ gte: randomKey(), lt: randomKey(), reverse: i % 8 === 0 })
      }
      if (round % 6 === 0) kept.push({ cursor: overlay.entries(), expected: list(overlay.entries()) })
      if (round % 4 === 3) {
        overlay.rollback(mark)
        model.clear()
        for (const [key, value] of before) model.set(key, value)
      }
      check({ reverse: round % 2 === 0 })
    }
    for (const { cursor, expected } of kept) expect(list(cursor)).toEqual(expected)
  })

  test('keeps its order when neighbours vanish by the hundred', () => {
    const overlay = new Overlay()
    overlay.clearAll()
    const keys = Array.from({ length: 1000 }, (_, i) => `key-${String(i).padStart(4, '0')}`)
    for (const key of keys) overlay.put(bytes(key), bytes(key))
    const expected = keys.map(key => [key, key])
    expect(list(overlay.entries())).toEqual(expected)

    const mark = overlay.mark()
    for (let first = 100; first < 700; first += 50) {
      for (const key of keys.slice(first, first + 50)) overlay.delete(bytes(key))
      const left = [...expected.slice(0, 100), ...expected.slice(first + 50)]
      expect(list(overlay.entries())).toEqual(left)
      expect(list(overlay.entries({ reverse: true }))).toEqual(left.reverse())
    }
    overlay.rollback(mark)
    expect(list(overlay.entries())).toEqual(expected)
    for (const key of keys) overlay.delete(bytes(key))
    expect(list(overlay.entries())).toEqual([])
  })

  test('counts the bytes of keys and values that it holds', () => {
    const overlay = new Overlay()
    overlay.put(bytes('key'), bytes('value'))
    expect([overlay.size, overlay.bytes]).toEqual([1, 8])
    overlay.put(bytes('key'), bytes('v'))
    expect([overlay.size, overlay.bytes]).toEqual([1, 4])
    overlay.delete(bytes('key'))
    expect([overlay.size, overlay.bytes, overlay.deletions]).toEqual([1, 3, 1])
    overlay.clearAll()
    expect([overlay.size, overlay.bytes, overlay.deletions]).toEqual([0, 0, 0])
  })

  test('leaves no trace of a deletion above a cleared tree', () => {
    const overlay = new Overlay()
    overlay.clearAll()
    overlay.put(bytes('a'), bytes('1'))
    overlay.delete(bytes('a'))
    overlay.delete(bytes('b'))
    expect(overlay.size).toBe(0)
    expect(overlay.lookup(bytes('a'))).toBeUndefined()
    expect(overlay.cleared).toBe(true)
  })

  test('sorts by bytes, not by characters', () => {
    const overlay = new Overlay()
    const keys = [[], [0], [0x7f], [0x80], [0xc3, 0xa9], [0xff], [0xff, 0]].map(k => Uint8Array.from(k))
    for (const key of [...keys].reverse()) overlay.put(key, key)
    expect([...overlay.entries()].map(change => [...change.key])).toEqual(keys.map(k => [...k]))
  })

  test('refuses savepoints that were rolled back, released or reset', () => {
    const overlay = new Overlay()
    const outer = overlay.mark()
    const inner = overlay.mark()
    overlay.rollback(outer)
    overlay.put(bytes('a'), bytes('1'))
    expectVoid(() => overlay.rollback(inner))
    expect(overlay.size).toBe(1)

    const later = overlay.mark()
    overlay.release(outer)
    expectVoid(() => overlay.rollback(outer))
    expectVoid(() => overlay.rollback(later))

    const last = overlay.mark()
    overlay.reset()
    expectVoid(() => overlay.rollback(last))
    expectVoid(() => overlay.release(last))
    expectVoid(() => overlay.rollback(Number.NaN))
  })

  test('rolls back to the same savepoint as often as asked', () => {
    const overlay = new Overlay()
    overlay.put(bytes('a'), bytes('1'))
    const mark = overlay.mark()
    for (let i = 0; i < 3; i++) {
      overlay.clearAll()
      overlay.put(bytes('b'), bytes('2'))
      overlay.rollback(mark)
      expect(list(overlay.entries())).toEqual([['a', '1']])
      expect(overlay.cleared).toBe(false)
    }
  })
})

function list(cursor: ChangeCursor): [string, string | null][] {
  const changes: [string, string | null][] = []
  for (const { key, value } of cursor) {
    changes.push([b4a.toString(key, 'latin1'), value === null ? null : b4a.toString(value, 'latin1')])
  }
  return changes
}

function changed(model: Model, { key, value }: { key: string; value: string | null }): Model {
  const changes = model.changes.filter(change => change[0] !== key)
  if (value !== null || !model.cleared) changes.push([key, value])
  changes.sort(([a], [b]) => (a < b ? -1 : 1))
  return { cleared: model.cleared, changes }
}

function expectState(overlay: Overlay, model: Model): void {
  expect(overlay.cleared).toBe(model.cleared)
  expect(overlay.size).toBe(model.changes.length)
  expect(overlay.deletions).toBe(model.changes.filter(([, value]) => value === null).length)
  expect(overlay.bytes).toBe(model.changes.reduce((sum, [k, v]) => sum + k.length + (v?.length ?? 0), 0))
  for (const [key, value] of model.changes) {
    const found = overlay.lookup(bytes(key))?.value
    expect(found && b4a.toString(found, 'latin1')).toEqual(value)
  }
}

function expectVoid(fn: () => void): void {
  try {
    fn()
  } catch (error) {
    expect(AutobeeError.is(error, 'INVALID_ARGUMENT')).toBe(true)
    return
  }
  expect.unreachable('the savepoint should be void')
}
