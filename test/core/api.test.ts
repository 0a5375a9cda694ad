import b4a from 'b4a'
import crypto from 'hypercore-crypto'
import { expect, test } from 'vitest'
import DefaultExport, { Autobee, type Host } from '../../src/index.ts'
import { admit, Clock, collect, connect, contents, harness, op, sees, until } from './harness.ts'

const h = harness()

test('the class is the default export and a named one', () => {
  expect(DefaultExport).toBe(Autobee)
  expect(Autobee.GENESIS).toEqual({ length: 0, key: null })
})

test('isAutobee knows an Autobee from anything else', async () => {
  const a = await h.peer()
  expect(Autobee.isAutobee(a)).toBe(true)
  for (const other of [null, undefined, 5, 'x', {}, h.storeOf(a), a.bee])
    expect(Autobee.isAutobee(other)).toBe(false)
})

test('key, discoveryKey and id belong together', async () => {
  const a = await h.peer()
  const key = a.key as Uint8Array
  expect(key.byteLength).toBe(32)
  expect(a.discoveryKey).toEqual(crypto.discoveryKey(key))
  expect(a.id).toBe(b4a.toString(key, 'hex'))
  expect(a.local.key).toEqual(key)
})

test('before ready the key is the one given, and everything else is empty rather than wrong', async () => {
  const key = crypto.randomBytes(32)
  const a = h.make(await h.store(), key)
  expect(a.key).toEqual(key)
  expect([a.writable, a.isIndexer, a.opened, a.closed]).toEqual([false, false, false, false])
  expect([...a.writers]).toEqual([])
  expect(a.views()).toEqual([])
  let thrown: unknown = null
  try {
    a.view
  } catch (error) {
    thrown = error
  }
  expect(thrown).toMatchObject({ code: 'CLOSED' })
  await a.ready()
  expect(a.opened).toBe(true)
  expect(await contents(a)).toEqual({})
})

test('append resolves to the head of the local oplog', async () => {
  const a = await h.peer()
  expect(await a.append('{}')).toEqual({ key: a.local.key, length: 1 })
  expect(await a.append(['{}', '{}', '{}'])).toEqual({ key: a.local.key, length: 4 })
  expect(await a.append([b4a.from('{}')])).toEqual({ key: a.local.key, length: 5 })
  expect(a.local.length).toBe(5)
})

test('a buffer may be used again as soon as append was called', async () => {
  const a = await h.peer()
  const value = b4a.from('{"put":{"x":1}}')
  const append = a.append(value)
  value.fill(0)
  await append
  expect(await contents(a)).toEqual({ x: '1' })
})

test('an empty value is a value', async () => {
  const lengths: number[] = []
  const a = await h.peer(null, {
    apply: nodes => {
      lengths.push(...nodes.map(({ value }) => value.byteLength))
    }
  })
  await a.append('')
  await a.append([b4a.alloc(0), 'x'])
  expect(lengths).toEqual([0, 0, 1])
})

test('without an apply, units are ordered and the view stays empty', async () => {
  const { store } = await h.store()
  const a = new Autobee(store, null)
  expect(await a.append('anything')).toMatchObject({ length: 1 })
  expect(await contents(a)).toEqual({})
  await a.close()
})

test('writers lists everyone who was ever added, the first one first', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  const c = await h.peer(a.key)
  await admit(a, b, { indexer: false })
  await admit(a, c)
  await b.append(op({ put: { b: 1 } }))
  await sees(a, 'b')
  await a.append(op({ removeWriter: c.local.id }))
  const common = { state: 'active' }
  expect([...a.writers]).toEqual([
    { key: a.local.key, length: 3, isIndexer: true, isRemoved: false, isLocal: true, ...common },
    { key: b.local.key, length: 1, isIndexer: false, isRemoved: false, isLocal: false, ...common },
    { key: c.local.key, length: 0, isIndexer: false, isRemoved: true, isLocal: false, ...common }
  ])
})

test('views names the system and view cores, and what of them is current', async () => {
  const a = await h.peer()
  await a.append(op({ put: { a: 1 } }))
  const [system, view] = a.views()
  expect(system?.key).not.toEqual(view?.key)
  expect(view).toEqual({ key: a.bee.core.key, length: a.bee.head()?.length })
  await a.append(op({ put: { b: 1 } }))
  expect(a.views()[1]?.length).toBeGreaterThan(view?.length ?? 0)
})

test('stats count appends, applies, flushes, bytes, undos and what was applied again', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  const cut = await admit(a, b)
  await cut()
  for (let i = 0; i < 5; i++) {
    await a.append(op({ put: { a: i } }))
    await b.append([op({ put: { b: i } }), op({ put: { c: i } })])
  }
  connect(a, b)
  await a.flush()
  await until(() => b.stats.applies >= 11)
  await sees(a, 'b')
  await until(async () => (await contents(b)).a === '4' && (await contents(a)).c === '4')
  expect(a.stats).toMatchObject({ appends: 6, fastForwards: 0 })
  expect(b.stats.appends).toBe(5)
  expect(a.stats.applies).toBeGreaterThanOrEqual(11)
  expect(a.stats.flushes).toBeGreaterThanOrEqual(6)
  expect(a.stats.bytes).toBeGreaterThanOrEqual(6 * 15)
  expect(a.stats.undos + b.stats.undos).toBeGreaterThan(0)
  expect(a.stats.reapplied + b.stats.reapplied).toBeGreaterThan(0)
})

test('the host knows the database, and whether anything was applied before', async () => {
  const seen: unknown[] = []
  const a = await h.peer(null, {
    apply(_, __, host: Host) {
      seen.push([host.key, host.id, host.discoveryKey, host.genesis])
    }
  })
  await a.append('1')
  await a.append('2')
  const same = [a.key, a.id, a.discoveryKey]
  expect(seen).toEqual([
    [...same, true],
    [...same, false]
  ])
})

