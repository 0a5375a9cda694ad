import b4a from 'b4a'
import Corestore from 'corestore'
import crypto from 'hypercore-crypto'
import { expect, test } from 'vitest'
import type { AutobeeOptions } from '../../src/index.ts'
import { until } from '../support/peers.ts'
import { apply, op } from './apply.mjs'
import { contents, type Disk, readDisk } from './disk.ts'
import { random } from './random.mjs'
import { eventOf, expectSame, expectSeen, newSeed, troubles } from './rounds.ts'
import { cut, hex, joined, newestLog, type Peer, workshop } from './workshop.ts'

const PLACES = 20

const shop = workshop()

/** A database of three writers: one was killed with everything it wrote last still in the log, two have all of it. */
interface Scene {
  readonly key: string
  readonly victim: string
  readonly others: readonly [string, string]
  /** The victim's store before the power cut. */
  readonly whole: Disk
  readonly logSize: number
}

async function scene(seed: number): Promise<Scene> {
  const dirs = [await shop.dir(), await shop.dir(), await shop.dir()] as const
  const first = shop.child({ dir: dirs[0], key: null, name: 'first', seed: 1 })
  const { key, local } = await first.ready()
  const a = await shop.peer(dirs[1], { key })
  const b = await shop.peer(dirs[2], { key })
  await joined(a, b)
  await first.call('connect', { port: a.port })
  for (const { db } of [a, b]) await first.append({ id: `add ${db.local.id}`, addWriter: hex(db.local.key) })
  await until(() => a.db.writable && b.db.writable)
  await first.close()
  await flushed(dirs[0])

  await Promise.all(Array.from({ length: 40 }, (_, i) => a.db.append(op({ id: `a.${i}` }))))
  const child = shop.child({ dir: dirs[0], key, name: 'lost', seed, unsynced: true })
  await child.ready()
  await child.call('run', { count: 120, port: a.port, after: 30 })
  for (let i = 0; child.acked.length < 120; i++) await a.db.append(op({ id: `live.${i}` }))
  const has = async (peer: Peer) => (await peer.db.bee.get(b4a.from(`by/${local}`)))?.value
  const { local: length } = await child.status()
  for (const peer of [a, b])
    await until(async () => Number(b4a.toString((await has(peer)) ?? b4a.from('0'))) === length)
  await child.end()
  for (const peer of [a, b]) await peer.close()

  const copy = await shop.copy(dirs[0])
  const whole = (await readDisk(copy, key)) as Disk
  const { size } = await newestLog(dirs[0])
  return { key, victim: dirs[0], others: [dirs[1], dirs[2]], whole, logSize: size }
}

/** What is in the store is brought to the disk. */
async function flushed(dir: string): Promise<void> {
  const store = new Corestore(dir, { allowBackup: true })
  await store.ready()
  await (store.storage as unknown as { db: { flush(): Promise<void> } }).db.flush()
  await store.close()
}

/** A copy of the victim's store as a power cut leaves it that takes the log from `size` on. */
async function afterCut({ victim }: Scene, size: number): Promise<string> {
  const dir = await shop.copy(victim)
  await cut(dir, size)
  return dir
}

/** The three again, after a power cut that took some of the victim's tail. */
async function survivors(
  from: Scene,
  rng: () => number,
  options: AutobeeOptions = {}
): Promise<{ victim: Peer; a: Peer; b: Peer; lost: number; length: number }> {
  const { key, others, whole, logSize } = from
  for (;;) {
    const dir = await afterCut(from, Math.floor(logSize * (0.2 + 0.7 * rng())))
    const left = (await readDisk(dir, key)) as Disk
    const lost = whole.local.length - left.local.length
    if (lost < 10) continue
    const [a, b] = [await shop.copy(others[0]), await shop.copy(others[1])]
    return {
      victim: await shop.peer(dir, { key, ...options }),
      a: await shop.peer(a, { key }),
      b: await shop.peer(b, { key }),
      lost,
      length: left.local.length
    }
  }
}

