import b4a from 'b4a'
import c from 'compact-encoding'
import Wakeup from 'protomux-wakeup'
import { expect, test } from 'vitest'
import type { ApplyNode, Autobee, Head, Host, HyperbeeView } from '../../src/index.ts'
import { apply } from '../support/peers.ts'
import { admit, collect, connect, contents, harness, op, sees, until } from './harness.ts'

const h = harness()

async function same(...peers: Autobee[]): Promise<void> {
  const views = await Promise.all(peers.map(db => contents(db)))
  for (const view of views) expect(view).toEqual(views[0])
}

test('three peers in a chain: the ends hear of each other through the middle', async () => {
  const a = await h.peer()
  const hub = await h.peer(a.key)
  const c = await h.peer(a.key)
  connect(a, hub)
  connect(hub, c)
  await a.append(op({ addWriter: c.local.id }))
  await until(() => c.writable)
  await c.append(op({ put: { c: 1 } }))
  await sees(a, 'c')
  await a.append(op({ put: { a: 1 } }))
  await sees(c, 'a')
  await sees(hub, 'a', 'c')
  await same(a, hub, c)
  expect(hub.writable).toBe(false)
})

test('a peer in the middle brings news of one to another who was never connected to it', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  const hub = await h.peer(a.key)
  const cut = [connect(a, hub), await admit(a, b)]
  await a.append(op({ put: { a: 1 } }))
  for (const db of [b, hub]) await sees(db, 'a')
  for (const end of cut) await end()
  await b.append(op({ put: { b: 1 } }))
  const cutHub = connect(b, hub)
  await sees(hub, 'b')
  await cutHub()
  await b.close()
  connect(a, hub)
  await sees(a, 'b')
})

test('peers that all append at once end with the same view', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  const c = await h.peer(a.key)
  await admit(a, b)
  await admit(a, c, { indexer: false })
  connect(b, c)
  const peers = [a, b, c]
  const appends = peers.flatMap((db, n) =>
    Array.from({ length: 30 }, (_, i) => db.append(op({ put: { [`${n}/${i}`]: i, same: `${n}/${i}` } })))
  )
  await Promise.all(appends)
  for (const db of peers) await sees(db, '0/29', '1/29', '2/29')
  await until(async () => {
    const views = await Promise.all(peers.map(db => contents(db)))
    return views.every(view => view.same === views[0]?.same)
  })
  await same(...peers)
})

test('a merge that moves entries tells it by the event reorg', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  const cut = await admit(a, b)
  await cut()
  const reorgs = [collect(a, 'reorg'), collect(b, 'reorg')]
  for (let i = 0; i < 5; i++) {
    await a.append(op({ put: { [`a${i}`]: i } }))
    await b.append(op({ put: { [`b${i}`]: i } }))
  }
  connect(a, b)
  await sees(a, 'b4')
  await sees(b, 'a4')
  const all = reorgs.flat() as { position: number; undone: number }[]
  expect(all.length).toBeGreaterThan(0)
  for (const { position, undone } of all) {
    expect(position).toBeGreaterThan(0)
    expect(undone).toBeGreaterThan(0)
    expect(position + undone).toBeLessThanOrEqual(11)
  }
})

test('a wakeup may be shared by several databases, and outlives them', async () => {
  const wakeup = new Wakeup()
  const stores = [await h.store(), await h.store()] as const
  const a = await h.peer(null, { store: stores[0].store.namespace('a'), wakeup })
  const x = await h.peer(null, { store: stores[0].store.namespace('x'), wakeup })
  const b = await h.peer(a.key, { store: stores[1].store.namespace('a') })
  const y = await h.peer(x.key, { store: stores[1].store.namespace('x') })
  const left = a.replicate(true)
  const right = b.replicate(false)
  x.replicate(left)
  y.replicate(right)
  for (const stream of [left, right]) stream.on('error', () => {})
  left.pipe(right as never)
  right.pipe(left as never)
  await a.append(op({ addWriter: b.local.id }))
  await x.append(op({ addWriter: y.local.id }))
  await until(() => b.writable && y.writable)
  await a.close()
  await y.append(op({ put: { y: 1 } }))
  await sees(x, 'y')
  left.destroy()
  wakeup.destroy()
})

test('the same connection handed in twice is one connection', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  const left = a.replicate(true)
  const right = b.replicate(false)
  a.replicate(left)
  b.replicate(right)
  for (const stream of [left, right]) stream.on('error', () => {})
  left.pipe(right as never)
  right.pipe(left as never)
  await a.append(op({ put: { a: 1 } }))
  await sees(b, 'a')
  left.destroy()
})

test('a connection made before the databases are open works', async () => {
  const a = await h.peer()
  const b = h.make(await h.store(), a.key)
  connect(a, b)
  await b.ready()
  await a.append(op({ addWriter: b.local.id }))
  await until(() => b.writable)
  await b.append(op({ put: { b: 1 } }))
  await sees(a, 'b')
})

