import fc from 'fast-check'
import { expect, test } from 'vitest'
import { COLOURS, colourClass, coloursOf } from '../../demo/page/colours.ts'
import { describe, reasonInWords, summarise, Titles, type Words } from '../../demo/page/order/describe.ts'
import { targetOf } from '../../demo/page/order/keyboard.ts'
import { movesBetween, type Placed, sentenceOf } from '../../demo/page/order/moves.ts'
import { clock, dateTime, inFull } from '../../demo/page/order/times.ts'
import type { OrderedUnit } from '../../src/index.ts'

const titles = new Titles()
const words: Words = {
  nameOf: writer => `Mr ${writer}`,
  titleOf: id => titles.get(id),
  colourOf: colourClass
}

function placed(
  position: number,
  { writer = 'a', length = position + 1, ...rest }: Partial<OrderedUnit> & { writer?: string } = {}
): Placed {
  const unit: OrderedUnit = {
    key: new Uint8Array(32),
    start: length - 1,
    length,
    timestamp: 1,
    links: [],
    optimistic: false,
    ack: false,
    isHere: true,
    values: [{ op: 'item', id: 'x', text: `${writer}${length}` }],
    state: 'ordered',
    position,
    isTentative: false,
    verdict: 'applied',
    reason: null,
    roles: [],
    ...rest
  }
  return { id: `${writer}/${length}`, writer, unit }
}

test('every op is a sentence with what it is about', () => {
  titles.learn({
    values: [
      { op: 'item', id: 'i', text: 'Milk' },
      { op: 'list', id: 'l', title: 'Shopping' }
    ]
  })
  const said = [
    { op: 'item', id: 'i', text: 'Milk' },
    { op: 'edit', id: 'i', done: true },
    { op: 'unlist', id: 'l' },
    { op: 'admit', key: 'k' },
    { op: 'move', id: 'unknown', list: 'l' },
    { op: 'none' }
  ].map(op => describe(op, words))
  expect(said).toEqual([
    'added “Milk”',
    'ticked off “Milk”',
    'put the list “Shopping” into the bin',
    'let Mr k in',
    'moved something',
    'wrote something that this page does not know'
  ])
})

test('what is rewritten is called as its editor saw it, whatever it is called by now', () => {
  titles.learn({ values: [{ op: 'edit', id: 'r', text: 'Two litres of milk' }] })
  const said = [
    { op: 'edit', id: 'r', text: 'Two litres of milk', was: 'Milk' },
    { op: 'edit', id: 'r', text: 'Milk' },
    { op: 'list', id: 'r', title: 'Food', was: 'Shopping' }
  ].map(op => describe(op, words))
  expect(said).toEqual([
    'rewrote “Milk” as “Two litres of milk”',
    'rewrote “Two litres of milk” as “Milk”',
    'renamed the list “Shopping” to “Food”'
  ])
})

test('the first writers of a board all have colours of their own; whoever has not joined has one by the key', () => {
  const writers = Array.from({ length: COLOURS + 1 }, (_, index) => `writer ${index}`)
  const classes = writers.map(writer => colourClass(writer, coloursOf(writers)))
  expect(new Set(classes.slice(0, COLOURS)).size).toBe(COLOURS)
  expect(classes[COLOURS]).toBe(classes[0])
  expect(colourClass('stranger', coloursOf(writers))).toBe(colourClass('stranger'))
  expect(colourClass('stranger')).toMatch(/^writer-[0-7]$/)
})

test('any value has words, and they are short', () => {
  fc.assert(
    fc.property(fc.anything(), fc.string(), fc.anything(), (value, name, field) => {
      for (const given of [
        value,
        { op: name, id: field, text: field, title: field },
        { op: 'edit', note: field, done: value }
      ]) {
        const text = describe(given, words)
        expect(text.length).toBeGreaterThan(3)
        expect(text.length).toBeLessThan(400)
      }
    })
  )
  expect(describe({ op: 'item', text: 'x'.repeat(1000) }, words).length).toBeLessThan(80)
})

test('a unit says its first change and how many more; what holds nothing says so', () => {
  expect(summarise(placed(0, { values: [{ op: 'item', text: 'A' }, {}, {}] }).unit, words)).toBe(
    'added “A”, and 2 more'
  )
  const empty = [{ ack: true, values: [] }, { isHere: false, values: null }, { values: null }]
  const said = empty.map(one => summarise(placed(0, one).unit, words))
  expect(new Set(said).size).toBe(3)
})

test('every reason has a sentence of its own', () => {
  const skips = ['NOT_A_WRITER', 'NOT_ACKNOWLEDGED', 'APPLY_FAILED', 'INVALID_VALUE', 'SKIPPED'] as const
  const waits = ['CLOCK', 'LINKS', 'RECOVERING', 'NOT_A_WRITER', 'INTERRUPTED', 'APPLY_FAILED', null] as const
  const said = [
    ...skips.map(reason => reasonInWords({ state: 'ordered', reason })),
    ...waits.map(reason => reasonInWords({ state: 'waiting', reason }))
  ]
  expect(new Set(said).size).toBe(said.length)
  expect(said.every(sentence => sentence.endsWith('.'))).toBe(true)
})

test('an append moves nothing; what came in between moves what is behind it', () => {
  const [a, b] = [placed(0), placed(1)]
  expect(movesBetween([a], [a, b])).toBe(null)
  const moves = movesBetween(
    [b],
    [placed(1, { writer: 'c', length: 1 }), placed(2, { length: 2 }), placed(3)]
  )
  expect([...(moves?.from ?? [])]).toEqual([['a/2', 1]])
  expect(moves?.inserted.map(({ id }) => id)).toEqual(['c/1'])
  if (moves)
    expect(sentenceOf(moves, words)).toBe('1 entry moved: Mr a added “a2”. 1 entry by Mr c came in before.')
})

test('what has another fate is told, too', () => {
  const moves = movesBetween([placed(1)], [placed(1, { verdict: 'skipped', reason: 'NOT_A_WRITER' })])
  expect(moves && sentenceOf(moves, words)).toBe('1 entry is skipped now.')
})

test('keys go along the order and to the nearest entry of the next lane that has one', () => {
  const order = [placed(0), placed(1, { writer: 'c' }), placed(2), placed(3, { writer: 'c' }), placed(4)]
  const here = {
    placed: new Map(order.map(one => [one.unit.position, one])),
    lanes: ['a', 'b', 'c'],
    first: 0,
    length: 5
  }
  const go = (key: string, at: number) => targetOf(key, { ...here, at })
  expect(['ArrowUp', 'ArrowDown', 'Home', 'End', 'PageUp', 'PageDown'].map(key => go(key, 2))).toEqual([
    1, 3, 0, 4, 0, 4
  ])
  expect([go('ArrowUp', 0), go('ArrowDown', 4)]).toEqual([0, 4])
  expect([go('ArrowRight', 0), go('ArrowRight', 4), go('ArrowRight', 1)]).toEqual([1, 3, null])
  expect([go('ArrowLeft', 3), go('ArrowLeft', 0), go('x', 0)]).toEqual([2, null, null])
})

test('any number is a time that can be shown', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), at => {
      expect(clock(at).length).toBeGreaterThan(0)
      expect(inFull(at).length).toBeGreaterThan(0)
      expect(typeof dateTime(at) === 'string' || Math.abs(at) > 8.64e15).toBe(true)
    })
  )
})
