import puppeteer from 'puppeteer-core'
import { expect, test } from 'vitest'
import { findFirefox } from '../../.ci/chromium.mjs'
import { transportSuite } from '../../adapters/testing/index.ts'
import { NATURE } from './webrtc-nature.ts'
import { kitSite } from './webrtc-site.ts'

const executablePath = findFirefox()

/** Loopback is enough for it, with its own addresses instead of names. */
const PREFERENCES = {
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false
}

/** Firefox is not needed for the tests to be complete: where there is none, this is skipped, and says so. */
test.skipIf(!executablePath)(
  `a data channel in Firefox keeps the contract${executablePath ? '' : ' (skipped: there is no Firefox on this machine)'}`,
  async () => {
    const names: string[] = []
    transportSuite({
      ...NATURE,
      // where browsers differ: how it ends, and what waits
      test: name => /end\(\)|torn|wait|seed/.test(name) && names.push(name),
      create: () => Promise.reject(new Error('there are none in Node')),
      faults: { cut() {} },
      seeds: [1]
    })
    expect(names.length).toBeGreaterThan(10)
    const site = await kitSite()
    const browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: executablePath as string,
      headless: true,
      extraPrefsFirefox: PREFERENCES
    })
    try {
      const page = await browser.newPage()
      await page.goto(site.url)
      const run = (name: string) =>
        page.evaluate(async name => {
          while (!('kit' in globalThis)) await new Promise(resolve => setTimeout(resolve, 20))
          return kit.runCase(name).then(
            () => null,
            error => `${name}: ${error}`
          )
        }, name)
      const failures: unknown[] = []
      for (const name of names) failures.push(await run(name))
      expect(failures.filter(Boolean)).toEqual([])
      expect(await page.evaluate(() => kit.open())).toBe(0)
    } finally {
      await browser.close()
      await site.close()
    }
  }
)
