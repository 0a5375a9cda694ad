import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launchChromium, type Site } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import {
  allAlone,
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

/** Of each peer, in each of the rounds. */
const APPENDS = 12
/** What a browser says when nobody is there. */
const UNREACHED = /WebSocket connection to '.*' failed/

let site: Site
let browser: Browser
let folder: string
let relay: RelayProcess
let nodes = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autobee-relay-pages-'))
  site = await clientSite()
  browser = await launchChromium()
})

beforeEach(async () => {
  relay = await RelayProcess.start()
})

afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  await relay.close()
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
  await rm(folder, { recursive: true, force: true })
})

/** A page in a browsing context, so with storage, and a network, of its own. */
async function openPage(): Promise<PagePeer<Tab>> {
  return new PagePeer(await Tab.open(await browser.newContext(), site.url, { expected: UNREACHED }))
}

const CASES: readonly { readonly who: string; readonly pages: number; readonly hasNode: boolean }[] = [
  { who: 'a page and Node', pages: 1, hasNode: true },
  { who: 'two pages', pages: 2, hasNode: false },
  { who: 'two pages and Node', pages: 2, hasNode: true }
]

describe.for(CASES)('$who', ({ pages: count, hasNode }) => {
  for (const isEncrypted of [false, true]) {
    const how = isEncrypted ? ', encrypted' : ''
    test(`converge over a relay, all writing, also while it is killed and restarted and a page is reloaded${how}`, async () => {
      const pages = await Promise.all(Array.from({ length: count }, openPage))
      const before = await Promise.all(pages.map(({ tab }) => tab.call('usage')))
      const peers: Peer[] = [...(hasNode ? [new NodePeer()] : []), ...pages]
      const options = await openTogether(peers, {
        name: i => join(folder, `${nodes}-${i}`),
        url: () => relay.url,
        ...(isEncrypted && { encryptionKey: '07'.repeat(32) })
      })
      nodes++
      let written = peers.length - 1
      const round = async (name: string) => {
        written += peers.length * APPENDS
        await appendAll(peers, { name, count: APPENDS })
      }
      await round('live')
      await expectConverged(peers, written)

      const writing = round('while it is killed')
      await relay.kill()
      await allAlone(peers)
      await writing
      await round('apart')
      const restarted = round('while it is restarted')
      await relay.restart()
      await Promise.all([restarted, allMet(peers)])
      await expectConverged(peers, written)

      const page = pages.at(-1) as PagePeer<Tab>
      const others = peers.slice(0, -1)
      const meanwhile = appendAll(others, { name: 'while it is reloaded', count: APPENDS })
      await page.tab.reload()
      await page.open(options.at(-1) as (typeof options)[number])
      await appendAll([page], { name: 'reloaded', count: APPENDS })
      await page.join(relay.url)
      await meanwhile
      written += peers.length * APPENDS
      await round('again')
      await expectConverged(peers, written)
      await allMet(peers)
      await expectNoTrouble(peers)

      expect(await relay.counts()).toMatchObject({
        clients: peers.length,
        topics: 1,
        channels: (peers.length * (peers.length - 1)) / 2
      })
      const used = await Promise.all(pages.map(({ tab }) => tab.call('usage')))
      expect(used.map(({ sockets }) => sockets)).toEqual(pages.map(() => 1))
      for (const [i, { listeners }] of used.entries())
        expect(listeners).toBeGreaterThan(before[i]?.listeners as number)
      for (const peer of peers) await peer.close()
      await until(async () => {
        const { clients, sockets, topics, channels, buffered_bytes } = await relay.counts()
        return [clients, sockets, topics, channels, buffered_bytes].every(value => value === 0)
      })
      expect(await Promise.all(pages.map(({ tab }) => tab.call('usage')))).toEqual(before)
      for (const { tab } of pages) await tab.close()
    })
  }
})
