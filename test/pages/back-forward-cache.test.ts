import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Site } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import type { Acknowledged } from './client.ts'
import { expectKept, expectWhole } from './kept.ts'
import { LiveBrowser, type LiveTab } from './live.ts'
import { clientSite } from './tab.ts'

let browser: LiveBrowser
let site: Site

beforeAll(async () => {
  site = await clientSite()
  browser = await LiveBrowser.launch()
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
})

test('a page that comes back out of the back-forward cache goes on with its appends', async () => {
  const tab = await browser.open(site.url)
  await tab.call('open', { name: 'kept' })
  const acknowledged = async () => (await tab.call('untold')) as readonly Acknowledged[]
  await tab.call('run', { prefix: 'run', seed: 1 })
  await until(async () => (await acknowledged()).length >= 20)
  await leaveAndReturn(tab)
  const before = await acknowledged()
  await until(async () => (await acknowledged()).length >= before.length + 20)
  const all = await acknowledged()
  await tab.reload()
  await tab.call('open', { name: 'kept', wait: true })
  expectKept(await tab.call('read'), all)
  await tab.page.close()
  browser.expectCalm()
})

test('when another page took its store meanwhile, its appends reject with STORE_LOCKED and write nothing', async () => {
  const tab = await browser.open(site.url)
  await tab.call('open', { name: 'taken' })
  await tab.append('a')
  const other = await browser.open(site.url)
  await leaveAndReturn(tab, async () => {
    await other.call('open', { name: 'taken' })
    await other.append('b')
  })
  const lost = { code: 'STORE_LOCKED', reason: 'TAKEN_OVER' }
  await expect(tab.append('late')).rejects.toMatchObject(lost)
  await other.append('c')
  const contents = await other.call('read')
  expect(contents.oplog).toEqual(['a', 'b', 'c'])
  expectWhole(contents)
  await other.page.close()
  await tab.call('close')
  await tab.call('open', { name: 'taken', wait: true })
  expect(await tab.call('read')).toEqual(contents)
  await tab.append('d')
  await tab.page.close()
  browser.expectCalm()
})

/** Back and forth as a user goes: the page, and all that runs in it, is the same afterwards. */
async function leaveAndReturn(tab: LiveTab, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
  await tab.page.goto(`${site.url}/elsewhere`)
  await meanwhile()
  await tab.page.goBack()
  expect(await tab.call('returns')).toBe(1)
}
