import b4a from 'b4a'
import crypto from 'hypercore-crypto'
import { expect, test } from 'vitest'
import type { Autobee } from '../../src/index.ts'
import { admit, collect, connect, contents, harness, op, sees, until } from '../core/harness.ts'
import { connectUpTo, counted, stock } from './counted.ts'

const h = harness()

/** Appends so many entries, several to a flush. */
async function fill(db: Autobee, count: number, { prefix = 'k', size = 20 } = {}): Promise<void> {
  const text = 'x'.repeat(size)
  for (let from = 0; from < count; from += 50) {
    const some = Array.from({ length: Math.min(50, count - from) }, (_, i) => `${prefix}${from + i}`)
    await Promise.all(some.map(key => db.append(op({ put: { [key]: text } }))))
  }
}

test('a reader who comes later gets all entries as ranges, and none of them block by block', async () => {
  const a = await counted(h)
  await fill(a.db, 300)
  const b = await counted(h, a.db.key)
  connect(a.db, b.db)
  await sees(b.db, 'k299')
  expect(await contents(b.db)).toEqual(await contents(a.db))
  expect(b.ranges).toMatchObject({ blocksTaken: 300, failed: 0, released: 0 })
  expect(a.ranges).toMatchObject({ blocksGiven: 300 })
  expect(b.ranges.taken).toBeLessThan(5)
})

test.each([{}, { encryptionKey: b4a.alloc(32, 9) }])(
  'two forks merge by a range each way, and reopening changes nothing: %#',
  async options => {
    const store = await h.store()
    const a = await counted(h, null, { ...options, store })
    const b = await counted(h, a.db.key, options)
    const cut = await admit(a.db, b.db)
    await cut()
    await fill(a.db, 100, { prefix: 'a' })
    await fill(b.db, 120, { prefix: 'b' })
    const before = [a.ranges.blocksTaken, b.ranges.blocksTaken] as const
    connect(a.db, b.db)
    await sees(a.db, 'b119')
    await sees(b.db, 'a99')
    const merged = await contents(a.db)
    expect(await contents(b.db)).toEqual(merged)
    expect(a.ranges.blocksTaken - before[0]).toBe(120)
    expect(b.ranges.blocksTaken - before[1]).toBe(100)
    await a.db.close()
    const again = await h.peer(a.db.key, { ...options, store })
    expect(await contents(again)).toEqual(merged)
    await again.append(op({ put: { again: 1 } }))
  }
)

test('in a mesh a range is fetched from one peer only', async () => {
  const a = await counted(h)
  await fill(a.db, 200)
  const b = await counted(h, a.db.key)
  connect(a.db, b.db)
  await sees(b.db, 'k199')
  const before = a.ranges.blocksGiven
  const c = await counted(h, a.db.key)
  connect(a.db, c.db)
  connect(b.db, c.db)
  await sees(c.db, 'k199')
  expect(c.ranges).toMatchObject({ blocksTaken: 200, failed: 0 })
  expect(a.ranges.blocksGiven - before + b.ranges.blocksGiven).toBe(200)
})

test('while connected, entries come by live answers', async () => {
  const a = await counted(h)
  const b = await counted(h, a.db.key)
  const c = await counted(h, a.db.key)
  await admit(a.db, b.db)
  connect(b.db, c.db)
  for (let i = 0; i < 30; i++) {
    await Promise.all([
      a.db.append(op({ put: { [`a${i}`]: i } })),
      b.db.append(op({ put: { [`b${i}`]: i } }))
    ])
    await sees(c.db, `a${i}`, `b${i}`)
  }
  await sees(a.db, 'b29')
  expect(await contents(c.db)).toEqual(await contents(a.db))
  // all of a's 31 entries and b's 30, and what is not in a range is no failure
  expect(c.ranges.blocksTaken).toBe(61)
  expect(c.ranges.failed).toBe(0)
})

test('entries larger than one message come in one range', async () => {
  const a = await counted(h)
  for (let i = 0; i < 4; i++) await a.db.append(op({ put: { [`k${i}`]: 'y'.repeat(700_000) } }))
  const b = await counted(h, a.db.key)
  connect(a.db, b.db)
  await sees(b.db, 'k3')
  expect(await contents(b.db)).toEqual(await contents(a.db))
  expect(b.ranges).toMatchObject({ blocksTaken: 4, taken: 1, failed: 0 })
  // live: too much for a live answer, so it is asked for
  await a.db.append(op({ put: { large: 'z'.repeat(700_000) } }))
  await sees(b.db, 'large')
  expect(b.ranges.blocksTaken).toBe(5)
})

test('more than a range may hold is left to normal download', async () => {
  const a = await counted(h)
  await fill(a.db, 100, { size: 90_000 })
  const b = await counted(h, a.db.key)
  connect(a.db, b.db)
  await sees(b.db, 'k99')
  expect(b.ranges.blocksTaken).toBe(0)
  expect(a.ranges.bytesGiven).toBe(0)
  expect(b.ranges.released).toBeGreaterThan(0)
  // and once all is here, ranges again
  await a.db.append(op({ put: { more: 1 } }))
  await sees(b.db, 'more')
  await until(async () => {
    await a.db.append(op({ put: { again: 1 } }))
    return b.ranges.blocksTaken > 0
  })
})

