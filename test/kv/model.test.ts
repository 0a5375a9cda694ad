import b4a from 'b4a'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KeyValue } from '../../src/kv/index.ts'
import { entries, harness } from './harness.ts'

const h = harness()

type Step =
  | { readonly do: 'put'; readonly key: string; readonly value: unknown }
  | { readonly do: 'del'; readonly key: string }
  | { readonly do: 'batch'; readonly steps: readonly Step[]; readonly drop: boolean }
  | { readonly do: 'list'; readonly range: Range }
  | { readonly do: 'get'; readonly key: string }
  | { readonly do: 'reopen' }

interface Range {
  gt?: string
  gte?: string
  lt?: string
  lte?: string
  prefix?: string
  reverse: boolean
  limit: number
}

/** Few characters, so that keys meet; of one to four bytes, in another order as UTF-16 than as UTF-8. */
const key = fc.string({ unit: fc.constantFrom('a', 'b', '\u0000', 'é', '\uffff', '🐝'), maxLength: 3 })
const value = fc.jsonValue({ maxDepth: 1 })
const range = fc.record<Range>(
  {
    gt: key,
    gte: key,
    lt: key,
    lte: key,
    prefix: key,
    reverse: fc.boolean(),
    limit: fc.oneof(fc.constant(-1), fc.nat(6))
  },
  { requiredKeys: ['reverse', 'limit'] }
)
const write = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('put' as const), key, value }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('del' as const), key }) }
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: write },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('batch' as const),
      steps: fc.array(write, { maxLength: 12 }),
      drop: fc.boolean()
    })
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('list' as const), range }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('get' as const), key }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) }
)

/** A sorted map: what a key-value database is. */
class Model {
  readonly #map = new Map<string, unknown>()

  apply(step: Step): void {
    if (step.do === 'put') this.#map.set(step.key, JSON.parse(JSON.stringify(step.value)))
    else if (step.do === 'del') this.#map.delete(step.key)
    else if (step.do === 'batch' && !step.drop) for (const one of step.steps) this.apply(one)
  }

  get(key: string): unknown {
    return this.#map.get(key) ?? null
  }

  list({ gt, gte, lt, lte, prefix, reverse, limit }: Range): [string, unknown][] {
    const order = (a: string, b: string) => b4a.compare(b4a.from(a), b4a.from(b))
    const inside = [...this.#map].filter(
      ([key]) =>
        (gt === undefined || order(key, gt) > 0) &&
        (gte === undefined || order(key, gte) >= 0) &&
        (lt === undefined || order(key, lt) < 0) &&
        (lte === undefined || order(key, lte) <= 0) &&
        (prefix === undefined || key.startsWith(prefix))
    )
    inside.sort(([a], [b]) => order(a, b))
    if (reverse) inside.reverse()
    return limit === -1 ? inside : inside.slice(0, limit)
  }
}

async function run(kv: KeyValue<Uint8Array | string, unknown>, step: Step): Promise<void> {
  if (step.do === 'put') await kv.put(step.key, step.value)
  else if (step.do === 'del') await kv.del(step.key)
  else if (step.do === 'batch') {
    const batch = kv.batch()
    for (const one of step.steps)
      one.do === 'put' ? batch.put(one.key, one.value) : batch.del((one as { key: string }).key)
    if (step.drop) batch.close()
    else await batch.flush()
  }
}

test.for(['utf-8', 'binary'] as const)(
  'random writes, batches, ranges and restarts are those of a sorted map, keys %s',
  async keyEncoding => {
    const text = (key: Uint8Array | string) => (typeof key === 'string' ? key : b4a.toString(key))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async steps => {
        const store = await h.store()
        const open = () =>
          h.open<Uint8Array | string, unknown>(null, { store, keyEncoding: keyEncoding as 'utf-8' })
        let kv = await open()
        const model = new Model()
        for (const step of steps) {
          if (step.do === 'reopen') {
            await kv.close()
            kv = await open()
          } else if (step.do === 'get') expect(await kv.get(step.key)).toEqual(model.get(step.key))
          else if (step.do === 'list') {
            const listed = await entries(kv, step.range)
            expect(listed.map(([key, value]) => [text(key), value])).toEqual(model.list(step.range))
          }
          await run(kv, step)
          model.apply(step)
        }
        const all = await entries(kv)
        expect(all.map(([key, value]) => [text(key), value])).toEqual(
          model.list({ reverse: false, limit: -1 })
        )
        await h.clean()
      }),
      { numRuns: 25 }
    )
  }
)