test("an indexer acknowledges ordinary writers' entries after ackInterval, once", async () => {
  const a = await h.peer(null, { ackInterval: 20 })
  const b = await h.peer(a.key, { ackInterval: 20 })
  const c = await h.peer(a.key, { ackInterval: 20 })
  await admit(a, b)
  await admit(a, c, { indexer: false })
  connect(b, c)
  await c.append(op({ put: { c: 1 } }))
  await until(() => a.local.length + b.local.length >= 3)
  await until(() => b.stats.applies >= 4 && a.stats.applies >= 4)
  await same(a, b)
  // acks call for no acks: by now each indexer would have answered the other many times
  const lengths = () => [a.local.length, b.local.length, c.local.length]
  await c.append(op({ put: { d: 1 } }))
  const before = lengths()
  await until(() => a.local.length + b.local.length > (before[0] ?? 0) + (before[1] ?? 0))
  for (const db of [a, b, c]) await sees(db, 'c', 'd')
  for (const db of [a, b, c]) await db.flush()
  const [first = 0, second = 0, third] = lengths()
  expect(third).toBe(2)
  // two entries of the set-up, and at most one ack of each indexer for each of the two entries
  expect(first + second).toBeLessThanOrEqual(6)
})

test('with ackInterval 0 nothing is acknowledged', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  await admit(a, b, { indexer: false })
  for (let i = 0; i < 5; i++) await b.append(op({ put: { [`b${i}`]: i } }))
  await sees(a, 'b4')
  await a.flush()
  expect(a.local.length).toBe(1)
})

test('an apply that is not deterministic is noticed: diverged', async () => {
  const admitting = async (nodes: ApplyNode[], view: HyperbeeView, host: Host) => {
    for (const node of nodes) if (node.optimistic) host.ackWriter(node.key)
    await apply(nodes, view, host)
  }
  const a = await h.peer(null, { apply: admitting })
  const b = await h.peer(a.key)
  const c = await h.peer(a.key, { apply: admitting })
  const diverged = [collect(b, 'diverged'), collect(a, 'diverged')]
  connect(a, b)
  connect(a, c)
  await a.append(op({ put: { a: 1 } }))
  await sees(b, 'a')
  await sees(c, 'a')
  await c.append(op({ addWriter: c.local.id, put: { c: 1 } }), { optimistic: true })
  await until(() => (diverged[0]?.length ?? 0) > 0)
  expect(diverged[0]).toMatchObject([{ key: a.key }])
  expect(diverged[1]).toEqual([])
})

test('peers that agree never say that they have diverged', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  const diverged = [collect(a, 'diverged'), collect(b, 'diverged')]
  await admit(a, b)
  for (let i = 0; i < 100; i++)
    await Promise.all([a.append(op({ put: { a: i } })), b.append(op({ put: { b: i } }))])
  await until(async () => (await contents(a)).b === '99' && (await contents(b)).a === '99')
  await same(a, b)
  expect(diverged.flat()).toEqual([])
})

/** Makes an anchor of each unit that asks for one. */
function anchoring(anchors: Head[]) {
  return async (nodes: ApplyNode[], view: HyperbeeView, host: Host) => {
    await apply(nodes, view, host)
    const isAsked = nodes.some(({ value }) => b4a.toString(value).includes('anchor'))
    if (!isAsked) return
    const anchor = await host.createAnchor()
    anchors.push(anchor)
    const batch = view.write()
    batch.tryPut(b4a.from('anchor'), b4a.from(anchor.key))
    await batch.flush()
  }
}

test.each([{}, { encryptionKey: b4a.alloc(32, 3) }])(
  'an anchor has the same key on both peers, and holds the heads: %#',
  async options => {
    const made: [Head[], Head[]] = [[], []]
    const a = await h.peer(null, { ...options, apply: anchoring(made[0]) })
    const b = await h.peer(a.key, { ...options, apply: anchoring(made[1]) })
    const cut = await admit(a, b)
    await b.append(op({ put: { b: 1 } }))
    await sees(a, 'b')
    await a.append(op({ put: { 'anchor here': 1 } }))
    await sees(b, 'anchor')
    expect(made[0].length).toBeGreaterThan(0)
    expect(made[1].at(-1)).toEqual(made[0].at(-1))
    expect(await contents(a)).toEqual(await contents(b))
    const { key, length } = made[0].at(-1) as Head
    expect(length).toBe(1)
    await cut()
    for (const db of [a, b]) {
      const core = h.storeOf(db).get({ key })
      await core.ready()
      expect(core.writable).toBe(false)
      expect(headsOf((await core.get(0)) as Uint8Array)).toEqual([{ key: a.key, length: 2 }])
      await core.close()
    }
  }
)

test('an anchor replicates to who has only its key', async () => {
  const made: Head[] = []
  const a = await h.peer(null, { apply: anchoring(made) })
  await a.append(op({ put: { 'anchor here': 1 } }))
  const { key } = made[0] as Head
  const mirror = await h.store()
  const copy = mirror.store.get({ key })
  await copy.ready()
  connect(a, mirror.store)
  expect(headsOf((await copy.get(0)) as Uint8Array)).toEqual([{ key: a.key, length: 1 }])
})

function headsOf(block: Uint8Array): Head[] {
  const state = { start: 0, end: block.byteLength, buffer: block as Buffer }
  const heads: Head[] = []
  for (let count = c.uint.decode(state); count > 0; count--) {
    heads.push({ key: b4a.from(c.fixed32.decode(state)), length: c.uint.decode(state) })
  }
  expect(state.start).toBe(state.end)
  return heads
}
