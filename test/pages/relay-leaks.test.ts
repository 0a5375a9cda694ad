import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createRelay } from '../../adapters/transport/relay.ts'
import { launchChromium } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import { allMet, appendAll, expectConverged, NodePeer, openTogether, PagePeer } from './relay-peers.ts'
import { clientSite, Tab } from './tab.ts'

const ROUNDS = 8
const APPENDS = 3

test('joined and left again and again, nothing is left: no channel, no socket, no listener, no timer', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'autobee-relay-leaks-'))
  const browser = await launchChromium()
  const before = resources()
  const site = await clientSite()
  const relay = await createRelay()
  const context = await browser.newContext()
  const [page, node] = [new PagePeer(await Tab.open(context, site.url)), new NodePeer()]
  const used = await page.tab.call('usage')
  const options = await openTogether([node, page], {
    name: i => join(folder, String(i)),
    url: () => relay.url
  })
  expect(options).toHaveLength(2)
  const listening = node.listeners()
  expect(listening).toBeGreaterThan(0)
  for (let round = 0; round < ROUNDS; round++) {
    await allMet([node, page])
    await appendAll([node, page], { name: `round ${round}`, count: APPENDS })
    // one side, the other, both
    const leaving = [[node], [page], [node, page]][round % 3] as [NodePeer | PagePeer]
    await Promise.all(leaving.map(peer => peer.leave()))
    await until(() => relay.clients === 2 - leaving.length && relay.channels === 0)
    const left = await Promise.all(leaving.map(peer => peer.relayed()))
    for (const { status, peers, isOpen } of left)
      expect({ status, peers, isOpen }).toEqual({ status: 'closed', peers: [], isOpen: false })
    if (leaving.includes(page)) await until(async () => (await page.tab.call('usage')).sockets === 0)
    for (const peer of leaving) await peer.join(relay.url)
  }
  await allMet([node, page])
  await expectConverged([node, page], 1 + 2 * ROUNDS * APPENDS)
  expect(node.listeners()).toBe(listening)
  expect(relay.stats).toMatchObject({ clients: 2, sockets: 2, topics: 1, channels: 1 })
  await node.close()
  await page.close()
  await until(() => relay.stats.sockets === 0)
  expect(relay.stats).toMatchObject({ clients: 0, topics: 0, channels: 0, buffered: 0 })
  expect(await page.tab.call('usage')).toEqual(used)
  await page.tab.close()
  await context.close()
  await relay.close()
  await site.close()
  await until(() => JSON.stringify(resources()) === JSON.stringify(before))
  await browser.close()
  await rm(folder, { recursive: true, force: true })
})

/** What keeps this process alive, of the kinds that transports use. */
function resources(): Record<string, number> {
  const all = process.getActiveResourcesInfo()
  const count = (kind: string) => all.filter(resource => resource === kind).length
  return Object.fromEntries(['TCPSocketWrap', 'TCPServerWrap', 'Timeout'].map(kind => [kind, count(kind)]))
}
