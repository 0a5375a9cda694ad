import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { launchChromium, newPage, type Site } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import { call, orderSite } from './fixtures/order-site.ts'

let site: Site
let browser: Browser
const closing: (() => Promise<void>)[] = []
const MINUTE = 60_000

beforeAll(async () => {
  site = await orderSite()
  browser = await launchChromium()
})

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
})

/** A page with so many peers; all are members and connected to the first one, whose order is shown. */
async function open(peers: number, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 760, height: 860 }, ...options })
  const { page, errors } = await newPage(context)
  closing.push(async () => {
    const own = page.isClosed() ? [] : await call(page, 'errors')
    await context.close()
    expect([...errors, ...own]).toEqual([])
  })
  await page.goto(site.url)
  await page.waitForFunction(() => 'commands' in globalThis)
  for (let i = 0; i < peers; i++) await call(page, 'addPeer')
  for (let i = 1; i < peers; i++) {
    await call(page, 'connect', 0, i)
    await call(page, 'admit', 0, i)
    await until(() => call(page, 'isWritable', i))
  }
  await call(page, 'show', 0)
  return page
}

async function same(page: Page, ...peers: number[]): Promise<void> {
  await until(async () => new Set(await Promise.all(peers.map(i => call(page, 'lengthOf', i)))).size === 1)
}

const rows = (page: Page) => page.locator('.order-row')
const positionOf = (page: Page) =>
  page.evaluate(() => (document.activeElement as HTMLElement).dataset.position)
const told = (page: Page) => page.getByRole('status').textContent()

/** The first peer's order with two entries of the second one merged in before its own last two. */
async function reorganised(page: Page): Promise<void> {
  await call(page, 'items', 0, 3, 'Early')
  await same(page, 0, 1)
  await call(page, 'cut', 0, 1)
  await call(page, 'later', MINUTE)
  await call(page, 'items', 1, 2, 'Apart')
  await call(page, 'later', MINUTE)
  await call(page, 'items', 0, 2, 'Late')
  await page.getByText('added “Late 2”').waitFor()
  await call(page, 'connect', 0, 1)
  await page.getByText('added “Apart 2”').first().waitFor()
}

async function violations(page: Page): Promise<string[]> {
  const path = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
  await page.evaluate(await readFile(path, 'utf8'))
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run()
  )
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

test('the order is a list of options, each with its writer and what it says, and follows what comes', async () => {
  const page = await open(2)
  await call(page, 'items', 1, 30)
  await page.getByText('added “Thing 30”').waitFor()
  const last = rows(page).last()
  expect(await last.textContent()).toContain('Ben added “Thing 30”')
  expect(await last.getAttribute('aria-posinset')).toBe('32')
  expect(await last.getAttribute('aria-setsize')).toBe('32')
  await until(() => last.evaluate(row => row.getBoundingClientRect().bottom <= innerHeight + 1))
  expect(await page.locator('.order-picture').getAttribute('aria-hidden')).toBe('true')
  expect(await page.locator('.order-picture .order-core').count()).toBe(await rows(page).count())
})

test('whoever reads further up is not moved by what comes', async () => {
  const page = await open(1)
  await call(page, 'items', 0, 60)
  await page.getByText('added “Thing 60”').waitFor()
  const scroller = page.locator('.order-scroll')
  await scroller.hover()
  await page.mouse.wheel(0, -900)
  await until(() => scroller.evaluate(one => one.scrollHeight - one.scrollTop - one.clientHeight > 500))
  const before = await scroller.evaluate(one => one.scrollTop)
  await call(page, 'items', 0, 5, 'More')
  await until(async () => (await page.locator('.order-count').textContent())?.startsWith('66 ') === true)
  expect(await scroller.evaluate(one => one.scrollTop)).toBe(before)
})

