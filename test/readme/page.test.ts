import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium, openPage, type Site, serveSite } from '../support/chromium.ts'

/** The README's page as its readers use it: served beside the package's own files. */
const repository = fileURLToPath(new URL('../..', import.meta.url))
const readme = await readFile(`${repository}/README.md`, 'utf8')

let browser: Browser
let site: Site

beforeAll(async () => {
  const [, html = ''] = /^```html quickstart page\n([\s\S]*?)^```$/m.exec(readme) ?? []
  expect(html).toContain('<script type="module">')
  site = await serveSite({ folders: { '/autobee/': `${repository}/dist/browser` }, files: { '/': html } })
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
})

test('the page of the README counts its visits, from one visit to the next', async () => {
  const { page, errors } = await openPage(browser, site.url)
  const count = () => page.textContent('output')
  for (const visits of ['1', '2', '3']) {
    await page.waitForFunction(() => document.querySelector('output')?.textContent !== '')
    expect(await count()).toBe(visits)
    await page.reload()
  }
  expect(errors).toEqual([])
})
