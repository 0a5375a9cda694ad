import b4a from 'b4a'
import { describe, expect, test } from 'vitest'
import { type Autobee, typed } from '../../src/index.ts'
import { admit, Clock, collect, connect, harness, until } from '../core/harness.ts'
import { tempStore } from '../support/store.ts'
import { all, keys, next, put } from './harness.ts'

const h = harness()
const TEXT = { keyEncoding: 'utf-8', valueEncoding: 'utf-8' } as const

async function values(bee: AsyncIterable<{ key: string; value: string }>): Promise<Record<string, string>> {
  return Object.fromEntries((await all(bee)).map(({ key, value }) => [key, value]))
}

describe('watch', () => {
  test('gives the state before and after each change in its range, and nothing else', async () => {
    const db = await h.peer()
    await put(db, { a: '1', x: '1' })
    const bee = typed(db.bee, TEXT)
    const watcher = bee.watch({ lt: 'm' })
    await put(db, { x: '2' })
    await put(db, { a: '1' })
    await put(db, { a: '2' })
    const [current, previous] = await next(watcher)
    expect(await values(previous.createReadStream())).toEqual({ a: '1', x: '1' })
    expect(await values(current.createReadStream())).toEqual({ a: '2', x: '2' })
    const step = next(watcher)
    await put(db, { x: '3' })
    await put(db, { b: '1' })
    const [later, before] = await step
    expect(await all(before.createDiffStream(later, { lt: 'm' }))).toEqual([
      { left: null, right: { key: 'b', value: '1' } }
    ])
    await watcher.close()
    expect(await watcher.next()).toEqual({ done: true, value: undefined })
  })

  test('a slow reader gets one step for many changes', async () => {
    const db = await h.peer()
    const watcher = typed(db.bee, TEXT).watch()
    for (let i = 0; i < 20; i++) await put(db, { [`k${i}`]: 'v' })
    const [current, previous] = await next(watcher)
    expect(await keys(previous.createReadStream())).toEqual([])
    expect(await keys(current.createReadStream())).toHaveLength(20)
    await put(db, { z: 'v' })
    expect(await keys((await next(watcher))[0].createReadStream())).toHaveLength(21)
    await watcher.close()
  })

  test('what a reorganisation changes is seen, also what it takes away', async () => {
    const clock = new Clock()
    const a = await h.peer(null, { now: clock.now })
    const b = await h.peer(a.key, { now: clock.now })
    const cut = await admit(a, b)
    await put(a, { shared: 'old' })
    await until(async () => (await typed(b.bee, TEXT).get('shared')) !== null)
    await cut()
    clock.ms += 1000
    await a.append(JSON.stringify({ put: { shared: 'of a', a: '1' }, removeWriter: b.local.id }))
    clock.ms += 1000
    await put(b, { shared: 'of b', b: '1' })
    const watcher = typed(b.bee, TEXT).watch()
    const reorgs = collect(b, 'reorg')
    connect(a, b)
    const [current, previous] = await next(watcher)
    expect(await values(previous.createReadStream())).toEqual({ shared: 'of b', b: '1' })
    expect(await values(current.createReadStream())).toEqual({ shared: 'of a', a: '1' })
    expect(reorgs).toMatchObject([{ undone: 1 }])
    await watcher.close()
  })

  test('many watch at once, each for itself, also the parts of a sub', async () => {
    const db = await h.peer()
    const bee = typed(db.bee, TEXT)
    const sub = bee.sub('s')
    const watchers = [...Array.from({ length: 20 }, () => sub.watch()), sub.watch({ gte: 'b' })]
    const steps = watchers.map(next)
    await put(db, { 's\0a': '1', s: 'no' })
    for (const step of steps.slice(0, 20))
      expect(await keys((await step)[0].createReadStream())).toEqual(['a'])
    await put(db, { 's\0b': '1' })
    expect(await keys((await (steps[20] as (typeof steps)[0]))[1].createReadStream())).toEqual(['a'])
    await Promise.all(watchers.map(watcher => watcher.close()))
    expect(db.listenerCount('update')).toBe(0)
  })

  test('ends when the loop over it is left, and lets go of the database', async () => {
    const db = await h.peer()
    await put(db, { a: '1' })
    const watcher = typed(db.bee, TEXT).watch()
    await put(db, { a: '2' })
    for await (const [current] of watcher) {
      expect((await current.get('a'))?.value).toBe('2')
      break
    }
    expect(watcher.closed).toBe(true)
    expect(db.listenerCount('update')).toBe(0)
  })

  test('ends when the database closes, whether something waits for it or not', async () => {
    const db = await h.peer()
    const waiting = typed(db.bee, TEXT).watch()
    const step = waiting.next()
    const idle = typed(db.bee, TEXT).watch()
    await put(db, { a: '1' })
    expect((await step).done).toBe(false)
    const end = waiting.next()
    await db.close()
    expect(await end).toEqual({ done: true, value: undefined })
    expect(await idle.next()).toEqual({ done: true, value: undefined })
    expect([waiting.closed, idle.closed]).toEqual([true, true])
  })

  test('goes on when the database opens anew underneath', async () => {
    const a = await h.peer()
    await put(a, { a: '1' })
    const bee = typed(a.bee, TEXT)
    const watcher = bee.watch()
    const other = await tempStore()
    const keyPair = await other.store.createKeyPair('other')
    await other.close()
    await a.setLocal(keyPair)
    expect((await bee.get('a'))?.value).toBe('1')
    await a.setLocal(a.key as Uint8Array)
    await put(a, { b: '1' })
    const [current, previous] = await next(watcher)
    expect(await all(previous.createDiffStream(current))).toEqual([
      { left: null, right: { key: 'b', value: '1' } }
    ])
    await watcher.close()
  })

  test('a bee that never moves says so', async () => {
    const db = await h.peer()
    const bee = typed(db.bee, TEXT)
    for (const fixed of [bee.snapshot(), bee.checkout({ length: 0 }), typed(db.bee.snapshot(), TEXT)]) {
      expect(() => fixed.watch()).toThrow(expect.objectContaining({ code: 'NOT_SUPPORTED' }))
      await expect(fixed.getAndWatch('a')).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    }
  })
})

