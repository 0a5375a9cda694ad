import b4a from 'b4a'
import c from 'compact-encoding'
import { describe, expect, test } from 'vitest'
import { Autobee } from '../../src/index.ts'
import { type KeyValue, MAX_KEY_BYTES, MAX_OPERATIONS, MAX_VALUE_BYTES } from '../../src/kv/index.ts'
import { Hostile } from '../support/hostile.ts'
import { agreed, connect, entries, harness, until } from './harness.ts'

const h = harness()

const string = (text: string | Uint8Array) => {
  const bytes = b4a.from(text as string)
  return b4a.concat([c.encode(c.uint, bytes.byteLength), bytes])
}
const put = (key: string | Uint8Array, value: string | Uint8Array) =>
  b4a.concat([b4a.from([1]), string(key), string(value)])
const VERSION = b4a.from([1])
const good = b4a.concat([VERSION, put('good', '1')])

/** Values of a unit that no KeyValue writes; a good one goes before each. */
const GARBAGE: Record<string, Uint8Array> = {
  nothing: b4a.alloc(0),
  'a version alone': VERSION,
  'another version': b4a.concat([b4a.from([2]), put('evil', '1')]),
  'an unknown operation': b4a.concat([good, b4a.from([9])]),
  'bytes of anything': b4a.from('{"put":{"evil":1}}'),
  'a put that ends early': b4a.concat([VERSION, put('evil', '1').subarray(0, 5)]),
  'a length beyond the end': b4a.concat([VERSION, b4a.from([0, 0xfd, 0xff, 0xff]), b4a.from('evil')]),
  'a length beyond all bounds': b4a.concat([VERSION, b4a.from([0, 0xff]), b4a.alloc(8, 255)]),
  'a value that is no JSON': b4a.concat([VERSION, put('evil', '{')]),
  'a value that is no UTF-8': b4a.concat([VERSION, put('evil', b4a.from('22ff22', 'hex'))]),
  'an empty value': b4a.concat([VERSION, put('evil', '')]),
  'a key that is no UTF-8': b4a.concat([VERSION, put(b4a.from('ff', 'hex'), '1')]),
  'a key to delete that is no UTF-8': b4a.concat([VERSION, b4a.from([0]), string(b4a.from('eda080', 'hex'))]),
  'a key that is too long': b4a.concat([VERSION, put('k'.repeat(MAX_KEY_BYTES + 1), '1')]),
  'a value that is too long': b4a.concat([VERSION, put('evil', `"${'v'.repeat(MAX_VALUE_BYTES)}"`)]),
  'a writer whose key ends early': b4a.concat([VERSION, b4a.from([2]), b4a.alloc(31)]),
  'a role that there is not': b4a.concat([VERSION, b4a.from([2]), b4a.alloc(32), b4a.from([2])]),
  'more operations than a value has': b4a.concat([VERSION, b4a.alloc(2 * 4097)]),
  'a value that is nested too deep': b4a.concat([VERSION, put('evil', '['.repeat(1001) + ']'.repeat(1001))]),
  'a good put before garbage': b4a.concat([good, b4a.from([1, 4]), b4a.from('evil')])
}

async function setUp(): Promise<{ a: KeyValue<string, number>; evil: Hostile; rejected: unknown[] }> {
  const a = await h.open<string, number>()
  const evil = await Hostile.open((await h.store()).store, a.key as Uint8Array)
  h.onclose(() => evil.close())
  const rejected: unknown[] = []
  a.on('rejected', ({ key, length, reason }) =>
    rejected.push({ isEvil: b4a.equals(key, evil.key), length, reason })
  )
  connect(a, evil)
  await a.addWriter(evil.key)
  return { a, evil, rejected }
}

