import b4a from 'b4a'
import crypto from 'hypercore-crypto'
import { encode } from 'hypercore-id-encoding'
import { expect, test } from 'vitest'
import { Autobee, AutobeeError, type AutobeeOptions, type Host } from '../../src/index.ts'
import { admit, connect, harness, op, sees, until } from './harness.ts'

const h = harness()

function throwing(make: () => unknown): unknown {
  try {
    make()
  } catch (error) {
    return error
  }
  return null
}

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a folder', './my-db'],
  ['something else', { get: 1 }]
])('a store that is %s throws INVALID_ARGUMENT', (_, store) => {
  expect(throwing(() => new Autobee(store as never))).toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test.each([
  ['too short', b4a.alloc(31)],
  ['no key at all', 'hello'],
  ['hex of the wrong length', 'ab'.repeat(31)]
])('a key that is %s throws INVALID_KEY', async (_, key) => {
  const { store } = await h.store()
  expect(throwing(() => new Autobee(store, key))).toMatchObject({ code: 'INVALID_KEY' })
})

test.each([
  { apply: 'x' },
  { open: 1 },
  { close: {} },
  { update: [] },
  { now: 5 },
  { encryptionKey: b4a.alloc(31) },
  { encryptionKey: 'secret' },
  { encrypted: true },
  { keyPair: {} },
  { keyPair: { publicKey: b4a.alloc(32) } },
  { durability: 'maybe' },
  { ackInterval: -1 },
  { ackInterval: Number.NaN },
  { ackInterval: 'soon' },
  { maxClockDrift: Number.POSITIVE_INFINITY },
  { maxClockDrift: -5 },
  { valueEncoding: 'xml' },
  { valueEncoding: { encode: () => {} } },
  { valueEncoding: 5 },
  { wakeup: {} },
  { fastForward: 5 }
])('options %j throw INVALID_OPTIONS', async options => {
  const { store } = await h.store()
  expect(throwing(() => new Autobee(store, null, options as AutobeeOptions))).toMatchObject({
    code: 'INVALID_OPTIONS'
  })
  expect(throwing(() => new Autobee(store, options as AutobeeOptions))).toMatchObject({
    code: 'INVALID_OPTIONS'
  })
})

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a number', 5],
  ['an object', { hello: 'world' }],
  ['no values', []],
  ['a value among others', ['fine', 5]]
])('append of %s rejects with INVALID_ARGUMENT, and writes nothing', async (_, value) => {
  const a = await h.peer()
  await expect(a.append(value)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(a.local.length).toBe(0)
})

test('wakeup throws INVALID_KEY and INVALID_ARGUMENT', async () => {
  const a = await h.peer()
  const key = a.key as Uint8Array
  expect(throwing(() => a.wakeup({ key: 'x', length: 1 }))).toMatchObject({ code: 'INVALID_KEY' })
  for (const length of [-1, 1.5, Number.NaN, '1', undefined]) {
    expect(throwing(() => a.wakeup({ key, length: length as number }))).toMatchObject({
      code: 'INVALID_ARGUMENT'
    })
  }
  expect(throwing(() => a.wakeup(undefined as never))).toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('setLocal rejects with INVALID_KEY, INVALID_OPTIONS, and NOT_WRITABLE for a key without its secret', async () => {
  const a = await h.peer()
  await expect(a.setLocal('x')).rejects.toMatchObject({ code: 'INVALID_KEY' })
  await expect(a.setLocal({} as never)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
  await expect(a.setLocal(null as never)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
  const { publicKey } = crypto.keyPair()
  await expect(a.setLocal(publicKey)).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
  await a.append(op({ put: { on: 1 } }))
})

test('replicate throws INVALID_ARGUMENT for what is neither a boolean nor a stream', async () => {
  const a = await h.peer()
  for (const value of [undefined, null, 'yes', 5, {}]) {
    expect(throwing(() => a.replicate(value as never))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  }
})

test('the host throws INVALID_KEY for what is no key: the append fails, nothing is written', async () => {
  const seen: unknown[] = []
  const a = await h.peer(null, {
    apply(_, __, host: Host) {
      for (const call of ['addWriter', 'removeWriter', 'ackWriter'] as const) {
        try {
          host[call]('nonsense')
        } catch (error) {
          seen.push(error)
        }
      }
      host.addWriter(b4a.alloc(5))
    }
  })
  const error = await a.append('x').catch(reason => reason)
  expect(error).toMatchObject({ code: 'APPLY_FAILED', cause: { code: 'INVALID_KEY' } })
  expect(seen).toMatchObject([{ code: 'INVALID_KEY' }, { code: 'INVALID_KEY' }, { code: 'INVALID_KEY' }])
  expect(a.local.length).toBe(0)
})

test('the host throws INVALID_ARGUMENT when it is used after apply has returned', async () => {
  let kept: Host | null = null
  const a = await h.peer(null, {
    apply(_, __, host) {
      kept = host
    }
  })
  await a.append('x')
  const host = kept as unknown as Host
  const key = a.key as Uint8Array
  expect(throwing(() => host.addWriter(key))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(throwing(() => host.removeWriter(key))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(throwing(() => host.ackWriter(key))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(throwing(() => host.interrupt())).toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test.each([
  ['a buffer', (key: Uint8Array) => key],
  ['hex', (key: Uint8Array) => b4a.toString(key, 'hex')],
  ['z-base-32', (key: Uint8Array) => encode(key)]
])('every call takes a key as %s', async (_, as) => {
  let added: string | Uint8Array = ''
  const apply = (_: unknown, __: unknown, host: Host) => host.addWriter(added)
  const a = await h.peer(null, { apply })
  const b = await h.peer(as(a.key as Uint8Array), { apply })
  expect(b.key).toEqual(a.key)
  connect(a, b)
  added = as(b.local.key)
  await a.append('add')
  await until(() => b.writable)
  b.wakeup({ key: as(a.key as Uint8Array), length: 1 })
  a.wakeup({ key: as(b.local.key), length: 0 })
  await b.setLocal(as(b.local.key))
})

test('a value of more than 15 MB, or too many values, reject with ENTRY_TOO_LARGE, and write nothing', async () => {
  const a = await h.peer(null, { apply: () => {} })
  const large = b4a.alloc(15 * 1024 * 1024)
  await expect(a.append(large)).rejects.toMatchObject({ code: 'ENTRY_TOO_LARGE' })
  await expect(a.append(['fine', large])).rejects.toMatchObject({ code: 'ENTRY_TOO_LARGE' })
  await expect(a.append(new Array(65_537).fill('x'))).rejects.toMatchObject({ code: 'ENTRY_TOO_LARGE' })
  expect(a.local.length).toBe(0)
  await a.append('x')
  expect(a.local.length).toBe(1)
})

test.each([{}, { encryptionKey: b4a.alloc(32, 1) }])(
  'the largest value there is goes through: %#',
  async options => {
    const apply = () => {}
    const a = await h.peer(null, { apply, ...options })
    const b = await h.peer(a.key, { apply, ...options })
    connect(a, b)
    await a.append(b4a.alloc(15 * 1024 * 1024 - 1024))
    await until(() => b.stats.applies > 0)
    await b.flush()
    expect(b.stats.applies).toBe(1)
  }
)

test('AutobeeError.is knows its own, by code too', () => {
  const error = new AutobeeError('CLOSED', 'gone', { cause: 5 })
  expect(AutobeeError.is(error)).toBe(true)
  expect(AutobeeError.is(error, 'CLOSED')).toBe(true)
  expect(AutobeeError.is(error, 'WAITING')).toBe(false)
  expect(AutobeeError.is(new Error('x'))).toBe(false)
  expect(error.cause).toBe(5)
})

test('two writers who are given in different encodings are one writer', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  await admit(a, b)
  await a.append(op({ addWriter: b4a.toString(b.local.key, 'hex') }))
  await b.append(op({ put: { b: 1 } }))
  await sees(a, 'b')
  expect([...a.writers].length).toBe(2)
})
