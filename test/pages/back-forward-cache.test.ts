import puppeteer, { type Browser, type Page } from 'puppeteer-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CHROMIUM_FLAGS, findChromium } from '../../.ci/chromium.mjs'
import type { Site } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import type { Acknowledged } from './client.ts'
import { expectKept, expectWhole } from './kept.ts'
import { callIn, clientSite } from './tab.ts'

/** Playwright switches the cache off, and loses a page that comes out of it. */
let browser: Browser
let site: Site
const errors: string[] = []

beforeAll(async () => {
  site = await clientSite()
  browser = await puppeteer.launch({ executablePath: findChromium() as string, args: CHROMIUM_FLAGS })
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
})

test('a page that comes back out of the back-forward cache goes on with its appends', async () => {
  const tab = await openTab()
  await callIn(tab, 'open', { name: 'kept' })
  const acknowledged = async () => (await callIn(tab, 'untold')) as readonly Acknowledged[]
  await callIn(tab, 'run', { prefix: 'run', seed: 1 })
  await until(async () => (await acknowledged()).length >= 20)
  await leaveAndReturn(tab)
  const before = await acknowledged()
  await until(async () => (await acknowledged()).length >= before.length + 20)
  const all = await acknowledged()
  await tab.reload()
  await tab.waitForFunction(() => 'client' in globalThis)
  await callIn(tab, 'open', { name: 'kept', wait: true })
  expectKept(await callIn(tab, 'read'), all)
  await tab.close()
  expect(errors).toEqual([])
})

test('when another page took its store meanwhile, its appends reject with STORE_LOCKED and write nothing', async () => {
  const tab = await openTab()
  await callIn(tab, 'open', { name: 'taken' })
  await append(tab, 'a')
  const other = await openTab()
  await leaveAndReturn(tab, async () => {
    await callIn(other, 'open', { name: 'taken' })
    await append(other, 'b')
  })
  const lost = { code: 'STORE_LOCKED', reason: 'TAKEN_OVER' }
  await expect(append(tab, 'late')).rejects.toMatchObject(lost)
  await append(other, 'c')
  const contents = await callIn(other, 'read')
  expect(contents.oplog).toEqual(['a', 'b', 'c'])
  expectWhole(contents)
  await other.close()
  await callIn(tab, 'close')
  await callIn(tab, 'open', { name: 'taken', wait: true })
  expect(await callIn(tab, 'read')).toEqual(contents)
  await append(tab, 'd')
  await tab.close()
  expect(errors).toEqual([])
})

async function openTab(): Promise<Page> {
  const tab = await browser.newPage()
  tab.on('pageerror', error => errors.push(String(error)))
  tab.on('console', message => {
    if (message.type() === 'error') errors.push(message.text())
  })
  await tab.goto(site.url)
  await tab.waitForFunction(() => 'client' in globalThis)
  return tab
}

function append(tab: Page, id: string): Promise<number> {
  return callIn(tab, 'append', [{ id }])
}

/** Back and forth as a user goes: the page, and all that runs in it, is the same afterwards. */
async function leaveAndReturn(tab: Page, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
  await tab.goto(`${site.url}/elsewhere`)
  await meanwhile()
  await tab.goBack()
  expect(await callIn(tab, 'returns')).toBe(1)
}
