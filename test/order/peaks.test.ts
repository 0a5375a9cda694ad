import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Peaks } from '../../src/order/peaks.ts'
import type { UnitFacts } from '../../src/order/types.ts'
import { Lane, Vertex } from '../../src/order/vertex.ts'
import { runs } from './history.ts'

const at = (timestamp: number): UnitFacts => ({
  writer: 'a',
  start: 0,
  length: 1,
  timestamp,
  links: [],
  optimistic: false
})

/** Push so many, then cut so many. */
const moves = fc.array(
  fc.record({ push: fc.array(fc.nat(50), { maxLength: 400, size: 'max' }), cut: fc.nat(300) }),
  {
    minLength: 1,
    maxLength: 6
  }
)

it('finds the first greater one from an index on, however the list has grown and shrunk', () => {
  fc.assert(
    fc.property(
      moves,
      fc.array(fc.nat(60), { minLength: 1, maxLength: 8 }),
      fc.nat(10),
      (moves, asked, stride) => {
        const lane = new Lane<UnitFacts>('a')
        const peaks = new Peaks<UnitFacts>()
        const plain: number[] = []
        for (const { push, cut } of moves) {
          for (const timestamp of push) {
            peaks.push(new Vertex(at(timestamp), lane, { links: [] }))
            plain.push(timestamp)
          }
          plain.length = Math.max(0, plain.length - cut)
          peaks.truncate(plain.length)
          expect(peaks.length).toBe(plain.length)
          for (const timestamp of asked) {
            for (let from = 0; from <= plain.length; from += 1 + stride * 7) {
              const index = plain.findIndex((other, index) => index >= from && other > timestamp)
              expect(peaks.firstAbove(at(timestamp), from)).toBe(index < 0 ? plain.length : index)
            }
          }
        }
      }
    ),
    { numRuns: runs(40) }
  )
})
