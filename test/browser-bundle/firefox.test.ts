import { fileURLToPath } from 'node:url'
import puppeteer from 'puppeteer-core'
import { expect, test } from 'vitest'
import { findFirefox } from '../../.ci/chromium.mjs'
import { page, STRICT_POLICY, serveSite } from '../support/chromium.ts'
import { inWorker, startsWorker } from './scripts.ts'

const dist = fileURLToPath(new URL('../../dist/browser', import.meta.url))
const executablePath = findFirefox()

const VISITS = `import { Autobee, b4a, openStore } from '/lib/autobee.js'
globalThis.outcome = (async () => {
  const db = new Autobee(await openStore('visits', { wait: true }), null, {
    valueEncoding: 'json',
    async apply(nodes, view) {
      const batch = view.write()
      for (const { value } of nodes) batch.tryPut(b4a.from(value.visit), b4a.alloc(0))
      await batch.flush()
    }
  })
  await db.ready()
  await db.append({ visit: 'visit ' + db.local.length })
  const visits = []
  for await (const { key } of db.view.createReadStream()) visits.push(b4a.toString(key))
  return visits.length
})()`

/** Firefox is not needed for the tests to be complete: where there is none, this is skipped, and says so. */
test.skipIf(!executablePath)(
  `Firefox opens, appends, reloads and reads, in a page and a worker, under a strict content security policy${
    executablePath ? '' : ' (skipped: there is no Firefox on this machine)'
  }`,
  async () => {
    const site = await serveSite({
      policy: STRICT_POLICY,
      folders: { '/lib/': dist },
      files: {
        '/': page('/main.js'),
        '/main.js': VISITS,
        '/worker': page('/starts.js'),
        '/starts.js': startsWorker('/worker.js'),
        '/worker.js': inWorker('/lib/autobee.js')
      }
    })
    const browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: executablePath as string,
      headless: true
    })
    try {
      const tab = await browser.newPage()
      // not by `waitForFunction`, which compiles text in the page, and the policy forbids that
      const outcome = () =>
        tab.evaluate(async () => {
          while (!('outcome' in globalThis)) await new Promise(resolve => setTimeout(resolve, 20))
          return (globalThis as { outcome?: unknown }).outcome
        })
      await tab.goto(site.url)
      expect(await outcome()).toBe(1)
      await tab.reload()
      expect(await outcome()).toBe(2)
      await tab.goto(`${site.url}/worker`)
      expect(await outcome()).toMatchObject({ reopened: ['ada', 'bob', 'eve'] })
    } finally {
      await browser.close()
      await site.close()
    }
  }
)
