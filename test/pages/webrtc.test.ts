import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { Autobee, memory, openStore } from '../../adapters/entry/node.ts'
import { createRelay } from '../../adapters/transport/relay.ts'
import { webRtc } from '../../adapters/transport/webrtc.ts'
import { connectRelay } from '../../adapters/transport/websocket.ts'
import type { Site } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import { apply, contents, viewOf } from './apply.ts'
import { type Island, openIsland, whyNoIsland } from './island.ts'
import type { Options } from './webrtc-client.ts'
import { KitPage, kitSite } from './webrtc-site.ts'

const reason = await whyNoIsland()

/** So that what is tried again is tried soon. */
const QUICK: Options = { lostTimeout: 50, retry: { first: 20, longest: 100 } }
/** Appends of each page in each round. */
const APPENDS = 10

describe.skipIf(reason)(`pages that share a database${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let site: Site
  let relay: Awaited<ReturnType<typeof createRelay>>
  let pages: KitPage[]

  beforeEach(async () => {
    site = await kitSite()
    relay = await createRelay()
    pages = []
    onTestFinished(async () => {
      await relay.close()
      await site.close()
    })
  })

  async function land(options?: { hasLink: boolean }): Promise<Island> {
    const island = await openIsland(options)
    onTestFinished(() => island.close())
    await island.bridge(Number(new URL(site.url).port))
    await island.bridge(relay.port)
    return island
  }

  /** So many pages, each of which may write. */
  async function share(island: Island, count: number, options = QUICK): Promise<void> {
    let key: string | null = null
    for (let i = 0; i < count; i++) {
      const page = await KitPage.open(island.browser, site.url)
      pages.push(page)
      const opened: { key: string; local: string } = await page.run(given => kit.share(given), {
        name: `page ${i}`,
        key,
        url: relay.url,
        options
      })
      key = opened.key
      const { local } = opened
      if (i > 0)
        await pages[0]?.run(value => kit.shared?.append(value), { id: `writer ${i}`, addWriter: local })
    }
    for (const page of pages) await until(() => page.run(() => kit.shared?.isWritable() === true))
  }

  async function areConnectedBy(kind: string): Promise<void> {
    const expected = JSON.stringify(Array.from({ length: pages.length - 1 }, () => kind))
    for (const page of pages) await until(async () => JSON.stringify(await kindsOf(page)) === expected)
  }

  /** All pages append at once; then they have the same view, with everything in it once. */
  async function converge(round: string): Promise<void> {
    const before = JSON.parse((await pages[0]?.run(() => kit.shared?.view())) as string) as { count: string }
    await Promise.all(
      pages.map((page, i) =>
        page.run(
          async ids => {
            for (const id of ids) await kit.shared?.append({ id })
          },
          Array.from({ length: APPENDS }, (_, n) => `${round} ${i} ${n}`)
        )
      )
    )
    const count = Number(before.count) + pages.length * APPENDS
    await until(async () => {
      const views = await Promise.all(pages.map(page => page.run(() => kit.shared?.view())))
      return new Set(views).size === 1 && JSON.parse(views[0] as string).count === String(count)
    })
    const view = JSON.parse((await pages[0]?.run(() => kit.shared?.view())) as string) as Record<
      string,
      string
    >
    const order = Object.keys(view)
      .filter(key => key.startsWith('order/'))
      .sort()
      .map(key => view[key] as string)
    expect(view).toEqual(viewOf(order))
    expect(new Set(order).size).toBe(count)
  }

  async function close(): Promise<void> {
    for (const page of pages) {
      await page.run(() => kit.shared?.close())
      await page.close()
    }
    await until(() => relay.clients === 0 && relay.channels === 0)
  }

  test('two pages talk directly, both writing, and the relay carries nothing between them any more', async () => {
    const island = await land()
    await share(island, 2)
    await areConnectedBy('webrtc')
    await until(() => relay.channels === 0)
    // what was on its way has come by then
    for (const page of pages) await page.run(() => kit.shared?.join())
    await until(() => relay.topics === 1 + pages.length)
    const { framesIn } = relay.stats
    await converge('direct')
    expect(relay.stats.framesIn).toBe(framesIn)
    for (const page of pages) {
      expect(await page.run(() => kit.shared?.failures)).toEqual([])
      // the relay's connection went when the direct one was there
      expect(await page.run(() => kit.shared?.left)).toEqual([1])
    }
    await close()
  })

  test('three pages talk directly, each with each', async () => {
    const island = await land()
    await share(island, 3)
    await areConnectedBy('webrtc')
    await converge('three')
    await close()
  })

  test('without the relay they go on, and with it again they stay connected directly', async () => {
    const island = await land()
    await share(island, 2)
    await areConnectedBy('webrtc')
    const { port } = relay
    await relay.close()
    await converge('alone')
    relay = await createRelay({ port })
    await until(() => relay.clients === 2)
    await converge('again')
    await areConnectedBy('webrtc')
    for (const page of pages) expect(await page.run(() => kit.shared?.left)).toEqual([1])
    await close()
  })

  test('when the direct connection dies they go on over the relay, and talk directly again when they can', async () => {
    const island = await land()
    await share(island, 2)
    await areConnectedBy('webrtc')
    await island.setLink('down')
    await areConnectedBy('relay')
    await converge('relayed')
    await island.setLink('up')
    await areConnectedBy('webrtc')
    await until(() => relay.channels === 0)
    await converge('direct')
    await close()
  })

  test('a page that is reloaded finds the others again', async () => {
    const island = await land()
    await share(island, 2)
    await areConnectedBy('webrtc')
    for (const [i, page] of pages.entries()) {
      const key = (await page.run(() => kit.shared?.key)) as string
      await page.reload()
      await page.run(given => kit.share(given), { name: `page ${i}`, key, url: relay.url, options: QUICK })
      await areConnectedBy('webrtc')
      await converge(`reload ${i}`)
    }
    await close()
  })

  test('a page that crashed finds the others again, who do not know yet that it is gone', async () => {
    const island = await land()
    await share(island, 2)
    await areConnectedBy('webrtc')
    const [left, right] = pages as [KitPage, KitPage]
    const key = (await left.run(() => kit.shared?.key)) as string
    const again = await left.crash()
    pages = [again, right]
    await again.run(given => kit.share(given), { name: 'page 0', key, url: relay.url, options: QUICK })
    await areConnectedBy('webrtc')
    await converge('crash')
    await close()
  })

  test('whatever is written while direct connections are lost and made again arrives', async () => {
    const island = await land()
    await share(island, 2)
    const rounds = 5
    const losing = (async () => {
      for (let round = 0; round < rounds; round++) {
        await areConnectedBy('webrtc')
        const page = pages[round % 2] as KitPage
        await page.run(() => {
          const isOpen = ({ connection }: { connection: RTCPeerConnection }) =>
            connection.connectionState === 'connected'
          kit.made.find(isOpen)?.connection.close()
        })
        await until(() => page.run(lost => (kit.shared?.left.length ?? 0) > lost, 2 * round + 1))
      }
    })()
    for (let round = 0; round < rounds; round++) await converge(`round ${round}`)
    await losing
    await areConnectedBy('webrtc')
    await converge('at last')
    await close()
  })

  test('pages that cannot reach each other stay on the relay', async () => {
    const island = await land({ hasLink: false })
    await share(island, 2, { ...QUICK, timeout: 100 })
    for (const page of pages) await until(() => page.run(() => (kit.shared?.failures.length ?? 0) > 0))
    await areConnectedBy('relay')
    await converge('relayed')
    await areConnectedBy('relay')
    for (const page of pages)
      expect(new Set(await page.run(() => kit.shared?.failures))).toEqual(new Set(['WEBRTC']))
    await close()
  })

  test('a page and a peer in Node, which has no WebRTC, stay on the relay, and nothing fails', async () => {
    const island = await land()
    await share(island, 1)
    const key = (await pages[0]?.run(() => kit.shared?.key)) as string
    const store = await openStore(memory())
    const db = new Autobee(store, key, { apply: apply as never, valueEncoding: 'json', ackInterval: 0 })
    const upgrade = webRtc()
    const handle = connectRelay(db, relay.url, { upgrade })
    const failures: unknown[] = []
    handle.on('error', error => failures.push(error))
    await handle.connected()
    await pages[0]?.run(() => kit.shared?.append({ id: 'from the page' }))
    await until(async () => (await contents(db.bee)).count === '1')
    expect(handle.peers.map(({ kind }) => kind)).toEqual(['relay'])
    expect([...failures, upgrade.connections, await pages[0]?.run(() => kit.made.length)]).toEqual([0, 0])
    await handle.close()
    await db.close()
    await store.close()
    await close()
  })
})

function kindsOf(page: KitPage): Promise<string[] | undefined> {
  return page.run(() => kit.shared?.kinds())
}
