import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createRelay, type RelayHandle } from '../../adapters/transport/relay.ts'
import type { Site } from '../support/chromium.ts'
import { openNamespace, whyNoNamespace } from '../support/namespace.ts'
import { until } from '../support/peers.ts'
import { LiveBrowser, type LiveTab } from './live.ts'
import { insecure, launchProfile, type Profile } from './profile.ts'
import {
  allAlone,
  allMet,
  appendAll,
  expectConverged,
  expectNoTrouble,
  NodePeer,
  openTogether,
  PagePeer
} from './relay-peers.ts'
import { clientSite, Tab } from './tab.ts'

const APPENDS = 10
/** ms: so that 2.5 of them are soon over. */
const HEARTBEAT = 100
/** What a browser says when nobody is there. */
const UNREACHED = /WebSocket connection to '.*' failed|net::ERR_/

let folder: string
let cases = 0
let node: NodePeer
let relay: RelayHandle

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autobee-relay-asleep-'))
})

beforeEach(async () => {
  cases++
  node = new NodePeer()
  relay = await createRelay({ heartbeat: HEARTBEAT })
})

afterEach(async () => {
  await node.close()
  await relay.close({ grace: 0 })
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** The relay ends, everybody's connection with it, and another one begins at its place. */
async function restart(): Promise<void> {
  const { port } = relay
  await relay.close({ grace: 0 })
  relay = await createRelay({ port, heartbeat: HEARTBEAT })
}

/** The relay goes on for many heartbeats; they are counted, not timed. */
async function longEnough(): Promise<void> {
  const { framesOut } = relay.stats
  await until(() => relay.stats.framesOut >= framesOut + 20)
}

function nameOf(i: number): string {
  return join(folder, `${cases}-${i}`)
}

async function expectWell(page: PagePeer, { written }: { written: number }): Promise<void> {
  const peers = [node, page]
  await allMet(peers)
  await expectConverged(peers, written)
  await appendAll(peers, { name: 'in the end', count: APPENDS })
  await expectConverged(peers, written + 2 * APPENDS)
  await expectNoTrouble(peers)
}

describe('a page that its user is not looking at', () => {
  let site: Site
  let browser: LiveBrowser

  beforeAll(async () => {
    site = await clientSite()
    browser = await LiveBrowser.launch()
  })

  afterAll(async () => {
    await browser?.close()
    await site?.close()
  })

  async function opened(): Promise<PagePeer<LiveTab>> {
    const page = new PagePeer(await browser.open(site.url))
    await openTogether([node, page], { name: nameOf, url: () => relay.url })
    return page
  }

  async function gone({ tab }: PagePeer<LiveTab>): Promise<void> {
    await tab.page.close()
    await until(() => relay.clients === 1 && relay.channels === 0)
    browser.expectCalm({ but: UNREACHED })
  }

  test('hidden behind another tab, it goes on', async () => {
    const page = await opened()
    const other = await browser.open(site.url)
    expect(await page.tab.page.evaluate(() => document.visibilityState)).toBe('hidden')
    await appendAll([node, page], { name: 'hidden', count: APPENDS })
    await expectConverged([node, page], 1 + 2 * APPENDS)
    await restart()
    await expectWell(page, { written: 1 + 2 * APPENDS })
    await other.page.close()
    await gone(page)
  })

  test('frozen, it wakes and gets what was written meanwhile, however much that is', async () => {
    const page = await opened()
    await page.tab.freeze()
    const fill = 'x'.repeat(200_000)
    for (let i = 0; i < APPENDS; i++) await node.append([{ id: `meanwhile ${i}`, fill }])
    await longEnough()
    await page.tab.thaw()
    await until(async () => (await page.tab.call('thaws')) === 1)
    await expectWell(page, { written: 1 + APPENDS })
    await gone(page)
  })

  test('frozen while the relay goes and comes back, it wakes and connects again', async () => {
    const page = await opened()
    await page.tab.freeze()
    await restart()
    await appendAll([node], { name: 'meanwhile', count: APPENDS })
    await longEnough()
    await page.tab.thaw()
    await until(async () => (await page.tab.call('thaws')) === 1)
    await expectWell(page, { written: 1 + APPENDS })
    await gone(page)
  })
})

describe('a page whose browser says that there is no network', () => {
  let site: Site
  let profile: Profile

  beforeAll(async () => {
    site = await clientSite({ servers: ['ws://autobee.test:*'] })
    profile = await launchProfile()
  })

  afterAll(async () => {
    await profile?.close()
    await site?.close()
  })

  test('does not dial until it says that there is one, and dials then', async () => {
    const page = new PagePeer(await Tab.open(profile.context, site.url, { expected: UNREACHED }))
    let dialled = 0
    page.tab.page.on('websocket', () => dialled++)
    // this machine's own relays are reached without a network
    const far = insecure(relay.url).replace(/^http/, 'ws')
    await openTogether([node, page], { name: nameOf, url: i => (i === 0 ? relay.url : far) })
    await profile.context.setOffline(true)
    await restart()
    await until(async () => (await node.relayed()).isOpen)
    await allAlone([page])
    await appendAll([node, page], { name: 'apart', count: APPENDS })
    await longEnough()
    expect({ dialled, status: (await page.relayed()).status }).toEqual({ dialled: 1, status: 'waiting' })
    await profile.context.setOffline(false)
    await expectWell(page, { written: 1 + 2 * APPENDS })
    await page.close()
    await page.tab.close()
  })
})

const reason = await whyNoNamespace()

describe.skipIf(reason)(`a page that loses its network${reason ? ` (not here: ${reason})` : ''}`, () => {
  test('without a word: both sides notice, and converge when it is there again', async () => {
    await relay.close()
    const namespace = await openNamespace()
    const { host, executablePath, args } = namespace
    relay = await createRelay({ host, heartbeat: HEARTBEAT })
    const site = await clientSite({ host, servers: [`ws://${host}:*`] })
    const browser: Browser = await chromium.launch({ executablePath, args: [...args] })
    try {
      const context = await browser.newContext()
      const page = new PagePeer(await Tab.open(context, site.url, { expected: UNREACHED }))
      await openTogether([node, page], { name: nameOf, url: () => relay.url })
      await namespace.cut()
      await until(() => relay.clients === 1 && relay.channels === 0)
      await allAlone([page])
      await appendAll([node, page], { name: 'apart', count: APPENDS })
      await namespace.heal()
      await expectWell(page, { written: 1 + 2 * APPENDS })
      await page.close()
      await page.tab.close()
    } finally {
      await browser.close()
      await site.close()
      await relay.close({ grace: 0 })
      await namespace.close()
    }
  })
})
