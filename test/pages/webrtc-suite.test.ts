import { afterAll, beforeAll, describe, test } from 'vitest'
import { transportSuite } from '../../adapters/testing/index.ts'
import type { Site } from '../support/chromium.ts'
import { type Island, openIsland, whyNoIsland } from './island.ts'
import { NATURE } from './webrtc-nature.ts'
import { KitPage, kitSite } from './webrtc-site.ts'

const reason = await whyNoIsland()

describe.skipIf(reason)(`a data channel${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let site: Site
  let island: Island
  let page: KitPage

  beforeAll(async () => {
    site = await kitSite()
    island = await openIsland()
    await island.bridge(Number(new URL(site.url).port))
    page = await KitPage.open(island.browser, site.url)
  })

  afterAll(async () => {
    await page?.close()
    await island?.close()
    await site?.close()
  })

  transportSuite({
    // only the names are taken from here: the cases run in the page, where the ends are
    test: name => test(name, () => page.run(name => kit.runCase(name), name)),
    create: () => Promise.reject(new Error('there are none in Node')),
    ...NATURE,
    faults: { cut() {} }
  })
})
