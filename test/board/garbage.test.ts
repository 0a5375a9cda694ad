import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LIMITS } from '../../demo/board/limits.ts'
import { readCounts } from '../../demo/board/model.ts'
import { parseOp } from '../../demo/board/parse.ts'
import type { Autobee } from '../../src/index.ts'
import { agreed, BoardHarness, connect, contents, until } from './harness.ts'
import { counted, recount } from './recount.ts'

const KEY = 'ybndrfg8ejkmcpqxot1uwisza345h769ybndrfg8ejkmcpqxot1y'

/** Good ops, by which garbage gets as far as it can. */
const GOOD: Record<string, unknown>[] = [
  { op: 'board', name: 'B' },
  { op: 'list', id: 'l', title: 'L', place: 'a0', was: 'x' },
  { op: 'unlist', id: 'l' },
  { op: 'item', id: 'i', list: 'l', text: 'T', place: 'a0' },
  { op: 'item', id: 'j', list: 'todo', text: 'T' },
  { op: 'edit', id: 'i', text: 'U', was: 'T' },
  { op: 'edit', id: 'i', note: 'N' },
  { op: 'edit', id: 'j', done: true },
  { op: 'settle', id: 'i', version: 'x' },
  { op: 'move', id: 'i', list: 'todo', place: 'a1' },
  { op: 'remove', id: 'i' },
  { op: 'restore', id: 'l' },
  { op: 'restore', id: 'i' },
  { op: 'purge', id: 'l' },
  { op: 'purge', id: 'i' },
  { op: 'me', name: 'M' },
  { op: 'ask', name: 'A' },
  { op: 'join', name: 'J', invite: KEY, signature: '0'.repeat(128) },
  { op: 'invite', publicKey: KEY, label: '', indexer: true },
  { op: 'uninvite', publicKey: KEY },
  { op: 'admit', key: KEY, indexer: false },
  { op: 'refuse', key: KEY },
  { op: 'expel', key: KEY }
]

const names = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'op',
  'id',
  '',
  '../x',
  'a/b'
)
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue(),
  names,
  fc.constantFrom(
    'x'.repeat(100_000),
    '\ud800',
    '\u0000',
    'a0'.padEnd(LIMITS.place + 1, '1'),
    -0,
    1e308,
    null,
    true
  ),
  fc.dictionary(names, fc.jsonValue()),
  fc.string({ unit: 'binary' })
)

const value: fc.Arbitrary<unknown> = fc.oneof(
  junk,
  fc.constantFrom(...GOOD),
  fc
    .record({ good: fc.constantFrom(...GOOD), field: fc.nat(5), junk })
    .map(({ good, field, junk: bad }) => ({ ...good, [Object.keys(good)[field] ?? 'more']: bad })),
  fc.record({ good: fc.constantFrom(...GOOD), field: fc.nat(5) }).map(({ good, field }) => {
    const { [Object.keys(good)[field] ?? 'op']: _, ...less } = good
    return less
  })
)

test('no value at all makes the parser throw, and what it takes for an op is one', () => {
  const anything = fc.oneof(value, fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }))
  fc.assert(
    fc.property(anything, one => {
      const op = parseOp(one)
      if (op !== null) expect(GOOD.some(good => good.op === op.op)).toBe(true)
    }),
    { numRuns: 3_000 }
  )
  for (const good of GOOD) expect(parseOp(good)).toBe(good)
})

test('whatever members and strangers append, apply takes it, all peers agree, and the view stays in order', async () => {
  const unit = fc.record({ by: fc.nat(2), values: fc.array(value, { minLength: 1, maxLength: 6 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(unit, { maxLength: 25 }), async units => {
      const h = new BoardHarness()
      try {
        const { founder, members } = await h.board(1)
        const [member] = members as [Autobee]
        const stranger = await h.peer(founder.key)
        connect(founder, stranger)
        await until(async () => (await readCounts(stranger.view)).lists > 0)
        const errors: unknown[] = []
        for (const db of [founder, member, stranger]) db.on('error', error => errors.push(error))
        for (const { by, values } of units) {
          if (by === 2) await tries(stranger, values)
          else await ([founder, member][by] as Autobee).append(values)
        }
        const view = await agreed(founder, member)
        await until(
          async () => JSON.stringify(await contents(stranger)) === JSON.stringify(await contents(founder))
        )
        expect(errors).toEqual([])
        expect(counted(view)).toEqual(recount(view))
        expect(Object.keys(view).filter(key => !KNOWN.test(key))).toEqual([])
        for (const text of Object.values(view)) expect(text.length).toBeLessThan(LIMITS.note * 2)
      } finally {
        await h.clean()
      }
    }),
    { numRuns: 15, interruptAfterTimeLimit: 40_000 }
  )
}, 60_000)

const KNOWN =
  /^(?:board|counts|(?:list|item|note)\/[\w-]+|other\/[\w-]+\/[\w-]+|row\/[\w-]+\/\w+\/[\w-]+|bin\/\d{16}\/[\w-]+|(?:person|request|refused|invite)\/\w{52})$/

/** What is not acknowledged is not written: that is all that may go wrong. */
async function tries(db: Autobee, values: unknown[]): Promise<void> {
  try {
    await db.append(values, { optimistic: true })
  } catch (error) {
    expect((error as { code?: unknown }).code).toMatch(/^(?:NOT_WRITABLE|ENTRY_TOO_LARGE)$/)
  }
}
