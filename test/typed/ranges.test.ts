import b4a from 'b4a'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ReadRange, typed } from '../../src/index.ts'
import { harness } from '../core/harness.ts'
import { all, applyHex, hex, keys, put } from './harness.ts'

const h = harness()

/** Few letters, so that keys, bounds and prefixes meet; 0 and 255 are where prefixes end. */
const bytes = fc
  .uint8Array({ maxLength: 3 })
  .map(key => key.map(byte => [0, 1, 97, 254, 255][byte % 5] as number))
const bound = fc.option(bytes, { nil: undefined, freq: 2 })
const range = fc.record({
  gt: bound,
  gte: bound,
  lt: bound,
  lte: bound,
  prefix: bound,
  reverse: fc.boolean(),
  limit: fc.oneof(fc.constant(-1), fc.nat(4))
})

/** What a range means, plainly. */
function select(
  sorted: readonly Uint8Array[],
  { gt, gte, lt, lte, prefix, reverse, limit = -1 }: ReadRange<Uint8Array>
) {
  const inside = sorted.filter(
    key =>
      !(gt && b4a.compare(key, gt as Uint8Array) <= 0) &&
      !(gte && b4a.compare(key, gte as Uint8Array) < 0) &&
      !(lt && b4a.compare(key, lt as Uint8Array) >= 0) &&
      !(lte && b4a.compare(key, lte as Uint8Array) > 0) &&
      !(prefix && !b4a.toString(key, 'hex').startsWith(b4a.toString(prefix as Uint8Array, 'hex')))
  )
  if (reverse) inside.reverse()
  return limit === -1 ? inside : inside.slice(0, limit)
}

const text = (keys: readonly Uint8Array[]) => keys.map(key => b4a.toString(key, 'hex'))

