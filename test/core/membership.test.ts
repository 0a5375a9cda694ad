import { expect, test } from 'vitest'
import type { ApplyNode } from '../../src/index.ts'
import { apply } from '../support/peers.ts'
import { admit, collect, connect, contents, harness, op, sees, until } from './harness.ts'

const h = harness()

test('append rejects with NOT_WRITABLE until the writer is added, and writes nothing', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  await expect(b.append('{}')).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
  await expect(b.append(['{}', '{}'])).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
  expect(b.writable).toBe(false)
  expect(b.local.length).toBe(0)
  await admit(a, b)
  await b.append(op({ put: { b: 1 } }))
  expect(b.local.length).toBe(1)
  await sees(a, 'b')
})

test('of several appends of which the first removes oneself, the others reject and write nothing', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  await admit(a, b)
  const unwritable = collect(b, 'unwritable')
  const results = await Promise.allSettled([
    b.append(op({ removeWriter: b.local.id, put: { last: 1 } })),
    b.append(op({ put: { late: 1 } })),
    b.append([op({ put: { later: 1 } }), op({ put: { latest: 1 } })])
  ])
  expect(results.map(result => result.status)).toEqual(['fulfilled', 'rejected', 'rejected'])
  for (const result of results.slice(1)) expect(result).toMatchObject({ reason: { code: 'NOT_WRITABLE' } })
  expect(b.local.length).toBe(1)
  expect(b.writable).toBe(false)
  expect(unwritable.length).toBe(1)
  await sees(a, 'last')
  await a.flush()
  expect(await contents(a)).toEqual({ last: '1' })
  expect(await contents(b)).toEqual({ last: '1' })
})

test('a writer removed by another finds its next append refused, and what it had written stays', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  await admit(a, b)
  await b.append(op({ put: { b: 1 } }))
  await sees(a, 'b')
  await a.append(op({ removeWriter: b.local.id }))
  await until(() => !b.writable)
  await expect(b.append(op({ put: { late: 1 } }))).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
  expect(await contents(a)).toEqual({ b: '1' })
  expect([...a.writers].map(writer => writer.isRemoved)).toEqual([false, true])
})

test('entries appended before the removal was known are rejected on both sides', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  const cut = await admit(a, b, { indexer: false })
  await cut()
  const rejected = collect(a, 'rejected')
  await b.append(op({ put: { unheard: 1 } }))
  await a.append(op({ removeWriter: b.local.id }))
  connect(a, b)
  await until(() => !b.writable)
  await a.append(op({ put: { after: 1 } }))
  await sees(b, 'after')
  expect(await contents(b)).toEqual({ after: '1' })
  expect(await contents(a)).toEqual({ after: '1' })
  for (const item of rejected) expect(item).toMatchObject({ reason: 'NOT_A_WRITER', key: b.local.key })
})

test('a writer that is added again goes on with the same oplog', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  await admit(a, b)
  const writable = collect(b, 'writable')
  await b.append(op({ put: { first: 1 } }))
  await sees(a, 'first')
  await a.append(op({ removeWriter: b.local.id }))
  await until(() => !b.writable)
  await a.append(op({ addWriter: b.local.id }))
  await until(() => b.writable)
  expect(writable.length).toBe(1)
  expect(await b.append(op({ put: { second: 1 } }))).toMatchObject({ length: 2 })
  await sees(a, 'second')
  expect(await contents(a)).toEqual({ first: '1', second: '1' })
  expect([...a.writers].map(({ isRemoved, isIndexer }) => ({ isRemoved, isIndexer }))).toEqual([
    { isRemoved: false, isIndexer: true },
    { isRemoved: false, isIndexer: true }
  ])
})

test('a writer removed and added again reopens writable, with all that it wrote', async () => {
  const a = await h.peer()
  const store = await h.store()
  const b = await h.peer(a.key, { store })
  const cut = await admit(a, b)
  await b.append(op({ put: { first: 1 } }))
  await sees(a, 'first')
  await a.append(op({ removeWriter: b.local.id }))
  await until(() => !b.writable)
  await cut()
  await b.close()
  const again = await h.peer(a.key, { store })
  expect(again.writable).toBe(false)
  connect(a, again)
  await a.append(op({ addWriter: again.local.id }))
  await until(() => again.writable)
  expect(await again.append(op({ put: { second: 1 } }))).toMatchObject({ length: 2 })
  await sees(a, 'first', 'second')
})

test('apply is called once per unit, with all values of the unit', async () => {
  const calls: ApplyNode[][] = []
  const counting: typeof apply = (nodes, view, host) => {
    calls.push(nodes)
    return apply(nodes, view, host)
  }
  const a = await h.peer(null, { apply: counting })
  await a.append([op({ put: { x: 1 } }), op({ put: { y: 1 } }), op({ put: { z: 1 } })])
  await a.append(op({ put: { w: 1 } }))
  expect(calls.map(nodes => nodes.length)).toEqual([3, 1])
  expect(calls[0]?.map(node => node.length)).toEqual([1, 2, 3])
  const [first, second, third] = calls[0] as [ApplyNode, ApplyNode, ApplyNode]
  expect(first.key).toEqual(a.key)
  expect(new Set([first.timestamp, second.timestamp, third.timestamp]).size).toBe(1)
  expect(first.optimistic).toBe(false)
})

test('membership changes between units: a whole unit of one who removes himself in it is applied', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  await admit(a, b)
  await b.append([op({ removeWriter: b.local.id }), op({ put: { same: 'unit' } })])
  await sees(a, 'same')
  expect(b.writable).toBe(false)
  expect(await contents(a)).toEqual(await contents(b))
})

test('of several changes of one writer in one unit the last one decides', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  await a.append([
    op({ addWriter: b.local.id }),
    op({ removeWriter: b.local.id }),
    op({ addWriter: b.local.id, indexer: false })
  ])
  const [, writer] = [...a.writers]
  expect(writer).toMatchObject({ key: b.local.key, isIndexer: false, isRemoved: false })
})

test('an ordinary writer becomes an indexer and back', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  await admit(a, b, { indexer: false })
  expect(b.isIndexer).toBe(false)
  const events = collect(b, 'writer')
  await a.append(op({ addWriter: b.local.id }))
  await until(() => b.isIndexer)
  await a.append(op({ addWriter: b.local.id, indexer: false }))
  await until(() => !b.isIndexer)
  expect(b.writable).toBe(true)
  expect(events).toMatchObject([{ isIndexer: true }, { isIndexer: false }])
})

test('the database key that removes itself leaves a database that others read', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  await admit(a, b)
  await a.append(op({ removeWriter: a.local.id, put: { left: 1 } }))
  await expect(a.append('{}')).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
  await sees(b, 'left')
  await b.append(op({ put: { on: 1 } }))
  await sees(a, 'on')
})