test('wherever a power cut ends the log, the database is whole at some earlier point and goes on', async () => {
  const seed = newSeed('power cut')
  const rng = random(seed)
  const from = await scene(seed)
  const { key, whole, logSize } = from
  const places = [0, logSize - 1, ...Array.from({ length: PLACES }, () => Math.floor(rng() * logSize))]
  const left: number[] = []
  for (const [number, size] of places.entries()) {
    const dir = await afterCut(from, size)
    const found = (await readDisk(dir, key)) as Disk
    left.push(found.local.length)
    expect(found.local, `log cut at ${size}`).toEqual(whole.local.slice(0, found.local.length))
    const again = await shop.peer(dir, { key })
    const { length } = await again.db.append(op({ id: `again${number}` }))
    expect(length).toBe(found.local.length + 1)
    expect(again.events).toEqual([])
    await again.close()
    expect((await readDisk(dir, key))?.local).toEqual([...found.local, `again${number}`])
    await shop.remove(dir)
  }
  console.log(
    `log cut at ${places.length} places of ${logSize}; left of ${whole.local.length}: ${left.join(' ')}`
  )
  expect(new Set(left).size).toBeGreaterThan(5)
})

test('a peer gives the lost tail back, and nobody sees a fork', async () => {
  const seed = newSeed('rejoin')
  const rng = random(seed)
  const from = await scene(seed)
  const full = from.whole.local.length
  for (let trial = 0; trial < 3; trial++) {
    const { victim, a, b, length } = await survivors(from, rng)
    await joined(a, b)
    await joined(victim, a)
    expect(await eventOf(victim, 'recovered')).toEqual({ from: length, to: full })
    expect([victim.db.local.length, victim.db.local.fork]).toEqual([full, 0])
    const appended = await victim.db.append(op({ id: `back${trial}` }))
    expect(appended.length).toBe(full + 1)
    await a.db.append(op({ id: `a${trial}` }))
    await b.db.append(op({ id: `b${trial}` }))
    for (const id of ['back', 'a', 'b']) await expectSeen(`${id}${trial}`, victim, a, b)
    await expectSame(victim, a, b)
    for (const peer of [victim, a, b]) {
      expect(troubles(peer)).toEqual([])
      expect(await contents(peer.db.bee)).toEqual(await contents(victim.db.bee))
    }
    for (const peer of [victim, a, b]) await peer.close()
  }
})

test('an append waits while a connected peer has more of the own oplog, until it is back', async () => {
  const seed = newSeed('append waits')
  const from = await scene(seed)
  const full = from.whole.local.length
  const { victim, a, b } = await survivors(from, random(seed))
  // this one has the length of the tail, signed, and none of its blocks
  const core = a.store.get({ key: victim.db.local.key })
  await core.ready()
  await core.clear(0, core.length)
  await joined(victim, a)
  await until(() =>
    victim.events.some(({ name, detail }) => name === 'waiting' && detail.reason === 'RECOVERING')
  )
  const appends = [
    victim.db.append(op({ id: 'waits' })),
    victim.db.append([op({ id: 'too' }), op({ id: 'three' })])
  ]
  await until(() => victim.db.local.peers.length > 0)
  expect(victim.db.local.length).toBe(full)
  await joined(victim, b)
  expect((await Promise.all(appends)).map(({ length }) => length)).toEqual([full + 1, full + 3])
  await expectSame(victim, b)
  for (const peer of [victim, a, b]) expect(troubles(peer)).toEqual([])
})

for (const isLong of [false, true]) {
  const what = isLong ? 'an append longer than the lost tail' : 'an append'

  test(`${what} that is under way when a peer gives the tail back goes behind it`, async () => {
    const seed = newSeed(what)
    const from = await scene(seed)
    const full = from.whole.local.length
    let isBack = false
    let started = false
    const slow: typeof apply = async (nodes, view, host) => {
      if (nodes.some(({ value }) => JSON.parse(b4a.toString(value)).id === 'slow 0')) {
        started = true
        await until(() => isBack)
      }
      return apply(nodes, view, host)
    }
    const { victim, a, length } = await survivors(from, random(seed), { apply: slow as never })
    const values = Array.from({ length: isLong ? full - length + 20 : 1 }, (_, i) => op({ id: `slow ${i}` }))
    const append = victim.db.append(values)
    await until(() => started)
    await joined(victim, a)
    await until(() => victim.db.local.length === full)
    isBack = true
    expect((await append).length).toBe(full + values.length)
    expect(await eventOf(victim, 'recovered')).toEqual({ from: length, to: full })
    await expectSeen('slow 0', victim, a)
    await expectSame(victim, a)
    expect([...troubles(victim), ...troubles(a), victim.db.local.fork]).toEqual([0])
    expect(await contents(victim.db.bee)).toEqual(await contents(a.db.bee))
  })
}