test('a reorganisation is told, marked, and seen moving', async () => {
  const page = await open(2)
  await page.evaluate(() => {
    const original = Element.prototype.animate
    const moved: string[] = []
    Object.assign(globalThis, { moved })
    Element.prototype.animate = function (...args) {
      const id = (this as HTMLElement).dataset.position
      if (id && JSON.stringify(args[0]).includes('translateY')) moved.push(this.textContent ?? '')
      return original.apply(this, args)
    }
  })
  await reorganised(page)
  await until(async () => (await told(page)) !== '')
  expect(await told(page)).toBe(
    '2 entries moved: Ada Byron added “Late 1”; Ada Byron added “Late 2”. 2 entries by Ben came in before.'
  )
  expect(await page.locator('.order-row.marked').count()).toBe(2)
  const moved = await page.evaluate(() => (globalThis as unknown as { moved: string[] }).moved)
  expect(moved.map(text => text.slice(0, 23))).toEqual(['Ada Byron added “Late 1', 'Ada Byron added “Late 2'])
  await until(async () => (await page.locator('.order-row.marked').count()) === 0)
})

test('a reorganisation that nobody told of is noticed', async () => {
  const page = await open(2)
  await call(page, 'hide')
  await call(page, 'show', 0, true)
  await reorganised(page)
  await until(async () => (await told(page))?.startsWith('2 entries moved') === true)
  const texts = await page.locator('.order-row[data-id]').allTextContents()
  expect(texts.slice(-4).map(text => text.match(/“(.*)”/)?.[1])).toEqual([
    'Apart 1',
    'Apart 2',
    'Late 1',
    'Late 2'
  ])
})

test('who wants no motion sees none, and is told all the same', async () => {
  const page = await open(2, { reducedMotion: 'reduce' })
  await page.evaluate(() => {
    Object.assign(globalThis, { animations: 0 })
    Element.prototype.animate = () => {
      ;(globalThis as unknown as { animations: number }).animations++
      throw new Error('nothing is to move')
    }
  })
  await reorganised(page)
  await until(async () => (await told(page))?.startsWith('2 entries moved') === true)
  expect(await page.evaluate(() => (globalThis as unknown as { animations: number }).animations)).toBe(0)
})

test('by keyboard alone: one stop of Tab, then arrows along the order and across lanes, and details', async () => {
  const page = await open(3)
  await call(page, 'items', 1, 2, 'Ben’s')
  await same(page, 0, 1, 2)
  await call(page, 'items', 2, 2, 'Cleo’s')
  await page.getByText('added “Cleo’s 2”').waitFor()
  expect(await page.locator('.order-row[tabindex="0"]').count()).toBe(1)
  await page.locator('.order-legend summary').focus()
  await page.keyboard.press('Tab')
  await until(async () => (await positionOf(page)) !== undefined)
  await page.keyboard.press('End')
  await until(async () => (await positionOf(page)) === '6')
  await page.keyboard.press('ArrowUp')
  await until(async () => (await positionOf(page)) === '5')
  await page.keyboard.press('ArrowLeft')
  await until(async () => (await positionOf(page)) === '4')
  expect(await page.locator('.order-row[tabindex="0"]').count()).toBe(1)
  expect(await page.locator('[aria-selected="true"]').textContent()).toContain('Ben added “Ben’s 2”')
  expect(await page.locator('.order-inspector h3').textContent()).toContain('Ben')
  await page.keyboard.press('Home')
  await until(async () => (await positionOf(page)) === '0')
  expect(await page.locator('.order-inspector').textContent()).toContain('1 of 7 in the order')
})

test('the details tell all of an entry, and its links lead to what it had seen', async () => {
  const page = await open(2)
  await call(page, 'append', 1, [
    { op: 'item', id: 'i', list: 'l', text: '<b>Milk</b>' },
    { op: 'edit', id: 'i', done: true }
  ])
  await page.getByText('added “<b>Milk</b>”').click()
  const details = page.locator('.order-inspector')
  await details.waitFor()
  const text = await details.textContent()
  for (const part of [
    'applied',
    '3 of 3 in the order',
    'entries 1 to 2',
    'ticked off “<b>Milk</b>”',
    'Ada Byron, entry 2'
  ])
    expect(text).toContain(part)
  await details.getByText('As it was written').click()
  expect(await details.locator('pre').textContent()).toContain('"text": "<b>Milk</b>"')
  await details.getByRole('button', { name: 'Ada Byron, entry 2' }).click()
  await until(async () => (await positionOf(page)) === '1')
  expect(await details.textContent()).toContain('2 of 3 in the order')
  await page.getByRole('button', { name: 'Close the details' }).click()
  await until(async () => (await details.count()) === 0)
  await until(async () => (await positionOf(page)) === '1')
})