describe('getAndWatch', () => {
  test('keeps the entry current, with an event for each change of it', async () => {
    const db = await h.peer()
    await put(db, { a: '1' })
    const watcher = await typed(db.bee, TEXT).getAndWatch('a')
    expect(watcher.node).toEqual({ key: 'a', value: '1' })
    const seen: unknown[] = []
    watcher.on('update', () => seen.push(watcher.node?.value ?? null))
    await put(db, { b: '1', ab: '1', '': '1' })
    await put(db, { a: '2' })
    await until(() => seen.length === 1)
    await db.append(JSON.stringify({ del: ['a'] }))
    await until(() => seen.length === 2)
    expect(watcher.node).toBe(null)
    await put(db, { a: '3' })
    await until(() => seen.length === 3)
    expect(seen).toEqual(['2', null, '3'])
    await watcher.close()
    await put(db, { a: '4' })
    expect(watcher.node?.value).toBe('3')
    expect(db.listenerCount('update')).toBe(0)
  })

  test('is iterated: each loop gets what the entry becomes, and leaving it keeps the watcher', async () => {
    const db = await h.peer()
    const watcher = await typed(db.bee, TEXT).getAndWatch('a')
    const first = watcher[Symbol.asyncIterator]()
    const second = watcher[Symbol.asyncIterator]()
    const steps = [first.next(), second.next()]
    await put(db, { a: '1' })
    for (const step of steps) expect((await step).value).toEqual({ key: 'a', value: '1' })
    await first.return(undefined)
    const last = second.next()
    await put(db, { a: '2' })
    expect((await last).value).toEqual({ key: 'a', value: '2' })
    const end = second.next()
    let closed = 0
    watcher.on('close', () => closed++)
    await db.close()
    expect(await end).toEqual({ done: true, value: undefined })
    await watcher.close()
    expect([watcher.closed, closed]).toEqual([true, 1])
  })

  test('bytes that stop being what the encoding makes are an error, told once, and end it', async () => {
    const db: Autobee = await h.peer()
    await put(db, { a: '{}' })
    const json = typed(db.bee, { keyEncoding: 'utf-8', valueEncoding: 'json' })
    const watcher = await json.getAndWatch('a')
    const errors: unknown[] = []
    watcher.on('error', error => errors.push(error.code))
    const step = watcher[Symbol.asyncIterator]().next()
    await put(db, { a: '{' })
    await expect(step).rejects.toMatchObject({ code: 'DECODING_FAILED' })
    await until(() => watcher.closed)
    expect(errors).toEqual(['DECODING_FAILED'])
    expect(watcher.node).toEqual({ key: 'a', value: {} })
    expect(b4a.toString((await db.bee.get(b4a.from('a')))?.value as Uint8Array)).toBe('{')
  })
})
