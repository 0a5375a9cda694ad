import type { Browser } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { troubleOf } from '../../demo/page/errors.ts'
import { AutobeeError, type AutobeeErrorCode } from '../../src/index.ts'
import { launchChromium } from '../support/chromium.ts'
import { Person } from './page-person.ts'
import { PageSite } from './page-site.ts'

let site: PageSite
let browser: Browser
let ada: Person

beforeAll(async () => {
  site = await PageSite.start()
  browser = await launchChromium()
})

afterEach(async () => {
  await ada?.leave()
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
})

async function expectTrouble(code: string): Promise<void> {
  await ada.page
    .getByRole('alert')
    .and(ada.page.locator(`[data-code="${code}"]`))
    .waitFor()
}

async function makeBoard(): Promise<void> {
  await ada.page.goto(site.url)
  await ada.page.getByLabel('Name of the board').fill('Our flat')
  await ada.page.getByRole('button', { name: 'Make the board' }).click()
}

describe('What goes wrong is said, with what to do', () => {
  test('a damaged invitation', async () => {
    ada = await Person.come(browser, { name: 'Ada' })
    await ada.page.goto(`${site.url}#key=nonsense`)
    await expectTrouble('INVALID_KEY')
    await ada.page.getByRole('link', { name: 'All your boards' }).click()
    await ada.page.getByLabel('Link of the invitation').fill('hello')
    await ada.page.getByRole('button', { name: 'Open the invitation' }).click()
    await ada.page.locator('#paste-problem', { hasText: /./ }).waitFor()
    expect(await ada.page.getByLabel('Link of the invitation').inputValue()).toBe('hello')
  })

  test('no IndexedDB', async () => {
    ada = await Person.come(browser, { name: 'Ada' })
    await ada.page.addInitScript(() => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }))
    await makeBoard()
    await expectTrouble('NO_INDEXEDDB')
  })

  test('no WebAssembly', async () => {
    ada = await Person.come(browser, { name: 'Ada' })
    await ada.page.addInitScript(() => {
      delete (globalThis as { WebAssembly?: unknown }).WebAssembly
    })
    await makeBoard()
    await expectTrouble('NO_WEBASSEMBLY')
  })

  test('no room: what was typed stays in its field', async () => {
    ada = await (await Person.come(browser, { name: 'Ada' })).make(site, 'Our flat')
    await ada.add('To do', 'Milk')
    // every write of the database fails as it does over the quota
    await ada.page.evaluate(() => {
      const refuse = () => {
        throw new DOMException('no room', 'QuotaExceededError')
      }
      Object.assign(IDBObjectStore.prototype, { put: refuse, add: refuse })
    })
    const field = ada.page.getByLabel('New item on To do')
    await field.fill('Something long that nobody wants to type again')
    await field.press('Enter')
    await ada.page
      .getByText(/There is no room left/)
      .first()
      .waitFor()
    expect(await field.inputValue()).toBe('Something long that nobody wants to type again')
  })

  test.each([
    'STORE_FULL',
    'STORE_LOCKED',
    'STORE_CORRUPT',
    'STORE_CLOSED',
    'STORE_FAILED',
    'UPGRADE_REQUIRED',
    'NOT_WRITABLE',
    'CLOCK_SKEW',
    'ENCRYPTION_KEY_MISMATCH',
    'OWNER_CHANGED'
  ] as AutobeeErrorCode[])('%s has a sentence of its own', code => {
    const other = troubleOf(new Error('whatever'))
    const trouble = troubleOf(new AutobeeError(code, 'said by the SDK'))
    expect(trouble.code).toBe(code)
    expect(trouble.title).not.toBe(other.title)
    expect(trouble.advice).not.toContain('said by the SDK')
  })
})
