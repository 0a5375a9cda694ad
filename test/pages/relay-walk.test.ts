import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { random } from '../durability/random.mjs'
import { newSeed } from '../durability/rounds.ts'
import { launchChromium, type Site } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import type { OpenOptions } from './client.ts'
import {
  allMet,
  appendAll,
  expectConverged,
  expectNoTrouble,
  NodePeer,
  openTogether,
  PagePeer,
  type Peer,
  RelayProcess
} from './relay-peers.ts'
import { clientSite, Tab } from './tab.ts'

/** `RELAY_STEPS` sets another number. */
const STEPS = Number(process.env.RELAY_STEPS ?? 10)
const UNREACHED = /WebSocket connection to '.*' failed/

let site: Site
let browser: Browser
let folder: string
let relays: RelayProcess[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autobee-relay-walk-'))
  site = await clientSite()
  browser = await launchChromium()
  relays = [await RelayProcess.start(), await RelayProcess.start()]
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
  for (const relay of relays ?? []) await relay.close()
  await rm(folder, { recursive: true, force: true })
})

test('two pages and Node on two relays, whatever happens to them at once: they converge, each connected once', async () => {
  const rng = random(newSeed('relay walk'))
  const below = (n: number) => Math.floor(rng() * n)
  const urls = relays.map(({ url }) => url)
  const pages = await Promise.all(
    [0, 1].map(async () => {
      const context = await browser.newContext()
      return new PagePeer(await Tab.open(context, site.url, { expected: UNREACHED }))
    })
  )
  const peers: Peer[] = [new NodePeer(), ...pages]
  const options = await openTogether(peers, {
    name: i => join(folder, String(i)),
    url: () => urls[0] as string
  })
  // from now on on both
  for (const peer of peers) {
    await peer.leave()
    await peer.join(urls)
  }
  let written = peers.length - 1

  const down = new Set<RelayProcess>()
  const happenings: (() => Promise<void>)[] = [
    async () => {
      const relay = relays[below(2)] as RelayProcess
      if (down.has(relay)) await relay.restart()
      else await relay.kill()
      if (!down.delete(relay)) down.add(relay)
    },
    async () => {
      const relay = relays[below(2)] as RelayProcess
      if (!down.delete(relay)) await relay.kill()
      await relay.restart()
    },
    async () => {
      const at = 1 + below(2)
      const page = peers[at] as PagePeer<Tab>
      await page.tab.reload()
      await page.open(options[at] as OpenOptions)
      await page.join(urls)
    },
    async () => {
      const peer = peers[below(3)] as Peer
      await peer.leave()
      await peer.join(urls)
    }
  ]
  for (let step = 0; step < STEPS; step++) {
    const happening = below(happenings.length)
    // a page that is reloaded cannot be told to append
    const writers = peers
      .filter(() => rng() < 0.7)
      .filter(peer => happening !== 2 || peer instanceof NodePeer)
    const count = 1 + below(6)
    written += writers.length * count
    await Promise.all([appendAll(writers, { name: `step ${step}`, count }), happenings[happening]?.()])
  }
  for (const relay of down) await relay.restart()
  await allMet(peers)
  await expectConverged(peers, written)
  await expectNoTrouble(peers)
  // over one of the relays, or some over the one and some over the other
  const channels = async () => {
    const counts = await Promise.all(relays.map(relay => relay.counts()))
    return counts.reduce((sum, { channels }) => sum + (channels as number), 0)
  }
  await until(async () => (await channels()) === 3)
  for (const peer of peers) await peer.close()
  await until(async () => (await channels()) === 0)
  for (const { tab } of pages) {
    expect((await tab.call('usage')).sockets).toBe(0)
    await tab.close()
  }
})
