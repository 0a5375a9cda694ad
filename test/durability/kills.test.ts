import { setTimeout as sleep } from 'node:timers/promises'
import b4a from 'b4a'
import Corestore from 'corestore'
import { expect, test, vi } from 'vitest'
import type { FlushPhase } from '../../src/engine/journal.ts'
import { until } from '../support/peers.ts'
import { op } from './apply.mjs'
import type { Acked, Child } from './child.ts'
import { readDisk } from './disk.ts'
import { random } from './random.mjs'
import { expectCalm, expectSame, newSeed } from './rounds.ts'
import { connect } from './wire.mjs'
import { hex, type Peer, workshop } from './workshop.ts'

const PHASES: readonly FlushPhase[] = [
  'view-flushed',
  'system-flushed',
  'oplog-appended',
  'boot-written',
  'before-batch',
  'after-batch',
  'written'
]
const RANDOM_KILLS = 5
/** More than a segment of the order index, so that merging them flushes the system tree as well. */
const BURST = 66

const kills = new Map<string, number>()
// a busy machine makes dozens of processes slow; nothing here depends on how slow
vi.setConfig({ testTimeout: 240_000 })

const shop = workshop()

for (const merging of [false, true]) {
  const where = merging ? 'in merges' : 'at any flush'

  test(`an indexer killed ${where} loses nothing that was acknowledged, and goes on`, async () => {
    const { key, dir, peer } = await createdByChild()
    await killRepeatedly({ dir, key, peer, merging, seed: newSeed(`indexer, ${where}`) })
  })

  test(`an ordinary writer killed ${where} loses nothing that was acknowledged, and goes on`, async () => {
    const dir = await shop.dir()
    const peer = await shop.peer(await shop.dir())
    const key = peer.db.id as string
    const first = shop.child({ dir, key, name: 'first', seed: 1 })
    const { local } = await first.ready()
    await peer.db.append(op({ id: 'add', addWriter: local, isIndexer: false }))
    await first.call('connect', { port: peer.port })
    await first.hears(({ event }) => event === 'writable' || undefined)
    await first.close()
    await killRepeatedly({ dir, key, peer, merging, seed: newSeed(`ordinary writer, ${where}`) })
  })
}

test('killed between the chunks of one merge, it goes on with the merge', async () => {
  const { key, dir, peer } = await createdByChild()
  await burst(peer, { name: 'burst', count: 5000 })
  const before = shop.child({ dir, key, name: 'own', seed: newSeed('chunks') })
  await before.ready()
  await before.call('run', { count: 20 })
  await before.hears(() => (before.acked.length >= 20 ? true : undefined))
  await before.close()
  await download(dir, peer)
  // opening takes back what the burst comes before; the first flush is the first chunk of what follows
  const failpoint = { phase: 'written', n: 1, merging: false } as const
  const child = shop.child({ dir, key, name: 'own', seed: 1, failpoint })
  await child.hears(({ killing }) => killing)
  await child.exited()
  expect(child.killing, child.report()).toMatchObject({ phase: 'written' })
  tally(child)
  const copy = await shop.copy(dir)
  const found = await readDisk(copy, key)
  expect(found?.ids.length).toBeGreaterThan(1000)
  expect(found?.ids.some(id => id.startsWith('own.'))).toBe(false)
  const again = await shop.peer(copy, { key })
  await again.db.update()
  for (const { ids } of before.acked) for (const id of ids) expect(await times(again, id)).toBe('1')
  for (let i = 0; i < 5000; i += 100) expect(await times(again, `burst.${i}`)).toBe('1')
  await again.close()
  await readDisk(copy, key)
  await converge({ dir, key, peer })
})

test('every phase of a flush saw a kill, in a merge as well, and there were at least 40', () => {
  const total = [...kills.values()].reduce((sum, count) => sum + count, 0)
  console.log(`kills: ${total}`, Object.fromEntries(kills))
  for (const phase of PHASES) {
    const inAll = [...kills].filter(([name]) => name.startsWith(phase)).length
    expect(inAll, `kills in ${phase}`).toBeGreaterThanOrEqual(1)
    expect(kills.get(`${phase}, merging`) ?? 0, `kills in ${phase} of a merge`).toBeGreaterThanOrEqual(1)
  }
  expect(total).toBeGreaterThanOrEqual(40)
})

interface Chain {
  readonly dir: string
  readonly key: string
  readonly peer: Peer
  readonly seed: number
  /** Kill in flushes that undo something. */
  readonly merging: boolean
}

/** A database that a child made; it has ended, and the peer of this process is a writer. */
async function createdByChild(): Promise<Pick<Chain, 'dir' | 'key' | 'peer'>> {
  const dir = await shop.dir()
  const first = shop.child({ dir, key: null, name: 'first', seed: 1 })
  const { key } = await first.ready()
  const peer = await shop.peer(await shop.dir(), { key })
  await first.append({ id: 'add', addWriter: hex(peer.db.local.key) })
  await first.call('connect', { port: peer.port })
  await until(() => peer.db.writable)
  await first.close()
  return { dir, key, peer }
}

