import b4a from 'b4a'
import c from 'compact-encoding'
import { expect, test } from 'vitest'
import type { Autobee } from '../../src/index.ts'
import { checkValue, type Entry } from '../../src/oplog/entry.ts'
import { block, type Hostile } from '../support/hostile.ts'
import { collect, connect, contents, type Harness, harness, op, sees, until } from './harness.ts'

const h = harness()
const now = Date.now()
const value = op({ put: { evil: 1 } })
const foreign = b4a.alloc(32, 7)

/** A database, and a writer of it who keeps to no rule. */
async function setUp(harness: Harness): Promise<{ a: Autobee; evil: Hostile; frozen: unknown[] }> {
  const a = await harness.peer()
  const evil = await harness.hostile(a.key as Uint8Array)
  const frozen = collect(a, 'writer-frozen')
  connect(a, evil)
  await a.append(op({ addWriter: evil.core.id }))
  return { a, evil, frozen }
}

async function expectOthersGoOn(a: Autobee, evil: Hostile, reader: Autobee): Promise<void> {
  const cut = connect(a, reader)
  await a.append(op({ put: { on: 1 } }))
  await a.flush()
  await sees(reader, 'on')
  expect(await contents(reader)).toEqual(await contents(a))
  const states = [...a.writers].map(({ key, state }) => ({ isEvil: b4a.equals(key, evil.key), state }))
  expect(states).toEqual([
    { isEvil: false, state: 'active' },
    { isEvil: true, state: 'frozen' }
  ])
  await cut()
}

/** Blocks of a writer that come after one good entry; each list breaks one rule. */
const ENTRIES: Record<string, { reason: string; entries: Partial<Entry>[] }> = {
  'stamped earlier than its own previous one': {
    reason: 'INVALID_ENTRY',
    entries: [{ value, timestamp: now - 1000 }]
  },
  'linking to nothing': {
    reason: 'INVALID_ENTRY',
    entries: [{ value, links: [{ key: foreign, length: 0 }] }]
  },
  'linking to its writers in the wrong order': {
    reason: 'INVALID_ENTRY',
    entries: [
      {
        value,
        links: [
          { key: foreign, length: 1 },
          { key: b4a.alloc(32, 6), length: 1 }
        ]
      }
    ]
  },
  'linking to the same writer twice': {
    reason: 'INVALID_ENTRY',
    entries: [
      {
        value,
        links: [
          { key: foreign, length: 1 },
          { key: foreign, length: 2 }
        ]
      }
    ]
  },
  'that begins in the middle of a unit': {
    reason: 'INVALID_ENTRY',
    entries: [{ value, batch: { start: 1, end: 0 } }]
  },
  'of a unit that begins again before it ended': {
    reason: 'INVALID_ENTRY',
    entries: [
      { value, batch: { start: 0, end: 1 } },
      { value, batch: { start: 0, end: 1 } }
    ]
  },
  'of a unit that changes its size': {
    reason: 'INVALID_ENTRY',
    entries: [
      { value, batch: { start: 0, end: 2 } },
      { value, batch: { start: 1, end: 0 } }
    ]
  },
  'of a unit with two timestamps': {
    reason: 'INVALID_ENTRY',
    entries: [
      { value, batch: { start: 0, end: 1 }, timestamp: now },
      { value, batch: { start: 1, end: 0 }, timestamp: now + 1 }
    ]
  },
  'of a unit that is optimistic in part': {
    reason: 'INVALID_ENTRY',
    entries: [
      { value, batch: { start: 0, end: 1 }, timestamp: now },
      { value, batch: { start: 1, end: 0 }, timestamp: now, optimistic: true }
    ]
  },
  'of a unit with links in its middle': {
    reason: 'INVALID_ENTRY',
    entries: [
      { value, batch: { start: 0, end: 1 }, timestamp: now },
      { value, batch: { start: 1, end: 0 }, timestamp: now, links: [{ key: foreign, length: 1 }] }
    ]
  },
  'of a unit of more entries than one can have': {
    reason: 'INVALID_ENTRY',
    entries: [{ value, batch: { start: 0, end: 2 ** 40 } }]
  },
  'of an ack inside a unit': {
    reason: 'INVALID_ENTRY',
    entries: [{ ack: true, batch: { start: 0, end: 1 } }]
  },
  'of an ack with a value': { reason: 'INVALID_ENTRY', entries: [{ ack: true, value }] },
  'that says a second time what the database is': {
    reason: 'INVALID_ENTRY',
    entries: [{ value, origin: { orderRule: 1, encrypted: false, valueEncoding: 'binary' } }]
  },
  'of an order rule that nobody knows': {
    reason: 'UPGRADE_REQUIRED',
    entries: [{ value, origin: { orderRule: 99, encrypted: false, valueEncoding: 'binary' } }]
  }
}

