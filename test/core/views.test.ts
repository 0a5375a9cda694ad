import b4a from 'b4a'
import { expect, test } from 'vitest'
import type { Autobee, Change, Changes, HyperbeeView } from '../../src/index.ts'
import { apply } from '../support/peers.ts'
import { admit, connect, contents, harness, op, sees, until } from './harness.ts'

const h = harness()

/** A view of the user's own: numbers by name. */
class Counters {
  readonly bee: HyperbeeView
  closed = 0
  constructor(bee: HyperbeeView) {
    this.bee = bee
  }

  async get(name: string): Promise<number> {
    const node = await this.bee.get(b4a.from(name))
    return node ? Number(b4a.toString(node.value as Uint8Array)) : 0
  }

  async add(name: string, amount: number): Promise<void> {
    const batch = this.bee.write()
    batch.tryPut(b4a.from(name), b4a.from(String((await this.get(name)) + amount)))
    await batch.flush()
  }
}

test('open makes the view that apply gets and the one that db.view is; close closes both', async () => {
  const opened: Counters[] = []
  const dbs: unknown[] = []
  const applied = new Set<Counters>()
  const a = await h.peer<Counters>(null, {
    valueEncoding: 'json',
    open(bee, db) {
      dbs.push(db)
      const view = new Counters(bee)
      opened.push(view)
      return view
    },
    close: view => {
      view.closed++
    },
    async apply(nodes, view) {
      applied.add(view)
      for (const { value } of nodes) await view.add(...(value as unknown as [string, number]))
    }
  })
  expect(opened.length).toBe(2)
  expect(dbs).toEqual([a, a])
  await a.append([['clicks', 1]])
  await a.append([
    ['clicks', 2],
    ['clicks', 3],
    ['errors', 1]
  ])
  expect(await a.view.get('clicks')).toBe(6)
  expect(await a.view.get('errors')).toBe(1)
  expect(applied.size).toBe(1)
  expect(applied.has(a.view)).toBe(false)
  expect(opened).toContain(a.view)
  await a.close()
  expect(opened.map(view => view.closed)).toEqual([1, 1])
})

test('db.view cannot be written to', async () => {
  const a = await h.peer()
  await a.append(op({ put: { a: 1 } }))
  const write = async () => {
    const batch = a.view.write()
    batch.tryPut(b4a.from('b'), b4a.from('no'))
    await batch.flush()
  }
  await expect(write()).rejects.toThrow()
  await a.append(op({ put: { c: 1 } }))
  expect(await contents(a)).toEqual({ a: '1', c: '1' })
})

test('a snapshot taken from db.view stays as it was', async () => {
  const a = await h.peer()
  await a.append(op({ put: { a: 1 } }))
  const before = a.view.snapshot()
  await a.append(op({ put: { a: 2, b: 1 } }))
  expect(await contents({ bee: before })).toEqual({ a: '1' })
  expect(await contents(a)).toEqual({ a: '2', b: '1' })
})

test('apply reads what it wrote before, in the same unit and the ones before', async () => {
  const seen: (string | null)[] = []
  const a = await h.peer(null, {
    async apply(nodes, view) {
      for (const { value } of nodes) {
        const node = await view.get(b4a.from('last'))
        seen.push(node && b4a.toString(node.value as Uint8Array))
        const batch = view.write()
        batch.tryPut(b4a.from('last'), value)
        await batch.flush()
      }
    }
  })
  await Promise.all([a.append(['1', '2']), a.append('3')])
  await a.append('4')
  expect(seen).toEqual([null, '1', '2', '3'])
})

test.each([false, true])(
  'with raw: %s the same entries make the same view, merges and refusals included',
  async raw => {
    const options = { raw, apply: apply as never }
    const a = await h.peer(null, options)
    const b = await h.peer(a.key, options)
    const cut = await admit(a, b)
    await cut()
    for (let i = 0; i < 10; i++) {
      await a.append([op({ put: { [`a${i}`]: i, both: `a${i}` } }), op({ del: [`a${i - 3}`] })])
      await b.append(op({ put: { [`b${i}`]: i, both: `b${i}` } }))
      await expect(a.append([op({ put: { refused: 1 } }), 'not json'])).rejects.toMatchObject({
        code: 'APPLY_FAILED'
      })
    }
    connect(a, b)
    await sees(a, 'b9')
    await sees(b, 'a9')
    expect(await contents(a)).toEqual(await contents(b))
    expect(Object.keys(await contents(a)).length).toBe(14)
  }
)

test('with raw, the bee that open gets for writing is the tree itself', async () => {
  const bees: HyperbeeView[] = []
  const open = (bee: HyperbeeView) => {
    bees.push(bee)
    return bee
  }
  const a = await h.peer(null, { raw: true, open })
  await a.append(op({ put: { a: 1 } }))
  for (const bee of bees) expect(bee.core.key).toEqual(a.views()[1]?.key)
})

async function listed(changes: Changes): Promise<Record<string, [string | null, string | null]>> {
  const all: Record<string, [string | null, string | null]> = {}
  const text = (bytes: Change['before']) => bytes && b4a.toString(bytes)
  for await (const { key, before, after } of changes) all[b4a.toString(key)] = [text(before), text(after)]
  return all
}

test('the update handler is told what each cycle changed, before and after', async () => {
  const told: Record<string, unknown>[] = []
  const heads: number[][] = []
  const a: Autobee = await h.peer(null, {
    async update(_view, changes) {
      const first = await listed(changes)
      // any number of times
      expect(await listed(changes)).toEqual(first)
      told.push(first)
      heads.push([changes.from.length, changes.to.length])
    }
  })
  await a.append(op({ put: { x: 1, y: 1 } }))
  await a.append(op({ put: { x: 2, z: 1 }, del: ['y'] }))
  await a.append(op({ put: { x: 2 } }))
  await until(() => told.length >= 2)
  await a.close()
  expect(told.slice(0, 2)).toEqual([
    { x: [null, '1'], y: [null, '1'] },
    { x: ['1', '2'], y: ['1', null], z: [null, '1'] }
  ])
  expect(told.slice(2).every(changes => Object.keys(changes).length === 0)).toBe(true)
  for (const [i, [from]] of heads.entries()) if (i > 0) expect(from).toBe(heads[i - 1]?.[1])
})

test('what the update handler was told adds up to the view, across reorganisations too', async () => {
  const state = new Map<string, string>()
  const a = await h.peer()
  const b = await h.peer(a.key, {
    async update(_view, changes) {
      for (const [key, [before, after]] of Object.entries(await listed(changes))) {
        expect(state.get(key) ?? null).toBe(before)
        if (after === null) state.delete(key)
        else state.set(key, after)
      }
    }
  })
  const errors: unknown[] = []
  b.on('error', error => errors.push(error))
  const cut = await admit(a, b)
  await cut()
  for (let i = 0; i < 20; i++) {
    await a.append(op({ put: { [`a${i}`]: i, both: `a${i}` }, del: [`b${i - 2}`] }))
    await b.append(op({ put: { [`b${i}`]: i, both: `b${i}` }, del: [`a${i - 2}`] }))
  }
  connect(a, b)
  await sees(a, 'b19')
  await sees(b, 'a19')
  expect(b.stats.undos).toBeGreaterThan(0)
  const view = await contents(b)
  await b.close()
  expect(errors).toEqual([])
  expect(Object.fromEntries(state)).toEqual(view)
})