/** Starts, kills and checks a peer again and again, on one and the same store. */
async function killRepeatedly({ dir, key, peer, merging, seed }: Chain): Promise<void> {
  const rng = random(seed)
  const acked: Acked[] = []
  for (const [number, phase] of moments(rng).entries()) {
    const most = merging || phase === 'system-flushed' ? 3 : 20
    const n = 1 + Math.floor(rng() * most)
    await burst(peer, { name: `burst${number}`, count: BURST })
    const child = shop.child({
      dir,
      key,
      name: `round${number}`,
      seed: Math.floor(rng() * 2 ** 32),
      ...(phase && { failpoint: { phase, n, merging } })
    })
    if (!phase) killAtRandom(child, rng)
    child
      .ready()
      .then(() => child.call('run', { port: peer.port, after: Math.floor(rng() * 15) }))
      // it was killed before; one that ends otherwise is noticed below
      .catch(() => {})
    await appendUntilGone(peer, child, `live${number}`)
    tally(child)
    if (phase) expect(child.killing, child.report()).toMatchObject({ phase })
    expectCalm(child)
    acked.push(...child.acked)
    await check({ dir, key, acked, number })
  }
  await converge({ dir, key, peer })
}

/** Every phase once, and random moments (null), in random order. */
function moments(rng: () => number): (FlushPhase | null)[] {
  const all = [...PHASES, ...Array.from({ length: RANDOM_KILLS }, () => null)]
  for (let i = all.length - 1; i > 0; i--) {
    const other = Math.floor(rng() * (i + 1))
    ;[all[i], all[other]] = [all[other] as FlushPhase | null, all[i] as FlushPhase | null]
  }
  return all
}

function tally({ killing }: Child): void {
  const name = killing ? `${killing.phase}${killing.merging ? ', merging' : ''}` : 'random'
  kills.set(name, (kills.get(name) ?? 0) + 1)
}

async function burst(peer: Peer, { name, count }: { name: string; count: number }): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => peer.db.append(op({ id: `${name}.${i}` }))))
}

/** While it opens, or while it appends and merges. */
function killAtRandom(child: Child, rng: () => number): void {
  const acknowledged = 1 + Math.floor(rng() * 80)
  const started =
    rng() < 0.25
      ? Promise.resolve()
      : child.hears(() => (child.acked.length >= acknowledged ? true : undefined))
  started
    .then(() => sleep(rng() * 300))
    .then(() => child.kill())
    // the child ended by itself: the caller finds out why
    .catch(() => {})
}

/** Fetches the peer's oplog into a store of which nobody has the database open, so that a merge finds all of it. */
async function download(dir: string, peer: Peer): Promise<void> {
  const store = new Corestore(dir, { allowBackup: true })
  const core = store.get({ key: peer.db.local.key })
  await core.ready()
  const disconnect = await connect(store, peer.port)
  await core.update({ wait: true })
  await core.download({ start: 0, end: peer.db.local.length }).done()
  await disconnect()
  await store.close()
}

async function appendUntilGone(peer: Peer, child: Child, name: string): Promise<void> {
  let isGone = false
  const gone = child.exited().then(() => {
    isGone = true
  })
  for (let i = 0; !isGone; i++) {
    await peer.db.append(op({ id: `${name}.${i}` }))
    await Promise.race([gone, sleep(20)])
  }
}

async function times(peer: Peer, id: string): Promise<string | null> {
  const entry = await peer.db.bee.get(b4a.from(`id/${id}`))
  return entry && b4a.toString(entry.value as Uint8Array)
}

/** On a copy, so that the next child opens the store just as the killed one left it. */
async function check({
  dir,
  key,
  acked,
  number
}: Pick<Chain, 'dir' | 'key'> & { acked: Acked[]; number: number }) {
  const copy = await shop.copy(dir)
  const found = await readDisk(copy, key)
  if (!found) throw new Error('the store has no database')
  const ids = new Set(found.ids)
  expect(ids.size).toBe(found.ids.length)
  const lost = acked.filter(({ length, ids: values }) =>
    values.some((id, i) => {
      const isInOplog = found.local[length - values.length + i] === id
      return !isInOplog || !ids.has(id) || !found.view.has(`id/${id}`)
    })
  )
  expect(lost).toEqual([])
  const again = await shop.peer(copy, { key })
  const { length } = await again.db.append(op({ id: `again${number}` }))
  expect(length).toBe(found.boot.oplogLength + 1)
  expect(again.events).toEqual([])
  await again.close()
  if (number % 3 === 0) {
    const after = await readDisk(copy, key)
    expect(after?.local).toEqual([...found.local, `again${number}`])
    expect(after?.ids.includes(`again${number}`)).toBe(true)
  }
  await shop.remove(copy)
}

async function converge({ dir, key, peer }: Pick<Chain, 'dir' | 'key' | 'peer'>): Promise<void> {
  const last = shop.child({ dir, key, name: 'last', seed: 1 })
  await last.ready()
  await last.call('connect', { port: peer.port })
  await last.append({ id: 'last' })
  await expectSame(last, peer)
  expectCalm(last)
  expect(peer.events).toEqual([])
  await last.close()
}