for (const isLonger of [false, true]) {
  const which = isLonger ? 'longer' : 'shorter'

  test(`who appended over a lost tail (now ${which}) is told, and harms nobody`, async () => {
    const seed = newSeed(`fork, ${which}`)
    const from = await scene(seed)
    const { victim, a, b, lost } = await survivors(from, random(seed))
    const forked = victim.db.local.key
    for (let i = 0; i < (isLonger ? lost + 4 : 2); i++) await victim.db.append(op({ id: `over${i}` }))
    await joined(a, b)
    await joined(victim, a)
    // a fork of the same length shows with the next entry
    expect(await eventOf(victim, 'conflict')).toMatchObject({ isLocal: true })
    expect(await eventOf(a, 'conflict')).toMatchObject({ isLocal: false, key: forked })
    expect(await eventOf(a, 'writer-frozen')).toMatchObject({ key: forked, reason: 'CONFLICT' })
    await expect(victim.db.append(op({ id: 'refused' }))).rejects.toMatchObject({ code: 'CONFLICT' })

    await a.db.append(op({ id: 'a goes on' }))
    await b.db.append(op({ id: 'b goes on' }))
    for (const id of ['a goes on', 'b goes on']) await expectSeen(id, a, b)
    await expectSame(a, b)
    await expectReadable(from, a, b)
    expect(troubles(b)).toEqual([])

    // who comes new gets the frozen writer's entries as well
    const late = await shop.peer(await shop.dir(), { key: from.key })
    await joined(late, a)
    await expectSame(late, a)

    await victim.db.setLocal(crypto.keyPair())
    await a.db.append(op({ id: 'add again', addWriter: hex(victim.db.local.key) }))
    await until(() => victim.db.writable)
    await victim.db.append(op({ id: 'back' }))
    await expectSeen('back', victim, a, b, late)
    await expectSame(victim, a, b, late)
    await expectReadable(from, victim, a, b, late)

    const dirs = [a, b, victim].map(peer => peer.dir)
    for (const peer of [late, victim, a, b]) await peer.close()
    const again = await Promise.all(dirs.map(dir => shop.peer(dir, { key: from.key })))
    await expectReadable(from, ...again)
    const [first, second, third] = again as [Peer, Peer, Peer]
    await joined(first, second)
    await joined(first, third)
    for (const [i, peer] of again.entries()) await peer.db.append(op({ id: `restarted ${i}` }))
    for (const i of again.keys()) await expectSeen(`restarted ${i}`, ...again)
    await expectSame(...again)
    for (const peer of again) {
      expect(troubles(peer)).toEqual([])
      expect(await contents(peer.db.bee)).toEqual(await contents(first.db.bee))
    }
  })
}

async function expectReadable({ whole }: Scene, ...peers: Peer[]): Promise<void> {
  for (const peer of peers) {
    const view = await contents(peer.db.bee)
    for (const id of whole.local) expect(view.get(`id/${id}`), id).toBe('1')
  }
}

test('what was acknowledged with durability sync survives any power cut', async () => {
  const seed = newSeed('sync')
  const rng = random(seed)
  const dir = await shop.dir()
  const ids: string[] = []
  for (let trial = 0; trial < 5; trial++) {
    const child = shop.child({ dir, key: null, name: 'sync', seed, durability: 'sync' })
    const { key } = await child.ready()
    for (let i = 0; i < 5; i++) {
      const values = Array.from({ length: 1 + Math.floor(rng() * 3) }, (_, n) => ({
        id: `${trial}.${i}.${n}`
      }))
      ids.push(...values.map(({ id }) => id))
      await child.append(...values)
    }
    await child.end()
    // what was not synced when the last append was acknowledged is gone
    const copy = await shop.copy(dir)
    await cut(copy, 0)
    const found = await readDisk(copy, key)
    expect(found?.local).toEqual(ids)
    expect(found?.ids).toEqual(ids)
    const again = await shop.peer(copy, { key })
    expect((await again.db.append(op({ id: 'again' }))).length).toBe(ids.length + 1)
    await again.close()
    await shop.remove(copy)
  }
})