test('peers without ranges, on either side, work as ever', async () => {
  const a = await counted(h)
  const plain = await stock(h, a.db.key)
  await fill(a.db, 50)
  const cut = await admit(a.db, plain)
  await sees(plain, 'k49')
  await plain.append(op({ put: { plain: 1 } }))
  await sees(a.db, 'plain')
  await cut()
  await a.db.close()
  const reader = await counted(h, a.db.key)
  connect(plain, reader.db)
  await sees(reader.db, 'k49', 'plain')
  expect(reader.ranges).toMatchObject({ blocksTaken: 0, failed: 0 })
})

test('with a plain mirror of the store connected too, nobody waits', async () => {
  const a = await counted(h)
  await fill(a.db, 50)
  const mirror = await h.store()
  const copy = mirror.store.get({ key: a.db.key as Uint8Array })
  await copy.ready()
  copy.download({ start: 0, end: -1 })
  connect(a.db, mirror.store)
  await until(() => copy.contiguousLength === 50)
  const reader = await counted(h, a.db.key)
  connect(mirror.store, reader.db)
  await sees(reader.db, 'k49')
  connect(a.db, reader.db)
  await a.db.append(op({ put: { more: 1 } }))
  await sees(reader.db, 'more')
})

test('a reader that is closed in the middle of a range goes on where it was', async () => {
  const a = await counted(h)
  await fill(a.db, 200, { size: 5000 })
  const store = await h.store()
  const b = await counted(h, a.db.key, { store })
  const slow = connectUpTo(a.db, b.db, { bytes: 400_000 })
  await until(() => slow.isShut)
  await b.db.close()
  await slow.cut()
  const again = await counted(h, a.db.key, { store })
  connect(a.db, again.db)
  await sees(again.db, 'k199')
  expect(await contents(again.db)).toEqual(await contents(a.db))
})

test('a peer that vanishes in the middle of a range is replaced by another', async () => {
  const a = await counted(h)
  await fill(a.db, 200, { size: 5000 })
  const mid = await counted(h, a.db.key)
  connect(a.db, mid.db)
  await sees(mid.db, 'k199')
  const b = await counted(h, a.db.key)
  const slow = connectUpTo(a.db, b.db, { bytes: 400_000 })
  await until(() => slow.isShut)
  expect(b.ranges.taken).toBe(0)
  connect(mid.db, b.db)
  await slow.cut()
  await sees(b.db, 'k199')
  expect(b.ranges).toMatchObject({ blocksTaken: 200, released: 0 })
})

test('a peer that stops in the middle of a range is given up, and another is asked', async () => {
  const a = await counted(h)
  await fill(a.db, 200, { size: 5000 })
  const mid = await counted(h, a.db.key)
  connect(a.db, mid.db)
  await sees(mid.db, 'k199')
  const b = await counted(h, a.db.key)
  const slow = connectUpTo(a.db, b.db, { bytes: 400_000 })
  await until(() => slow.isShut)
  connect(mid.db, b.db)
  await sees(b.db, 'k199')
  expect(b.ranges.blocksTaken).toBe(200)
  expect(b.ranges.failed).toBeGreaterThan(0)
  // what was taken back may still come, and harms nobody
  slow.open()
  await a.db.append(op({ put: { more: 1 } }))
  await sees(b.db, 'more')
})

test('a slow reader costs the other side no memory: what is not read is not given', async () => {
  const a = await counted(h)
  await fill(a.db, 100, { size: 60_000 })
  const b = await counted(h, a.db.key)
  const slow = connectUpTo(a.db, b.db, { bytes: 100_000 })
  await until(() => slow.isShut)
  // until the reader gives it up, and whatever happens on the stream afterwards
  await until(() => b.ranges.failed > 0)
  // a message of 256 KiB, and one that the streams' own buffers take
  expect(a.ranges.bytesGiven).toBeLessThan(1_000_000)
})

test('flush() waits for what is on its way in a range', async () => {
  const a = await counted(h)
  await fill(a.db, 100, { size: 5000 })
  const b = await counted(h, a.db.key)
  const slow = connectUpTo(a.db, b.db, { bytes: 300_000 })
  await until(() => slow.isShut)
  const flushed = b.db.flush()
  slow.open()
  await flushed
  expect(Object.keys(await contents(b.db))).toHaveLength(100)
})

test('databases that open after they were connected find each other', async () => {
  const a = await counted(h)
  await fill(a.db, 20)
  const store = await h.store()
  const b = await counted(h, a.db.key, { store })
  connect(a.db, b.db)
  await sees(b.db, 'k19')
  // opens anew, on the same connection
  const conflicts = collect(b.db, 'error')
  await b.db.setLocal(crypto.keyPair())
  const before = b.ranges.blocksTaken
  await until(async () => {
    await a.db.append(op({ put: { more: 1 } }))
    return b.ranges.blocksTaken > before
  })
  expect(conflicts).toEqual([])
})

test('closing leaves nothing behind: the channel is closed, and Hypercore does as ever', async () => {
  const a = await counted(h)
  const store = await h.store()
  const b = await counted(h, a.db.key, { store })
  const user = store.store.get({ key: a.db.key as Uint8Array })
  await user.ready()
  connect(a.db, b.db)
  await a.db.append(op({ put: { one: 1 } }))
  await sees(b.db, 'one')
  const [peer] = user.peers
  const channels = () => [...(peer?.protomux ?? [])].map(channel => channel.protocol)
  expect(channels()).toContain('autobee/ranges/1')
  await b.db.close()
  expect(channels()).not.toContain('autobee/ranges/1')
  // the stream lives, and so does the user's own session
  await a.db.append(op({ put: { two: 1 } }))
  await until(() => user.length === 2)
})
