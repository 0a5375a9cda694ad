import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright'
import { build } from 'vite'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createRelay } from '../../adapters/transport/relay.ts'
import { launchChromium, newPage, openPage, STRICT_POLICY, serveSite } from '../support/chromium.ts'
import { createProject, repository } from './project.ts'

let browser: Browser

beforeAll(async () => {
  browser = await launchChromium()
})

afterAll(() => browser?.close())

const items = (page: Page) => page.locator('li').allTextContents()

test('a page without a bundler: what was added is there after a reload, what was bought is gone', async () => {
  const folder = join(repository, 'docs', 'examples', 'page')
  const site = await serveSite({
    files: { '/': await readFile(join(folder, 'index.html'), 'utf8') },
    folders: { '/autobee/': join(repository, 'dist', 'browser'), '/': folder },
    policy: STRICT_POLICY
  })
  onTestFinished(() => site.close())
  const { page, errors } = await openPage(browser, site.url)
  for (const item of ['milk', 'bread']) {
    await page.getByLabel('What?').fill(item)
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByLabel(item).waitFor()
  }
  await page.reload()
  await page.getByLabel('milk').click()
  await page.getByLabel('milk').waitFor({ state: 'detached' })
  await page.reload()
  await page.getByLabel('bread').waitFor()
  expect(await items(page)).toEqual([' bread'])

  // a second tab of the same browser says why it has nothing
  const second = await newPage(page.context())
  await second.page.goto(site.url)
  await second.page.getByText('This list is open in another tab.').waitFor()
  expect([...errors, ...second.errors]).toEqual([])
  await page.context().close()
})

test('tabs share one database: clicks of both are counted, and the second goes on when the first is closed', async () => {
  const folder = join(repository, 'docs', 'examples', 'tabs')
  const site = await serveSite({
    files: { '/': await readFile(join(folder, 'index.html'), 'utf8') },
    folders: { '/autobee/': join(repository, 'dist', 'browser'), '/': folder },
    policy: STRICT_POLICY
  })
  onTestFinished(() => site.close())
  const first = await openPage(browser, site.url)
  await first.page.getByText('this tab is the owner').waitFor()
  const second = await newPage(first.page.context())
  await second.page.goto(site.url)
  await second.page.getByText('this tab is the follower').waitFor()
  for (const { page } of [first, second]) await page.getByRole('button').click()
  for (const { page } of [first, second]) await page.getByText('2 so far').waitFor()
  await first.page.close()
  await second.page.getByText('this tab is the owner').waitFor()
  await second.page.getByRole('button').click()
  await second.page.getByText('3 so far').waitFor()
  expect([...first.errors, ...second.errors]).toEqual([])
  await second.page.context().close()
})

test('a Vite app: two browsers that share an invitation sign the same book, and both see it', async () => {
  const relay = await createRelay()
  onTestFinished(() => relay.close())
  const project = await createProject('vite')
  onTestFinished(() => project.destroy())
  const outDir = join(project.folder, 'out')
  await build({ root: project.folder, configFile: false, logLevel: 'silent', build: { outDir } })
  const site = await serveSite({
    files: { '/': await readFile(join(outDir, 'index.html'), 'utf8') },
    folders: { '/': outDir },
    policy: STRICT_POLICY.replace("connect-src 'self'", `connect-src 'self' ${relay.url}`)
  })
  onTestFinished(() => site.close())

  const ada = await openPage(browser, `${site.url}/#,${relay.url}`)
  const invitation = ada.page.getByRole('link')
  await ada.page.getByText(/^http.*#[0-9a-f]{64},/).waitFor()
  const bob = await openPage(browser, (await invitation.getAttribute('href')) as string)
  await bob.page.getByText('Connected with 1').waitFor()
  for (const [{ page }, name] of [
    [ada, 'Ada'],
    [bob, 'Bob']
  ] as const) {
    await page.getByLabel('Your name').fill(name)
    await page.getByRole('button', { name: 'Sign' }).click()
  }
  for (const { page } of [ada, bob]) {
    for (const name of ['Ada', 'Bob'])
      await page.getByRole('listitem').filter({ hasText: name }).waitFor({ state: 'attached' })
    expect((await items(page)).sort()).toEqual(['Ada', 'Bob'])
  }
  expect([...ada.errors, ...bob.errors]).toEqual([])
  for (const { page } of [ada, bob]) await page.context().close()
})