test('a hint of entries that nobody has makes flush reject with WAITING, BLOCKS', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  const cut = await admit(a, b)
  await cut()
  await a.flush()
  a.wakeup({ key: b.local.key, length: 3 })
  await until(async () => (await a.flush().catch(error => error))?.reason === 'BLOCKS')
  await b.append([op({ put: { x: 1 } }), op({ put: { y: 1 } }), op({ put: { z: 1 } })])
  connect(a, b)
  await a.flush()
  expect(await contents(a)).toEqual({ x: '1', y: '1', z: '1' })
})

test('a hint of an unknown oplog opens a stranger on trial, and harms nothing', async () => {
  const a = await h.peer()
  a.wakeup({ key: crypto.randomBytes(32), length: 10 })
  await a.append(op({ put: { a: 1 } }))
  await a.flush()
  expect([...a.writers].length).toBe(1)
})

test('flush waits for what is on its way; updated for the cycle that runs', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  connect(a, b)
  for (let i = 0; i < 200; i++) a.append(op({ put: { [`${i}`]: i } })).catch(() => {})
  await a.append(op({ put: { last: 1 } }))
  b.wakeup({ key: a.key as Uint8Array, length: 201 })
  await b.updated()
  await until(() =>
    b.flush().then(
      () => true,
      () => false
    )
  )
  await b.flush()
  expect(Object.keys(await contents(b)).length).toBe(201)
})

test('the event update fires after each cycle that changed something', async () => {
  const a = await h.peer()
  const updates = collect(a, 'update')
  await a.append(op({ put: { a: 1 } }))
  expect(updates.length).toBe(1)
  await a.update()
  expect(updates.length).toBe(1)
  await Promise.all([a.append(op({ put: { b: 1 } })), a.append(op({ put: { c: 1 } }))])
  expect(updates.length).toBe(2)
})

test('the events writable, unwritable and writer follow membership', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  const events: string[] = []
  b.on('writable', () => events.push('writable'))
  b.on('unwritable', () => events.push('unwritable'))
  b.on('writer', ({ key, isIndexer, isRemoved }) => {
    if (b4a.equals(key, b.local.key)) events.push(isRemoved ? 'removed' : isIndexer ? 'indexer' : 'writer')
  })
  await admit(a, b, { indexer: false })
  await until(() => events.length === 2)
  await a.append(op({ removeWriter: b.local.id }))
  await until(() => events.length === 4)
  expect(events).toEqual(['writer', 'writable', 'removed', 'unwritable'])
})

test("durability 'sync' writes and reopens like any other", async () => {
  const store = await h.store()
  const a = await h.peer(null, { store, durability: 'sync' })
  await Promise.all([a.append(op({ put: { a: 1 } })), a.append(op({ put: { b: 1 } }))])
  await a.close()
  const again = await h.peer(null, { store, durability: 'sync' })
  expect(await contents(again)).toEqual({ a: '1', b: '1' })
})

test('now is the clock that entries are stamped with', async () => {
  const clock = new Clock(1_000_000)
  const stamps: number[] = []
  const a = await h.peer(null, {
    now: clock.now,
    apply: nodes => {
      stamps.push(...nodes.map(({ timestamp }) => timestamp))
    }
  })
  await a.append('x')
  clock.ms = 2_000_000
  await a.append('y')
  expect(stamps).toEqual([1_000_000, 2_000_000])
})

test('encodeValue and decodeValue are each other’s inverse, and read what is in an oplog', async () => {
  for (const [value, valueEncoding] of [
    [{ hello: ['world', 1] }, 'json'],
    ['grüezi', 'utf-8'],
    [b4a.from([0, 255]), 'binary']
  ] as const) {
    const block = Autobee.encodeValue(value, { valueEncoding, timestamp: 5, optimistic: true })
    expect(Autobee.decodeValue(block, { valueEncoding })).toEqual(value)
  }
  const a = await h.peer(null, { valueEncoding: 'json', apply: () => {} })
  await a.append({ first: true })
  await a.append({ second: true })
  const [first, second] = [(await a.local.get(0)) as Uint8Array, (await a.local.get(1)) as Uint8Array]
  const key = a.key as Uint8Array
  expect(Autobee.decodeValue(first, { valueEncoding: 'json', key })).toEqual({ first: true })
  expect(Autobee.decodeValue(first, { valueEncoding: 'json' })).toEqual({ first: true })
  expect(Autobee.decodeValue(second, { valueEncoding: 'json', key })).toEqual({ second: true })
})

test('encodeValue and decodeValue throw typed errors', () => {
  const code = (run: () => unknown) => {
    try {
      run()
    } catch (error) {
      return (error as { code: string }).code
    }
    return null
  }
  expect(code(() => Autobee.encodeValue(undefined))).toBe('INVALID_ARGUMENT')
  expect(code(() => Autobee.encodeValue(undefined, { valueEncoding: 'json' }))).toBe('INVALID_ARGUMENT')
  expect(code(() => Autobee.encodeValue('x', { valueEncoding: 'xml' as never }))).toBe('INVALID_OPTIONS')
  expect(code(() => Autobee.decodeValue('x' as never))).toBe('INVALID_ARGUMENT')
  expect(code(() => Autobee.decodeValue(b4a.alloc(0)))).toBe('INVALID_ENTRY')
  expect(code(() => Autobee.decodeValue(b4a.from([9, 9, 9])))).toBe('UPGRADE_REQUIRED')
  expect(code(() => Autobee.decodeValue(b4a.from([1, 1]), { key: 'x' }))).toBe('INVALID_KEY')
})
