import type { Browser } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
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
  await ada.leave()
  expect(ada.errors).toEqual([])
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
})

async function expectShown(board: Record<string, string[]>): Promise<void> {
  await until(async () => JSON.stringify(await ada.shown()) === JSON.stringify(board)).catch(async () => {
    expect(await ada.shown()).toEqual(board)
  })
}

describe('A board', () => {
  test('takes items, changes them, and has them after a reload', async () => {
    ada = await (await Person.come(browser, { name: 'Ada' })).make(site, 'Our flat')
    for (const text of ['Eggs', 'Bread', 'Milk']) await ada.add('To do', text)
    await ada.edit('Bread', 'Rye bread')
    await ada.tick('Eggs')
    await expectShown({ 'To do': ['Milk', 'Rye bread', '✓ Eggs'] })

    const { page } = ada
    await page.getByRole('button', { name: 'More about Rye bread' }).click()
    await page.getByLabel('Note').fill('the dark one')
    await page.getByRole('button', { name: 'Up', exact: true }).click()
    await expectShown({ 'To do': ['Rye bread', 'Milk', '✓ Eggs'] })

    await page.getByRole('textbox', { name: 'New list' }).fill('Later')
    await page.getByRole('button', { name: 'Add list' }).click()
    await ada.list('Later').waitFor()
    await page.getByLabel('Move to another list').selectOption({ label: 'Move to Later' })
    await expectShown({ 'To do': ['Milk', '✓ Eggs'], Later: ['Rye bread'] })
    await ada.screenshot('board')

    await page.reload()
    await ada.item('Milk').waitFor()
    await expectShown({ 'To do': ['Milk', '✓ Eggs'], Later: ['Rye bread'] })
    await page.getByRole('button', { name: 'More about Rye bread' }).click()
    await until(async () => (await page.getByLabel('Note').inputValue()) === 'the dark one')
  })

  test('gives back what was removed: by undo, and out of the bin', async () => {
    ada = await (await Person.come(browser, { name: 'Ada' })).make(site, 'Our flat')
    await ada.add('To do', 'Milk')
    const { page } = ada
    const remove = async () => {
      await page.getByRole('button', { name: 'More about Milk' }).click()
      await page.getByRole('button', { name: 'Remove', exact: true }).click()
      await ada.item('Milk').waitFor({ state: 'detached' })
    }
    await remove()
    await page.getByRole('button', { name: 'Undo' }).click()
    await ada.item('Milk').waitFor()
    await remove()
    const bin = await ada.open('Bin')
    await bin.getByRole('button', { name: 'Restore Milk' }).click()
    await ada.item('Milk').waitFor()
    await bin.getByText('Nothing was removed').waitFor()
  })

  test('empties the bin: lists with all that is in them', async () => {
    ada = await (await Person.come(browser, { name: 'Ada' })).make(site, 'Our flat')
    await ada.add('To do', 'Milk')
    const { page } = ada
    await page.getByRole('button', { name: 'More about Milk' }).click()
    await page.getByRole('button', { name: 'Remove', exact: true }).click()
    await ada.item('Milk').waitFor({ state: 'detached' })
    await ada.add('To do', 'Bread')
    await page.getByRole('button', { name: 'Change the list To do' }).click()
    await page.getByRole('button', { name: 'Remove the list' }).click()
    await ada.list('To do').waitFor({ state: 'detached' })
    const bin = await ada.open('Bin')
    await bin.getByRole('button', { name: 'Restore Milk' }).waitFor()
    await bin.getByRole('button', { name: 'Restore To do' }).waitFor()
    await bin.getByRole('button', { name: 'Empty the bin' }).click()
    const dialog = page.getByRole('dialog', { name: 'Empty the bin?' })
    await ada.screenshot('empty-bin')
    await dialog.getByRole('button', { name: 'Empty the bin' }).click()
    await bin.getByText('Nothing was removed').waitFor()
  })

  test('moves items by dragging', async () => {
    ada = await (await Person.come(browser, { name: 'Ada' })).make(site, 'Our flat')
    for (const text of ['Eggs', 'Bread', 'Milk']) await ada.add('To do', text)
    await ada.item('Milk').hover()
    await ada
      .item('Milk')
      .locator('.grip')
      .dragTo(ada.item('Eggs'), { targetPosition: { x: 60, y: 30 } })
    await expectShown({ 'To do': ['Bread', 'Eggs', 'Milk'] })
  })

  test('is used with the keyboard alone', async () => {
    ada = await Person.come(browser, { name: 'Ada' })
    const { page } = ada
    const { keyboard } = page
    await page.goto(site.url)
    await page.getByLabel('Name of the board').waitFor()
    const tabTo = async (name: string | RegExp) => {
      for (let i = 0; i < 40; i++) {
        await keyboard.press('Tab')
        const label = await page.evaluate(() => {
          const element = document.activeElement as HTMLElement | null
          const labels = (element as HTMLInputElement | null)?.labels
          return element?.getAttribute('aria-label') ?? labels?.[0]?.innerText ?? element?.innerText ?? ''
        })
        if (typeof name === 'string' ? label.trim() === name : name.test(label)) return
      }
      throw new Error(`${name} cannot be reached with the keyboard`)
    }
    await tabTo('Name of the board')
    await keyboard.type('Keys')
    await tabTo(/^Your name/)
    await keyboard.type('Ada')
    await keyboard.press('Enter')
    await ada.list('To do').waitFor()

    for (const text of ['Eggs', 'Milk']) {
      if (text === 'Eggs') await tabTo('New item on To do')
      await keyboard.type(text)
      await keyboard.press('Enter')
      await ada.item(text).waitFor()
    }
    await tabTo('Milk')
    await keyboard.press('Space')
    await expectShown({ 'To do': ['✓ Milk', 'Eggs'] })
    await tabTo('Milk')
    await keyboard.press('Alt+ArrowDown')
    await expectShown({ 'To do': ['Eggs', '✓ Milk'] })
    await until(() => page.evaluate(() => document.activeElement?.className === 'what'))
    await keyboard.press('Enter')
    await page.getByLabel('Text of Milk').waitFor()
    await keyboard.type(' and honey')
    await keyboard.press('Enter')
    await expectShown({ 'To do': ['Eggs', '✓ Milk and honey'] })

    await tabTo('More about Milk and honey')
    await keyboard.press('Enter')
    await page.getByLabel('Note').waitFor()
    await tabTo('Remove')
    await keyboard.press('Enter')
    await expectShown({ 'To do': ['Eggs'] })
    await until(() => page.evaluate(() => document.activeElement?.textContent === 'Eggs'))
    await tabTo('Undo')
    await keyboard.press('Enter')
    await expectShown({ 'To do': ['Eggs', '✓ Milk and honey'] })

    await page.evaluate(() => (document.activeElement as HTMLElement).blur())
    await tabTo('People')
    await keyboard.press('Enter')
    await page.getByRole('complementary', { name: 'People' }).waitFor()
    await keyboard.press('Escape')
    await until(() => page.evaluate(() => document.activeElement?.textContent === 'People'))
  })

  test('reads no more than the first 50 items of a list, and the rest when asked', async () => {
    ada = await (await Person.come(browser, { name: 'Ada' })).make(site, 'Long')
    const field = ada.page.getByLabel('New item on To do')
    for (let i = 0; i < 60; i++) {
      await field.fill(`Item ${i}`)
      await field.press('Enter')
    }
    await ada.page.getByRole('button', { name: 'Show more (10)' }).waitFor()
    expect(await ada.page.locator('.item').count()).toBe(50)
    await ada.page.getByRole('button', { name: 'Show more (10)' }).click()
    await ada.item('Item 0').waitFor()
    const { 'To do': items } = await ada.shown()
    expect(items).toEqual(Array.from({ length: 60 }, (_, i) => `Item ${59 - i}`))
  })

  test('shows the view itself, key by key, and goes on with it', async () => {
    ada = await (await Person.come(browser, { name: 'Ada' })).make(site, 'Inside')
    const settings = await ada.open('Settings')
    await settings.getByText('Key by key').click()
    await settings.getByText('"Inside"').waitFor()
    expect(await settings.getByText('"Milk"').count()).toBe(0)
    await ada.add('To do', 'Milk')
    await settings.getByText('"Milk"').first().waitFor()
    await settings.getByText('Key by key').scrollIntoViewIfNeeded()
    await ada.screenshot('view')
  })

  test('fits a phone of 320 px, with one list at a time', async () => {
    ada = await Person.come(browser, {
      name: 'Ada',
      viewport: { width: 320, height: 640 },
      hasTouch: true,
      isMobile: true
    })
    const { page } = ada
    await page.goto(site.url)
    await page.getByLabel('Name of the board').waitFor()
    const expectNarrow = async () =>
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320)
    await expectNarrow()
    await ada.screenshot('phone-start')
    await ada.make(site, 'A board with quite a long name, as people give them')
    await ada.add('To do', 'Incomprehensibilities-and-other-words-that-do-not-break-by-themselves-anywhere')
    await ada.add('To do', 'Milk')
    await expectNarrow()
    await page.getByRole('button', { name: 'New list' }).click()
    await page.getByRole('textbox', { name: 'New list' }).fill('Shopping')
    await page.getByRole('button', { name: 'Add list' }).click()
    await page.getByRole('button', { name: /^Shopping/ }).click()
    await ada.list('Shopping').waitFor()
    expect(await ada.list('To do').isVisible()).toBe(false)
    await page.getByRole('button', { name: /^To do/ }).click()
    await page.getByRole('button', { name: 'More about Milk' }).click()
    await page.getByLabel('Note').waitFor()
    await expectNarrow()
    await ada.screenshot('phone-board')
    for (const panel of ['People', 'What goes on', 'History', 'Bin', 'Settings'] as const) {
      await ada.open(panel)
      await expectNarrow()
      await ada.screenshot(`phone-${panel.toLowerCase().replaceAll(' ', '-')}`)
      await page.keyboard.press('Escape')
    }
    const small = await page.evaluate(() =>
      [
        ...document.querySelectorAll<HTMLElement>(
          'button:not(.badge), input:not([type=checkbox]), select, a, .tick'
        )
      ]
        .filter(element => element.checkVisibility() && !element.closest('.unseen, .skip'))
        .filter(element => element.getBoundingClientRect().height < 44)
        .map(element => element.outerHTML.slice(0, 120))
    )
    expect(small).toEqual([])
  })
})