test('on a phone the details leave in sight what they are of', async () => {
  const page = await open(1, { viewport: { width: 360, height: 740 } })
  await call(page, 'items', 0, 40)
  const row = rows(page).filter({ hasText: 'added “Thing 39”' })
  await row.click()
  await page.locator('.order-inspector').waitFor()
  await until(() =>
    row.evaluate(one => {
      const { bottom } = one.getBoundingClientRect()
      return bottom <= (document.querySelector('.order-inspector')?.getBoundingClientRect().top ?? 0)
    })
  )
})

test('what waits is apart, with its reason; what was skipped is hollow and says so', async () => {
  const page = await open(3)
  await call(page, 'connect', 1, 2)
  await call(page, 'cut', 0, 1)
  await call(page, 'cut', 0, 2)
  await call(page, 'later', MINUTE)
  await call(page, 'append', 0, { op: 'expel', key: await call(page, 'keyOf', 2) })
  await call(page, 'later', MINUTE)
  await call(page, 'items', 2, 1, 'Seen')
  await same(page, 1, 2)
  await call(page, 'items', 1, 1, 'Sees it')
  await call(page, 'cut', 1, 2)
  await call(page, 'later', MINUTE)
  await call(page, 'items', 2, 1, 'Unseen')
  await call(page, 'connect', 0, 1)
  await call(page, 'connect', 0, 2)
  const waiting = page.getByRole('region', { name: 'Entries that wait' })
  await waiting.getByText('added “Unseen 1”').waitFor()
  expect(await waiting.textContent()).toContain('Cleo added “Unseen 1”')
  expect(await waiting.textContent()).toContain('not a member')
  await waiting.getByRole('button').click()
  expect(await page.locator('.order-inspector').textContent()).toContain('none yet')
  const skipped = page.locator('.order-row.skipped')
  expect(await skipped.textContent()).toContain('Cleo added “Seen 1”')
  expect(await page.locator('.order-dot.skipped').count()).toBe(1)
  await skipped.click()
  expect(await page.locator('.order-inspector').textContent()).toContain('was not a member at this place')
  expect(await violations(page)).toEqual([])
})

test('of thousands of entries only those in sight are in the page; the others come when they are looked at', async () => {
  const page = await open(1)
  await call(page, 'many', 0, 3000)
  await until(async () => (await page.locator('.order-count').textContent())?.startsWith('3,001 ') === true)
  await page.getByText('added “Thing 3000”').waitFor()
  expect(await rows(page).count()).toBeLessThan(60)
  await rows(page).last().click()
  await page.keyboard.press('Home')
  await page.getByText('named the board “Allotment”').first().waitFor()
  await until(async () => (await positionOf(page)) === '0')
  expect(await rows(page).count()).toBeLessThan(60)
  expect(await page.locator('.order-edge').count()).toBeLessThan(200)
})

for (const [name, options] of [
  ['light', {}],
  ['dark', { colorScheme: 'dark' }],
  ['on a phone', { viewport: { width: 360, height: 740 } }]
] as const) {
  test(`an axe check finds nothing, ${name}`, async () => {
    const page = await open(3, options)
    await reorganised(page)
    await call(page, 'items', 2, 2, 'Cleo’s')
    await page.locator('.order-legend summary').click()
    await page.locator('.order-row[data-id]').first().click()
    await page.locator('.order-inspector').waitFor()
    // colours are judged as they are when nothing moves any more
    await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)))
    expect(await violations(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
  })
}
