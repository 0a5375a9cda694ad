import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CHROMIUM_FLAGS, findChromium } from '../../.ci/chromium.mjs'
import { hostFlags, insecure as insecureUrl } from '../pages/profile.ts'
import { launchChromium } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import { Person } from './page-person.ts'
import { PageSite } from './page-site.ts'

const DIST = join(import.meta.dirname, '..', '..', 'dist', 'page')

let site: PageSite
let browser: Browser
const people: Person[] = []

beforeEach(async () => {
  site = await PageSite.start()
  browser = await launchChromium()
})

afterEach(async () => {
  const errors = people.splice(0).flatMap(person => person.errors)
  await browser?.close()
  await site?.close()
  expect(errors).toEqual([])
})

async function come(name: string): Promise<Person> {
  const person = await Person.come(browser, { name })
  people.push(person)
  return person
}

/** The page is in the service worker's hands. */
async function isKept({ page }: Person): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated')
}

/** How the installation of the service worker ends. */
function installed({ page }: Person): Promise<string> {
  return page.evaluate(async () => {
    const { installing, waiting, active } = await navigator.serviceWorker.register('./service-worker.js')
    const worker = installing ?? waiting ?? active
    if (!worker) return 'none'
    const isOver = () => worker.state === 'activated' || worker.state === 'redundant'
    while (!isOver()) {
      await new Promise(resolve => worker.addEventListener('statechange', resolve, { once: true }))
    }
    return worker.state
  })
}

describe('Without a network', () => {
  test('the page opens, with its boards, and goes on when the network is back', async () => {
    const ada = await (await come('Ada')).make(site, 'Our flat')
    await ada.add('To do', 'Milk')
    await isKept(ada)
    await site.stopServer()

    await ada.page.reload()
    await ada.item('Milk').waitFor()
    await ada.page.locator('.pill', { hasText: 'Offline' }).waitFor()
    await ada.add('To do', 'Bread')
    await ada.screenshot('offline')
    await ada.page.goto(site.url)
    await ada.page.getByRole('link', { name: /Our flat/ }).click()
    await ada.item('Bread').waitFor()
    for (const panel of ['People', 'History', 'Bin', 'Settings'] as const) await ada.open(panel)

    await site.startServer()
    await ada.page.locator('.pill', { hasText: 'Nobody here' }).waitFor()
  })

  test('two go on while the relay is down, and have the same when it is up', async () => {
    const ada = await (await come('Ada')).make(site, 'Our flat')
    await ada.add('To do', 'Milk')
    const bob = await (await come('Bob')).accept(await ada.invite('write'), { board: 'Our flat' })
    await bob.page.getByLabel('New item on To do').waitFor()
    // over the relay alone
    for (const person of [ada, bob]) {
      const panel = await person.open('Settings')
      await panel.getByLabel(/Talk to other devices directly/).uncheck()
      await person.page.keyboard.press('Escape')
    }
    await site.stopServer()
    for (const person of [ada, bob]) await person.page.locator('.pill', { hasText: 'Offline' }).waitFor()
    await ada.add('To do', 'Ada was here')
    await bob.add('To do', 'Bob was here')
    await site.startServer()
    await ada.item('Bob was here').waitFor()
    await bob.item('Ada was here').waitFor()
    await until(async () => JSON.stringify(await ada.shown()) === JSON.stringify(await bob.shown()))
  })

  test('nothing but the files of the page is kept: no relay, no other origin', async () => {
    const ada = await (await come('Ada')).make(site, 'Our flat')
    await isKept(ada)
    const kept = await ada.page.evaluate(async () => {
      const names = await caches.keys()
      const requests = await Promise.all(names.map(async name => (await caches.open(name)).keys()))
      return requests.flat().map(({ url }) => url)
    })
    expect(kept.length).toBeGreaterThan(8)
    for (const url of kept) {
      expect(new URL(url).origin).toBe(new URL(site.url).origin)
      expect(new URL(url).pathname).not.toContain('relay')
    }
  })
})

test('on a page that is not secure, as of another machine without https, all else works', async () => {
  const insecure = await chromium.launch({
    executablePath: findChromium() as string,
    args: [...CHROMIUM_FLAGS, ...hostFlags()]
  })
  const ada = await Person.come(insecure, { name: 'Ada' })
  people.push(ada)
  await ada.make({ url: insecureUrl(site.url) }, 'Our flat')
  expect(await ada.page.evaluate(() => isSecureContext)).toBe(false)
  await ada.add('To do', 'Milk')
  await ada.page.reload()
  await ada.item('Milk').waitFor()
  const link = await ada.invite('write')
  const panel = await ada.open('People')
  await panel.getByRole('button', { name: 'Make a link' }).click()
  await panel.getByRole('button', { name: 'Copy' }).click()
  await panel.getByText('Press Ctrl+C').waitFor()
  const bob = await Person.come(insecure, { name: 'Bob' })
  people.push(bob)
  await bob.accept(link, { board: 'Our flat' })
  await bob.item('Milk').waitFor()
  await ada.open('What goes on')
  await insecure.close()
})

test('while the server has files of two versions none is kept, and the page does not stay with a mixture', async () => {
  const ada = await come('Ada')
  const html = await readFile(join(DIST, 'index.html'), 'utf8')
  site.changed.set('/index.html', html.replace('<title>', '<title data-version="other">'))
  await ada.page.goto(site.url)
  expect(await installed(ada)).toBe('redundant')
  site.changed.clear()
  expect(await installed(ada)).toBe('activated')
  await ada.page.reload()
  await ada.page.getByRole('button', { name: /board/i }).first().waitFor()
  expect(await ada.page.locator('title[data-version]').count()).toBe(0)
})

test('a new version says so, and comes when it is asked for', async () => {
  const ada = await (await come('Ada')).make(site, 'Our flat')
  await isKept(ada)
  const file = (name: string) => readFile(join(DIST, name), 'utf8')
  const worker = await file('service-worker.js')
  const html = await file('index.html')
  const next = html.replace('<title>', '<title data-version="2">')
  // another page is another hash in the worker's list
  const hash = createHash('sha256').update(next).digest('hex').slice(0, 16)
  site.changed.set('/index.html', next)
  site.changed.set('/service-worker.js', worker.replace(/(.index\.html.,.)[0-9a-f]{16}/, `$1${hash}`))

  await ada.page.reload()
  await ada.page.getByText('There is a new version of this page').waitFor()
  expect(await ada.page.locator('title[data-version]').count()).toBe(0)
  await ada.screenshot('new-version')
  await ada.page.getByRole('button', { name: 'Reload' }).click()
  await ada.page.waitForFunction(() => document.querySelector('title[data-version="2"]'))
  await ada.list('To do').waitFor()
})