describe('ranges', () => {
  test('random ranges of random keys, in the whole tree and in a sub, are what they say', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(bytes, { maxLength: 60, comparator: (a, b) => b4a.equals(a, b) }),
        fc.array(range, { minLength: 5, maxLength: 20 }),
        async (some, ranges) => {
          const db = await h.peer(null, { apply: applyHex as never })
          const inSub = some.map(key => b4a.concat([b4a.from('61ff00', 'hex'), key]))
          await db.append(hex(...[...some, ...inSub].map(key => ({ key, value: key }))))
          const whole = [...some, ...inSub].sort(b4a.compare)
          const distinct = whole.filter((key, i) => i === 0 || !b4a.equals(key, whole[i - 1] as Uint8Array))
          const sub = typed(db.bee).sub(b4a.from('61ff', 'hex'))
          const subKeys = distinct
            .filter(key => b4a.toString(key, 'hex').startsWith('61ff00'))
            .map(key => key.subarray(3))
          for (const range of ranges) {
            expect(text(await keys(typed(db.bee).createReadStream(range)))).toEqual(
              text(select(distinct, range))
            )
            expect(text(await keys(sub.createReadStream(range)))).toEqual(text(select(subKeys, range)))
            const [first] = select(subKeys, range)
            expect((await sub.peek(range))?.key ?? null).toEqual(first ? b4a.from(first) : null)
            const { reverse: _, limit: __, ...bounds } = range
            const differences = await all(sub.checkout({ length: 0 }).createDiffStream(sub, bounds))
            expect(text(differences.map(({ right }) => right?.key as Uint8Array))).toEqual(
              text(select(subKeys, bounds))
            )
          }
          await h.clean()
        }
      ),
      { numRuns: 25 }
    )
  })

  test('the prefix of a string is one of characters, also where bytes end at 255', async () => {
    const db = await h.peer()
    await put(db, { a: '1', ä: '2', äb: '3', ã: '4', '\u{10ffff}': '5', '\u{10ffff}z': '6' })
    const bee = typed(db.bee, { keyEncoding: 'utf-8', valueEncoding: 'utf-8' })
    expect(await keys(bee.createReadStream({ prefix: 'ä' }))).toEqual(['ä', 'äb'])
    expect(await keys(bee.createReadStream({ prefix: '\u{10ffff}', reverse: true }))).toEqual([
      '\u{10ffff}z',
      '\u{10ffff}'
    ])
    expect(await keys(bee.createReadStream({ prefix: 'ä', gt: 'ä' }))).toEqual(['äb'])
    expect(await keys(bee.createReadStream({ prefix: '' }))).toHaveLength(6)
    const json = typed(db.bee, { keyEncoding: 'json', valueEncoding: 'utf-8' })
    expect(() => json.createReadStream({ prefix: 'a' })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' })
    )
  })

  test('a range that is none is refused', async () => {
    const bee = typed((await h.peer()).bee)
    for (const range of [
      null,
      'a',
      5,
      b4a.from('a'),
      { limit: -2 },
      { limit: 0.5 },
      { limit: '1' },
      { reverse: 1 }
    ]) {
      expect(() => bee.createReadStream(range as never)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' })
      )
      await expect(bee.peek(range as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    for (const range of [null, 'a', { limit: 1 }, { reverse: true }]) {
      expect(() => bee.watch(range as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    }
    expect(() => bee.createDiffStream(bee, { reverse: true })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' })
    )
  })
})

describe('subs', () => {
  test('are laid out as Hyperbee 1 does it, nest, and have encodings of their own', async () => {
    const db = await h.peer()
    await put(db, { 'users\0ada': '{"age":36}', 'users\0mail\0ada': 'a@b', usersx: 'other', users: 'none' })
    const bee = typed(db.bee, { keyEncoding: 'utf-8', valueEncoding: 'utf-8' })
    const users = bee.sub('users', { valueEncoding: 'json' })
    expect(await users.get('ada')).toEqual({ key: 'ada', value: { age: 36 } })
    const mail = users.sub('mail', { valueEncoding: 'utf-8' })
    expect(await all(mail.createReadStream())).toEqual([{ key: 'ada', value: 'a@b' }])
    expect(b4a.toString(mail.prefix)).toBe('users\0mail\0')
    expect(await keys(bee.sub('users').createReadStream())).toEqual(['ada', 'mail\0ada'])
    expect(await keys(bee.sub('user', { sep: 's' }).createReadStream())).toEqual([
      '',
      '\0ada',
      '\0mail\0ada',
      'x'
    ])
    expect(await all(bee.sub('nobody').createReadStream())).toEqual([])
  })

  test('a name that is none is refused', async () => {
    const bee = typed((await h.peer()).bee)
    for (const name of [null, 5, {}]) {
      expect(() => bee.sub(name as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    }
  })
})

describe('states', () => {
  test('a stream shows what was there when it was made', async () => {
    const db = await h.peer()
    await put(db, { a: '1', b: '1' })
    const bee = typed(db.bee, { keyEncoding: 'utf-8', valueEncoding: 'utf-8' })
    const stream = bee.createReadStream()
    await put(db, { a: '2', c: '2' })
    expect(await all(stream)).toEqual([
      { key: 'a', value: '1' },
      { key: 'b', value: '1' }
    ])
    expect(await keys(bee.createReadStream())).toEqual(['a', 'b', 'c'])
  })

  test('a snapshot and a checkout stay, the bee moves on, and what differs is told', async () => {
    const db = await h.peer()
    await put(db, { a: '1', b: '1', z: 'same' })
    const bee = typed(db.bee, { keyEncoding: 'utf-8', valueEncoding: 'utf-8' })
    const snapshot = bee.snapshot()
    const head = bee.head()
    await put(db, { a: '2', c: '2' })
    await db.append(JSON.stringify({ del: ['b'] }))
    expect((await snapshot.get('a'))?.value).toBe('1')
    expect((await bee.get('a'))?.value).toBe('2')
    const then = bee.checkout(head as { length: number; key: Uint8Array })
    expect(await keys(then.createReadStream())).toEqual(['a', 'b', 'z'])
    expect([bee.isLive, snapshot.isLive, then.isLive]).toEqual([true, false, false])
    const expected = [
      { left: { key: 'a', value: '1' }, right: { key: 'a', value: '2' } },
      { left: { key: 'b', value: '1' }, right: null },
      { left: null, right: { key: 'c', value: '2' } }
    ]
    expect(await all(snapshot.createDiffStream(bee))).toEqual(expected)
    expect(await all(then.createDiffStream(db.bee))).toEqual(expected)
    expect(await all(snapshot.createDiffStream(bee, { limit: 2 }))).toEqual(expected.slice(0, 2))
    expect(await all(snapshot.createDiffStream(bee, { gt: 'a', lt: 'c' }))).toEqual(expected.slice(1, 2))
    expect(() => bee.checkout({ length: -1 })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => bee.checkout(undefined as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' })
    )
  })

  test('streams are streams: they pipe, and a stream that is destroyed ends', async () => {
    const db = await h.peer()
    await put(db, Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, 'v'])))
    const stream = typed(db.bee).createReadStream()
    const seen: unknown[] = []
    await new Promise<void>(resolve => {
      stream.on('data', entry => seen.push(entry))
      stream.on('close', () => resolve())
    })
    expect(seen).toHaveLength(300)
    for await (const _ of typed(db.bee).createReadStream()) break
    const cut = typed(db.bee).createReadStream()
    cut.destroy()
    await new Promise<void>(resolve => cut.on('close', () => resolve()))
  })

  test('reading after the database closed fails with CLOSED', async () => {
    const db = await h.peer()
    await put(db, { a: '1' })
    const bee = typed(db.bee)
    const snapshot = bee.snapshot()
    const sub = bee.sub('x')
    await db.close()
    for (const closed of [bee, snapshot, sub]) {
      await expect(closed.get('a')).rejects.toMatchObject({ code: 'CLOSED' })
      await expect(closed.peek()).rejects.toMatchObject({ code: 'CLOSED' })
      await expect((async () => all(closed.createReadStream()))()).rejects.toMatchObject({ code: 'CLOSED' })
    }
    expect(() => bee.watch()).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    await expect(bee.getAndWatch('a')).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
