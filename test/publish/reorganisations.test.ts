import b4a from 'b4a'
import { describe, expect, test } from 'vitest'
import type { Autobee } from '../../src/index.ts'
import type { Published } from '../../src/publish/index.ts'
import { op } from '../support/peers.ts'
import {
  connect,
  contents,
  expectFollowed,
  Hyperbee1,
  harness,
  random,
  storedOf,
  textsOf,
  until
} from './harness.ts'

const h = harness()

/** Each unit writes the same into both halves of a pair: a state of the view has them equal. */
function pair(i: number, value: string): Record<string, string> {
  return { [`a${i}`]: value, [`b${i}`]: value }
}

function halves(entries: Record<string, string>): [string[], string[]] {
  const half = (name: string) =>
    Object.entries(entries)
      .filter(([key]) => key.startsWith(name))
      .map(([key, value]) => `${key.slice(1)}=${value}`)
  return [half('a'), half('b')]
}

async function writers(count: number): Promise<Autobee[]> {
  const first = await h.open()
  const all = [first]
  for (let i = 1; i < count; i++) {
    const peer = await h.open({ key: first.key as Uint8Array })
    const cut = connect(first, peer)
    await first.append(op({ addWriter: peer.local.id }))
    await until(() => peer.writable)
    all.push(peer)
    await cut()
  }
  return all
}

/** Everybody meets, until all views are the same. */
async function meet(peers: readonly Autobee[]): Promise<void> {
  const [first, ...others] = peers as [Autobee, ...Autobee[]]
  const cuts = others.map(other => connect(first, other))
  await until(async () => {
    for (const peer of peers) await peer.update()
    return new Set(peers.map(({ writers }) => JSON.stringify([...writers].map(w => w.length)))).size === 1
  })
  await Promise.all(peers.map(peer => peer.flush()))
  for (const cut of cuts) await cut()
}

describe('reorganisations', () => {
  test('what late entries change is published: only what came out different', async () => {
    const [a, b] = (await writers(2)) as [Autobee, Autobee]
    let reorgs = 0
    a.on('reorg', () => reorgs++)
    const published = await h.published(a)
    const reader = await h.reader(published.key as Uint8Array)
    reader.follow(a.store)
    for (let i = 0; i < 20; i++) {
      await b.append(op({ put: pair(i, `b${i}`) }))
      await a.append(op({ put: pair(i + 10, `a${i}`) }))
    }
    await expectFollowed(reader, published, a)
    const before = await contents(a)
    const { length } = reader.core
    await meet([a, b])
    expect(reorgs).toBeGreaterThan(0)
    await expectFollowed(reader, published, a)
    const after = await contents(a)
    expect(after).toEqual(await contents(b))
    const changed = Object.keys({ ...before, ...after }).filter(key => before[key] !== after[key])
    expect(changed.length).toBeGreaterThan(0)
    // a merge may be made in more than one cycle, each of them a state of the view
    expect(reader.core.length - length).toBeGreaterThanOrEqual(changed.length)
    expect(reader.core.length - length).toBeLessThanOrEqual(2 * Object.keys(after).length)
  })

  for (const seed of [1, 2, 3, 4, 5, 6]) {
    test(`random histories of three, in parts and together: each state a reader sees is whole (seed ${seed})`, async () => {
      const rng = random(seed)
      const peers = await writers(3)
      const publisher = peers[seed % 3] as Autobee
      const limits = { blocks: 100_000, bytes: 2 ** 30 }
      let published = await h.published(publisher, { limits })
      const reader = await h.reader(published.key as Uint8Array)
      reader.follow(publisher.store)
      const torn: unknown[] = []
      const looks: Promise<void>[] = []
      let looking = false
      reader.core.on('append', () => {
        if (looking) return
        looking = true
        looks.push(
          look(reader.bee, torn).finally(() => {
            looking = false
          })
        )
      })
      for (let round = 0; round < 8; round++) {
        for (const peer of peers) {
          for (let n = Math.floor(rng() * 8); n > 0; n--) {
            const i = Math.floor(rng() * 30)
            const isDeletion = rng() < 0.25
            await peer.append(
              op(
                isDeletion
                  ? { del: [`a${i}`, `b${i}`] }
                  : { put: pair(i, `${round}.${Math.floor(rng() * 5)}`) }
              )
            )
          }
        }
        if (rng() < 0.3) {
          await published.close()
          if (rng() < 0.5) await publisher.append(op({ put: pair(1, `away ${round}`) }))
          published = h.publish(publisher, { limits })
        }
        await meet(rng() < 0.5 ? peers : [peers[0] as Autobee, peers[1 + Math.floor(rng() * 2)] as Autobee])
        await expectFollowed(reader, published, publisher)
      }
      await Promise.all(looks)
      expect(looks.length).toBeGreaterThan(0)
      expect(torn).toEqual([])
      await expectHistory(published)
    })
  }
})

async function look(bee: Hyperbee1, torn: unknown[]): Promise<void> {
  const snapshot = bee.snapshot()
  const entries = await textsOf(snapshot)
  await snapshot.close()
  const [a, b] = halves(entries)
  if (JSON.stringify(a) !== JSON.stringify(b)) torn.push([a, b])
}

/** Replaying the whole history gives the present content, and no entry of it is without effect. */
async function expectHistory(published: Published): Promise<void> {
  const core = published.core as NonNullable<Published['core']>
  const bee = new Hyperbee1(core.session(), { extension: false })
  const replayed = new Map<string, string>()
  const idle: string[] = []
  for await (const { type, key, value } of bee.createHistoryStream()) {
    const name = b4a.toString(key)
    const text = value && b4a.toString(value)
    if ((replayed.get(name) ?? null) === text) idle.push(`${type} ${name}`)
    if (text === null) replayed.delete(name)
    else replayed.set(name, text)
  }
  await bee.close()
  expect(Object.fromEntries([...replayed].sort())).toEqual(await storedOf(published))
  expect(idle).toEqual([])
}