test.each(Object.keys(ENTRIES))('an entry %s freezes its writer there, and only it', async name => {
  const { reason, entries } = ENTRIES[name]!
  const { a, evil, frozen } = await setUp(h)
  await evil.write({ value: op({ put: { good: 1 } }), timestamp: now })
  await sees(a, 'good')
  await evil.write(...entries.map(entry => ({ timestamp: now, ...entry })))
  await until(() => frozen.length > 0)
  expect(frozen).toMatchObject([{ key: evil.key, length: 1, reason }])
  await expectOthersGoOn(a, evil, await h.peer(a.key))
  expect(await contents(a)).toEqual({ good: '1', on: '1' })
})

/** Blocks as they are, behind one good entry. */
const BLOCKS: Record<string, { reason: string; block(evil: Hostile): Uint8Array }> = {
  'of random bytes': { reason: 'UPGRADE_REQUIRED', block: () => b4a.alloc(100, 0x55) },
  'of zeros': { reason: 'UPGRADE_REQUIRED', block: () => b4a.alloc(100) },
  'of no bytes at all': { reason: 'INVALID_ENTRY', block: () => b4a.alloc(0) },
  'of an unknown version': { reason: 'UPGRADE_REQUIRED', block: evil => patched(evil, 0, 2) },
  'with unknown flags': { reason: 'UPGRADE_REQUIRED', block: evil => patched(evil, 1, 0x40) },
  'cut short': { reason: 'INVALID_ENTRY', block: evil => good(evil).subarray(0, 20) },
  'with bytes behind its end': {
    reason: 'INVALID_ENTRY',
    block: evil => b4a.concat([good(evil), b4a.from([0])])
  },
  'with flags behind its end that nobody knows': {
    reason: 'UPGRADE_REQUIRED',
    block: evil => b4a.concat([good(evil), b4a.from([0x80])])
  },
  'that claims millions of links': { reason: 'INVALID_ENTRY', block: () => claimingLinks(5_000_000) },
  'that claims more links than there are numbers': {
    reason: 'INVALID_ENTRY',
    block: () => claimingLinks(Number.MAX_SAFE_INTEGER)
  },
  'stamped later than numbers go': {
    reason: 'INVALID_ENTRY',
    block: () => b4a.concat([b4a.from([1, 1, 0xff]), b4a.alloc(8, 0xff), b4a.from([0, 0, 1, 65])])
  }
}

function good(evil: Hostile): Uint8Array {
  return block({ value, timestamp: now }, { core: evil.key, index: 1 })
}

function patched(evil: Hostile, at: number, byte: number): Uint8Array {
  const bytes = b4a.from(good(evil))
  bytes[at] = byte
  return bytes
}

/** version, flags: links, timestamp, batch, count. */
function claimingLinks(count: number): Uint8Array {
  const state = { start: 0, end: 64, buffer: b4a.alloc(64) }
  for (const number of [1, 8, now, 0, 0, count]) c.uint.encode(state, number)
  return state.buffer
}

test.each(Object.keys(BLOCKS))('a block %s freezes its writer there, and only it', async name => {
  const { reason, block } = BLOCKS[name]!
  const { a, evil, frozen } = await setUp(h)
  await evil.write({ value: op({ put: { good: 1 } }), timestamp: now })
  await sees(a, 'good')
  await evil.writeRaw(block(evil))
  await until(() => frozen.length > 0)
  expect(frozen).toMatchObject([{ key: evil.key, length: 1, reason }])
  await expectOthersGoOn(a, evil, await h.peer(a.key))
})

test('a first block without its check value freezes its writer, and only it', async () => {
  const { a, evil, frozen } = await setUp(h)
  await evil.writeRaw(b4a.from('hello, I am a plain hypercore'))
  await until(() => frozen.length > 0)
  expect(frozen).toMatchObject([{ key: evil.key, length: 0, reason: 'ENCRYPTION_KEY_MISMATCH' }])
  await expectOthersGoOn(a, evil, await h.peer(a.key))
})

test("a first block with another oplog's check value freezes its writer, and only it", async () => {
  const { a, evil, frozen } = await setUp(h)
  await evil.writeRaw(b4a.concat([checkValue(a.key as Uint8Array), good(evil)]))
  await until(() => frozen.length > 0)
  await expectOthersGoOn(a, evil, await h.peer(a.key))
})

test('a writer who claims to be the database freezes: ORIGIN', async () => {
  const { a, evil, frozen } = await setUp(h)
  await evil.write({ value, origin: { orderRule: 1, encrypted: false, valueEncoding: 'json' } })
  await until(() => frozen.length > 0)
  expect(frozen).toMatchObject([{ key: evil.key, length: 0, reason: 'ORIGIN' }])
  await expectOthersGoOn(a, evil, await h.peer(a.key))
})

