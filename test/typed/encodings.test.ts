import b4a from 'b4a'
import c from 'compact-encoding'
import { describe, expect, test } from 'vitest'
import { typed } from '../../src/index.ts'
import { harness } from '../core/harness.ts'
import { applyHex, hex } from './harness.ts'

const h = harness()

const UTF8_A = b4a.from('a')

async function withValue(key: Uint8Array, value: Uint8Array) {
  const db = await h.peer(null, { apply: applyHex as never })
  await db.append(hex({ key, value }))
  return db
}

describe('encodings', () => {
  test('binary gives bytes that are the reader’s own: changing them changes nothing in the tree', async () => {
    const db = await withValue(UTF8_A, b4a.from('xyz'))
    const bee = typed(db.bee)
    const first = await bee.get('a')
    first?.value.fill(0)
    expect(b4a.toString((await bee.get(UTF8_A))?.value as Uint8Array)).toBe('xyz')
  })

  test('utf-8 keeps what strings have: other scripts, a byte order mark, the replacement character', async () => {
    for (const text of ['żółć 🐝', '\ufeffmarked', 'a\ufffdb', '\u0000', '']) {
      const db = await withValue(b4a.from(text), b4a.from(text))
      const bee = typed(db.bee, { keyEncoding: 'utf-8', valueEncoding: 'utf-8' })
      expect(await bee.get(text)).toEqual({ key: text, value: text })
      expect(await bee.peek()).toEqual({ key: text, value: text })
    }
  })

  test('a string with a lone surrogate is refused, not read as another one', async () => {
    const db = await withValue(b4a.from('\ufffd'), b4a.from('x'))
    const bee = typed(db.bee, { keyEncoding: 'utf-8', valueEncoding: 'utf-8' })
    await expect(bee.get('\ud800')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(typed(db.bee).get('\ud800')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('json, and both kinds of codecs', async () => {
    const db = await withValue(c.encode(c.uint32be, 7), b4a.from('{"n":[1,null]}'))
    const json = typed(db.bee, { keyEncoding: c.uint32be, valueEncoding: 'json' })
    expect(await json.get(7)).toEqual({ key: 7, value: { n: [1, null] } })
    const upper = {
      encode: (text: string) => b4a.from(text.toLowerCase()),
      decode: (b: Uint8Array) => b4a.toString(b).toUpperCase()
    }
    const coded = typed(db.bee, { keyEncoding: c.uint32be, valueEncoding: upper })
    expect((await coded.get(7))?.value).toBe('{"N":[1,NULL]}')
  })

  test.for([
    ['utf-8', b4a.from('ff', 'hex')],
    ['utf-8', b4a.from('eda080', 'hex')],
    ['json', b4a.from('{"a":')],
    ['json', b4a.from('22ff22', 'hex')],
    [c.uint, b4a.from('0000', 'hex')],
    [c.uint, b4a.from('ff', 'hex')],
    [
      {
        encode: () => b4a.alloc(0),
        decode: () => {
          throw new Error('no')
        }
      },
      b4a.from('x')
    ]
  ] as const)(
    'bytes that are not what the encoding %o makes are a typed error, in every way to read them',
    async ([encoding, bytes]) => {
      const db = await withValue(bytes, bytes)
      const values = typed(db.bee, { valueEncoding: encoding })
      await expect(values.get(bytes)).rejects.toMatchObject({ code: 'DECODING_FAILED' })
      await expect(values.peek()).rejects.toMatchObject({ code: 'DECODING_FAILED' })
      const all = typed(db.bee, { keyEncoding: encoding })
      await expect(all.createReadStream()[Symbol.asyncIterator]().next()).rejects.toMatchObject({
        code: 'DECODING_FAILED'
      })
      const before = typed(db.bee.checkout({ length: 0 }), { keyEncoding: encoding })
      await expect(before.createDiffStream(all)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
        code: 'DECODING_FAILED'
      })
    }
  )

  test('an encoding that is none is refused, and so are other options and bees that are none', async () => {
    const { bee } = await h.peer()
    const refused = (make: () => unknown, code: string) =>
      expect(make).toThrow(expect.objectContaining({ code }))
    for (const keyEncoding of ['hex', 5, {}, { encode: () => 1 }, true]) {
      refused(() => typed(bee, { keyEncoding: keyEncoding as never }), 'INVALID_OPTIONS')
      refused(() => typed(bee, { valueEncoding: keyEncoding as never }), 'INVALID_OPTIONS')
      refused(() => typed(bee).sub('a', { valueEncoding: keyEncoding as never }), 'INVALID_OPTIONS')
    }
    refused(() => typed(bee, 'json' as never), 'INVALID_OPTIONS')
    refused(() => typed(bee, null as never), 'INVALID_OPTIONS')
    for (const none of [null, undefined, {}, 'bee', typed(bee)])
      refused(() => typed(none as never), 'INVALID_ARGUMENT')
  })

  test('a key that the encoding cannot hold is refused', async () => {
    const { bee } = await h.peer()
    const cases: [unknown, unknown][] = [
      ['utf-8', 5],
      ['utf-8', b4a.from('a')],
      ['binary', 5],
      ['binary', null],
      ['json', undefined],
      ['json', b4a.from('a')],
      ['json', () => {}],
      [c.uint, -1],
      [{ encode: () => 'text', decode: () => 1 }, 1]
    ]
    for (const [keyEncoding, key] of cases) {
      const view = typed(bee, { keyEncoding: keyEncoding as never })
      await expect(view.get(key as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      if (key != null)
        expect(() => view.createReadStream({ gt: key as never })).toThrow(
          expect.objectContaining({ code: 'INVALID_ARGUMENT' })
        )
    }
  })
})
