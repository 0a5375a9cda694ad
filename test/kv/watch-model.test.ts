import b4a from 'b4a'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KeyValue, KeyValueWatcher } from '../../src/kv/index.ts'
import { agreed, connect, entries, harness } from './harness.ts'

const h = harness()
const LAST = '\u{10ffff}'

type Write = { readonly key: string; readonly value: number | null }
type Step = { readonly by: 0 | 1; readonly writes: readonly Write[] } | 'cut' | 'connect' | 'wait'

const write = fc.record({
  key: fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 2 }),
  value: fc.option(fc.nat(9))
})
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      by: fc.constantFrom(0 as const, 1 as const),
      writes: fc.array(write, { minLength: 1, maxLength: 4 })
    })
  },
  { weight: 1, arbitrary: fc.constantFrom('cut' as const, 'connect' as const, 'wait' as const) }
)

/** Follows a watcher: each change has to fit what was told before. */
async function follow(watcher: KeyValueWatcher<string, number>, end: number): Promise<[string, number][]> {
  const seen = new Map<string, number>()
  for await (const { key, value, previous } of watcher) {
    expect(previous).toBe(seen.get(key) ?? null)
    expect(value).not.toBe(previous)
    if (value === null) seen.delete(key)
    else seen.set(key, value)
    if (key === LAST && value === end) break
  }
  return [...seen].sort(([a], [b]) => b4a.compare(b4a.from(a), b4a.from(b)))
}

test('whatever two peers do, apart and together: who follows the changes has what the list has', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 50 }), async steps => {
      const [a, b, cutFirst] = await h.pair<string, number>()
      const peers = [a, b] as const
      let cut: (() => Promise<void>) | null = cutFirst
      const followed = peers.map((kv: KeyValue<string, number>) => follow(kv.watch(), -1))
      const waiting = a.watch()
      for (const step of steps) {
        if (step === 'wait') {
          if (cut) await agreed(a, b)
        } else if (step === 'cut') {
          await cut?.()
          cut = null
        } else if (step === 'connect') cut ??= connect(a, b)
        else {
          await peers[step.by].batch(
            step.writes.map(({ key, value }) =>
              value === null ? { type: 'del', key } : { type: 'put', key, value }
            )
          )
        }
      }
      cut ??= connect(a, b)
      await a.put(LAST, -1)
      const ends = await Promise.all(followed)
      expect(ends.every(seen => seen.some(([key]) => key === LAST))).toBe(true)
      await Promise.all([a.flush(), b.flush()])
      const list = await agreed(a, b)
      // one that read nothing until now is told it all in one difference
      expect(await follow(waiting, -1)).toEqual(list)
      await waiting.close()
      expect(await entries(b)).toEqual(list)
      await h.clean()
    }),
    { numRuns: 15 }
  )
})