test('an entry stamped earlier than one that it links to freezes its writer: BACK_DATED', async () => {
  const { a, evil, frozen } = await setUp(h)
  await evil.write({ value, timestamp: 1, links: [{ key: a.key as Uint8Array, length: 1 }] })
  await until(() => frozen.length > 0)
  expect(frozen).toMatchObject([{ key: evil.key, length: 0, reason: 'BACK_DATED' }])
  await expectOthersGoOn(a, evil, await h.peer(a.key))
  expect(await contents(a)).toEqual({ on: '1' })
})

test('an entry stamped as early as one that it links to freezes its writer: BACK_DATED', async () => {
  const { a, evil, frozen } = await setUp(h)
  await evil.write({ value, timestamp: now })
  await sees(a, 'evil')
  const other = await h.hostile(a.key as Uint8Array)
  connect(a, other)
  await a.append(op({ addWriter: other.core.id }))
  await other.write({ value, timestamp: now, links: [{ key: evil.key, length: 1 }] })
  await until(() => frozen.length > 0)
  expect(frozen).toMatchObject([{ key: other.key, length: 0, reason: 'BACK_DATED' }])
})

test('half a unit waits, stalls nobody, and flush says so', async () => {
  const { a, evil, frozen } = await setUp(h)
  await evil.write({ value, batch: { start: 0, end: 2 }, timestamp: now })
  await until(() => [...a.writers].some(({ length, isLocal }) => !isLocal && length === 1))
  await a.append(op({ put: { on: 1 } }))
  await expect(a.flush()).rejects.toMatchObject({ code: 'WAITING', reason: 'BLOCKS' })
  expect(await contents(a)).toEqual({ on: '1' })
  await evil.write({ value, batch: { start: 1, end: 1 }, timestamp: now })
  await evil.write({ value: op({ put: { whole: 1 } }), batch: { start: 2, end: 0 }, timestamp: now })
  await sees(a, 'whole')
  await a.flush()
  expect(frozen).toEqual([])
})

test('a link to an entry that nobody has waits, stalls nobody, and flush says so', async () => {
  const { a, evil, frozen } = await setUp(h)
  const waiting = collect(a, 'waiting')
  const b = await h.peer(a.key)
  connect(a, b)
  await evil.write({ value, links: [{ key: a.key as Uint8Array, length: 1000 }] })
  await until(() => waiting.length > 0)
  await a.append(op({ put: { on: 1 } }))
  await sees(b, 'on')
  expect(waiting).toMatchObject([{ reason: 'LINKS', key: evil.key, length: 1 }])
  await expect(a.flush()).rejects.toMatchObject({ code: 'WAITING', reason: 'LINKS' })
  expect(frozen).toEqual([])
  expect(await contents(a)).toEqual({ on: '1' })
})

test('links to a hundred thousand oplogs that nobody has wait, and open next to nothing', async () => {
  const store = await h.store()
  const a = await h.peer(null, { store })
  const evil = await h.hostile(a.key as Uint8Array)
  const waiting = collect(a, 'waiting')
  connect(a, evil)
  await a.append(op({ addWriter: evil.core.id }))
  const before = store.store.cores.size
  const links = Array.from({ length: 100_000 }, (_, i) => {
    const key = b4a.alloc(32)
    new DataView(key.buffer, key.byteOffset).setUint32(0, i)
    return { key, length: 1 }
  })
  await evil.write({ value, links })
  await until(() => waiting.length > 0)
  await a.append(op({ put: { on: 1 } }))
  expect(store.store.cores.size).toBeLessThan(before + 4)
})

test('a frozen writer is found again at reopening, and its applied entries stay readable', async () => {
  const store = await h.store()
  const a = await h.peer(null, { store })
  const evil = await h.hostile(a.key as Uint8Array)
  const frozen = collect(a, 'writer-frozen')
  const cut = connect(a, evil)
  await a.append(op({ addWriter: evil.core.id }))
  await evil.write({ value: op({ put: { good: 1 } }), timestamp: now })
  await sees(a, 'good')
  await evil.writeRaw(b4a.alloc(10, 9))
  await until(() => frozen.length > 0)
  await cut()
  await a.close()
  const again = h.make(store, null)
  const frozenAgain = collect(again, 'writer-frozen')
  await again.ready()
  await until(() => frozenAgain.length > 0)
  expect(frozenAgain).toEqual(frozen)
  await again.append(op({ put: { on: 1 } }))
  await again.flush()
  expect(await contents(again)).toEqual({ good: '1', on: '1' })
})