describe('a writer that writes what no KeyValue does', () => {
  test.for(Object.keys(GARBAGE))(
    '%s: the unit is skipped everywhere, said once, and all goes on',
    async name => {
      const { a, evil, rejected } = await setUp()
      const timestamp = Date.now()
      await evil.write({ value: good, timestamp })
      await evil.write(
        { value: b4a.concat([VERSION, put('half', '1')]), timestamp, batch: { start: 0, end: 1 } },
        { value: GARBAGE[name] as Uint8Array, timestamp, batch: { start: 1, end: 0 } }
      )
      await evil.write({ value: b4a.concat([VERSION, put('after', '2')]), timestamp })
      await until(() => a.has('after'))
      expect(await entries(a)).toEqual([
        ['after', 2],
        ['good', 1]
      ])
      expect(rejected).toEqual([{ isEvil: true, length: 3, reason: 'INVALID_VALUE' }])
      await a.put('on', 3)
      const reader = await h.open<string, number>(a.key)
      connect(a, reader)
      await until(() => reader.has('on'))
      expect(await agreed(a, reader)).toHaveLength(3)
    }
  )

  test('a writer that removes itself is not removed, and the unit does nothing', async () => {
    const { a, evil, rejected } = await setUp()
    const remove = b4a.concat([b4a.from([3]), evil.key])
    await evil.write({ value: b4a.concat([good, remove]) })
    await evil.write({ value: b4a.concat([VERSION, put('after', '2')]) })
    await until(() => a.has('after'))
    expect(await entries(a)).toEqual([['after', 2]])
    expect(rejected).toEqual([{ isEvil: true, length: 1, reason: 'REMOVES_ITSELF' }])
    const reader = await h.open<string, number>(a.key)
    connect(a, reader)
    await until(() => reader.has('after'))
    expect(await agreed(a, reader)).toEqual([['after', 2]])
    expect([...reader.writers].map(({ isRemoved }) => isRemoved)).toEqual([false, false])
  })

  test('a unit of more operations than any peer should have in memory does nothing', async () => {
    const { a, evil, rejected } = await setUp()
    const timestamp = Date.now()
    const count = MAX_OPERATIONS / 4096
    // each of them deletes the empty key 4096 times
    const value = b4a.concat([VERSION, b4a.alloc(2 * 4096)])
    const unit = (length: number) =>
      Array.from({ length }, (_, i) => ({ value, timestamp, batch: { start: i, end: length - 1 - i } }))
    await evil.write(...unit(count))
    await evil.write(...unit(count + 1))
    await evil.write({ value: b4a.concat([VERSION, put('after', '2')]), timestamp })
    await until(() => a.has('after'))
    expect(rejected).toEqual([{ isEvil: true, length: 2 * count + 1, reason: 'TOO_MANY_OPERATIONS' }])
  })

  test('keys that read as the same key are not let in', async () => {
    const a = await h.open<unknown, number>(null, { keyEncoding: 'json' })
    const evil = await Hostile.open((await h.store()).store, a.key as Uint8Array)
    h.onclose(() => evil.close())
    connect(a, evil)
    await a.addWriter(evil.key)
    await evil.write({ value: b4a.concat([VERSION, put('[1, 2]', '1')]) })
    await evil.write({ value: b4a.concat([VERSION, put('[1,2]', '2')]) })
    await until(() => a.has([1, 2]))
    expect(await entries(a)).toEqual([[[1, 2], 2]])
  })

  test('one with an Autobee of its own: what it appends is skipped by the others after a restart, too', async () => {
    const store = await h.store()
    const a = await h.open<string, number>(null, { store })
    const bytes = { encode: (value: Uint8Array) => value, decode: (value: Uint8Array) => value }
    const plain: Autobee = new Autobee((await h.store()).store, a.key, {
      valueEncoding: { name: 'autobee-kv/1 keys=utf-8 values=json', ...bytes },
      ackInterval: 0,
      apply: (_, __, host) => host.addWriter(plain.local.key)
    })
    h.onclose(() => plain.close())
    await plain.ready()
    const cut = connect(a, plain)
    await a.addWriter(plain.local.key)
    await until(() => plain.writable)
    const rejected: string[] = []
    a.on('rejected', ({ reason }) => rejected.push(reason))
    await plain.append(b4a.from('anything'))
    await plain.append([good, b4a.from([7])])
    await plain.append(b4a.concat([VERSION, put('after', '2')]))
    await until(() => a.has('after'))
    expect(rejected).toEqual(['INVALID_VALUE', 'INVALID_VALUE'])
    await cut()
    await a.close()
    const again = await h.open<string, number>(null, { store })
    await again.put('on', 3)
    expect(await entries(again)).toEqual([
      ['after', 2],
      ['on', 3]
    ])
  })
})
