import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import { Person } from './page-person.ts'
import { PageSite } from './page-site.ts'

let site: PageSite
let browser: Browser

beforeAll(async () => {
  site = await PageSite.start()
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
})

test('three tabs of one board write to it, and go on when the one that has the database is closed', async () => {
  const first = await (await Person.come(browser, { name: 'Ada' })).make(site, 'Our flat')
  const second = await first.tab()
  const third = await first.tab()
  await first.add('To do', 'one')
  await second.add('To do', 'two')
  await third.add('To do', 'three')
  for (const tab of [first, second, third]) {
    await until(async () => (await tab.shown())['To do']?.length === 3)
    // one of them holds the connections; all tell of them
    await tab.page.locator('.pill', { hasText: 'Nobody here' }).waitFor()
  }
  await second.cut(true)
  await third.page.locator('.pill', { hasText: 'Cut off' }).waitFor()

  await first.page.close()
  await second.add('To do', 'four')
  await third.item('four').waitFor()
  await third.add('To do', 'five')
  await second.item('five').waitFor()
  expect((await second.shown())['To do']).toEqual(['five', 'four', 'three', 'two', 'one'])
  // what one tab chose still holds in the next owner
  await second.page.locator('.pill', { hasText: 'Cut off' }).waitFor()
  await second.cut(false)
  await third.page.locator('.pill', { hasText: 'Nobody here' }).waitFor()
  expect([first, second, third].flatMap(tab => tab.errors)).toEqual([])
  await first.leave()
})

test('a board that one tab forgets is gone in the other, which says so', async () => {
  const first = await (await Person.come(browser, { name: 'Ada' })).make(site, 'Our flat')
  await first.add('To do', 'Milk')
  const start = await first.context.newPage()
  await start.goto(site.url)
  await start.getByRole('button', { name: 'Forget Our flat' }).click()
  await start.getByRole('dialog').getByRole('button', { name: 'Forget it' }).click()
  await start.getByRole('link', { name: /Our flat/ }).waitFor({ state: 'detached' })
  await first.page.locator('[data-code="FORGOTTEN"]').waitFor()
  expect(await first.page.getByLabel('New item on To do').count()).toBe(0)
  expect(await first.page.evaluate(async () => (await indexedDB.databases()).length)).toBe(0)
  await first.leave()
})
