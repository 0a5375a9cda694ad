import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LIMITS } from '../../demo/board/limits.ts'
import { isPlace, placeBetween } from '../../demo/board/places.ts'

/** Inserts again and again, by these positions (0 to 1) and random numbers. */
function insertAll(positions: number[], random: (() => number) | null): string[] {
  const places: string[] = []
  for (const position of positions) {
    const i = Math.floor(position * (places.length + 1))
    places.splice(i, 0, placeBetween([places[i - 1] ?? null, places[i] ?? null], { random }))
  }
  return places
}

const share = fc.double({ min: 0, max: 0.999999, noNaN: true })

test('a place is between its neighbours, wherever it is put, with a random tail or without', () => {
  fc.assert(
    fc.property(
      fc.array(share, { maxLength: 80 }),
      fc.option(fc.array(share, { minLength: 1 })),
      (positions, tails) => {
        let i = 0
        const places = insertAll(positions, tails && (() => tails[i++ % tails.length] as number))
        expect(places.every(isPlace)).toBe(true)
        expect([...new Set(places)].sort()).toEqual(places)
      }
    )
  )
})

test('at either end places stay short, however many there are', () => {
  const first: (string | null)[] = [null]
  const last: (string | null)[] = [null]
  for (let i = 0; i < 5_000; i++) {
    first.push(placeBetween([null, first[i] ?? null]))
    last.push(placeBetween([last[i] ?? null, null]))
  }
  const places = [...first.slice(1).reverse(), ...last.slice(1)] as string[]
  expect(places.slice(0, 5_000)).toEqual(places.slice(0, 5_000).sort())
  expect(Math.max(...places.map(place => place.length))).toBeLessThan(9)
})

test('a thousand times between the same two a place is found that a board takes', () => {
  const low = placeBetween([null, null])
  let high = placeBetween([low, null])
  for (let i = 0; i < 1_000; i++) {
    const next = placeBetween([low, high])
    expect(low < next && next < high && isPlace(next)).toBe(true)
    high = next
  }
})

test('where there is no room left a place goes behind, and is still one that a board takes', () => {
  let low = placeBetween([null, null], { random: null })
  const high = placeBetween([low, null], { random: null })
  let behind = 0
  for (let i = 0; i < 4_000; i++) {
    const next = placeBetween([low, high], { random: null })
    expect(isPlace(next)).toBe(true)
    if (next >= high) behind++
    else low = next
  }
  expect(behind).toBeGreaterThan(0)
})

test('places of others, whatever they are, never make one that a board refuses', () => {
  const digit = fc.constantFrom(...'0123456789ABCYZabcxyz')
  const wild = fc.oneof(
    fc.string(),
    fc.string({ unit: digit, maxLength: LIMITS.place + 5 }),
    fc.string({ unit: digit, maxLength: 4 }).map(tail => `A${'0'.repeat(25)}1${tail}`),
    fc.string({ unit: digit, maxLength: 4 }).map(tail => `z${'z'.repeat(26)}${tail}`)
  )
  fc.assert(
    fc.property(fc.option(wild), fc.option(wild), (before, after) => {
      const place = placeBetween([before, after])
      expect(isPlace(place)).toBe(true)
      const [low, high] = [before, after].map(one => one !== null && isPlace(one))
      if (low) expect(place >= (before as string)).toBe(true)
      if (high && (!low || (before as string) < (after as string)) && (after as string).length < 200)
        expect(place < (after as string)).toBe(true)
    }),
    { numRuns: 2_000 }
  )
})

test.each([null, 7, '', 'a', 'a00', 'a0 ', 'a0/', 'ä0', 'b0', `A${'0'.repeat(26)}`, 'a0'.padEnd(300, '1')])(
  'no place: %j',
  value => expect(isPlace(value)).toBe(false)
)
