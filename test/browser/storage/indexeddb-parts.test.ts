import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReadCache } from '../../../adapters/storage/indexeddb/cache.ts'
import { Intervals } from '../../../adapters/storage/indexeddb/intervals.ts'
import { lengthen, shorten } from '../../../adapters/storage/indexeddb/runs.ts'

const stretches = fc.array(fc.tuple(fc.nat(255), fc.oneof(fc.nat(40), fc.nat(200_000))), { maxLength: 8 })

test('run lengths give back the same bytes, and long runs take next to nothing', () => {
  fc.assert(
    fc.property(stretches, fc.uint8Array({ maxLength: 300 }), (runs, rest) => {
      const parts = runs.flatMap(([byte, length]) => [new Uint8Array(length).fill(byte), rest])
      const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
      let at = 0
      for (const part of parts) {
        bytes.set(part, at)
        at += part.length
      }
      // not toEqual: it takes seconds for a megabyte
      expect(indexedDB.cmp(lengthen(shorten(bytes)), bytes)).toBe(0)
    }),
    { numRuns: 60 }
  )
  expect(shorten(new Uint8Array(4096)).length).toBeLessThan(16)
  const noise = crypto.getRandomValues(new Uint8Array(60_000))
  expect(shorten(noise).length).toBeLessThan(noise.length + 16)
})

test('run lengths that were cut off or changed are refused', () => {
  const short = shorten(Uint8Array.from({ length: 300 }, (_, i) => i % 7))
  for (const broken of [short.slice(0, 100), short.slice(0, 3), Uint8Array.of(255, 255, 0, 0, 0)]) {
    expect(() => lengthen(broken)).toThrow()
  }
})

test('of intervals that overlap the first keeps its keys', () => {
  const bounds = fc.tuple(fc.nat(30), fc.nat(30))
  const letter = (n: number) => String.fromCharCode(65 + n)
  fc.assert(
    fc.property(fc.array(bounds, { maxLength: 12 }), list => {
      const intervals = new Intervals<number>()
      const owners: (number | undefined)[] = []
      for (const [source, [from, to]] of list.entries()) {
        intervals.fill({ start: letter(from), end: letter(to), source })
        for (let i = from; i < to; i++) owners[i] ??= source
      }
      for (let i = 0; i < 31; i++) expect(intervals.find(letter(i))?.source).toBe(owners[i])
      const all = [...intervals]
      for (const [i, { start, end }] of all.entries()) {
        expect(start < end).toBe(true)
        if (i > 0) expect((all[i - 1]?.end as string) <= start).toBe(true)
      }
      for (let from = 0; from < 31; from += 5) {
        const overlapping = [...intervals.overlapping(letter(from), letter(from + 3))]
        const expected = all.filter(({ start, end }) => start < letter(from + 3) && end > letter(from))
        expect(overlapping).toEqual(expected)
      }
    })
  )
})

test('the cache keeps within its bytes, forgets what was not used for longest, and keeps that there is nothing', () => {
  const cache = new ReadCache(20_000)
  for (let i = 0; i < 1000; i++) {
    cache.set(`key ${i}`, i % 2 ? new Uint8Array(50) : null)
    expect(cache.get('key 0')).toBeNull()
    expect(cache.bytes).toBeLessThanOrEqual(20_000)
  }
  expect(cache.get('key 1')).toBeUndefined()
  expect(cache.get('key 998')).toBeNull()
  cache.set('large', new Uint8Array(10_000))
  expect(cache.get('large')).toBeUndefined()
  cache.deleteRange('key 998', 'key 999')
  expect(cache.get('key 998')).toBeUndefined()
  cache.clear()
  expect(cache.bytes).toBe(0)
})
