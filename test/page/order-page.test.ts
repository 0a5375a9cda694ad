/** The order in the page itself: with tabs that share a database, and people who were cut off from each other. */
import type { Browser } from 'playwright'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import { Person } from './page-person.ts'
import { PageSite } from './page-site.ts'

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

const rows = ({ page }: Person) => page.locator('.order-row[data-id]').allTextContents()
const told = ({ page }: Person) => page.locator('.order-told').textContent()

test('two who were cut off meet again: in every tab the order is the same, and what moved is told', async () => {
  const ada = await (await come('Ada')).make(site, 'Our flat')
  const bob = await (await come('Bob')).accept(await ada.invite('write'), { board: 'Our flat' })
  await ada.add('To do', 'Milk')
  await bob.item('Milk').waitFor()
  const tab = await ada.tab()
  people.push(tab)
  await bob.cut(true)
  await bob.add('To do', 'Bob was away')
  await ada.add('To do', 'Ada was here')
  for (const person of [ada, tab, bob]) await person.open('History')
  await tab.page.locator('.order-row', { hasText: 'Ada was here' }).waitFor()
  await ada.page.locator('.order-row', { hasText: 'Ada was here' }).waitFor()

  await bob.cut(false)
  await bob.open('History')
  for (const person of [ada, tab]) {
    await person.page.locator('.order-row', { hasText: 'Bob was away' }).waitFor()
    await until(async () => (await told(person)) !== '')
    expect(await told(person)).toContain('moved: Ada added “Ada was here”')
    expect(await told(person)).toContain('by Bob came in before')
  }
  const seen = (text: string) => text.replace('moved', '')
  await until(async () => {
    const orders = await Promise.all([ada, tab, bob].map(rows))
    return new Set(orders.map(order => order.map(seen).join('\n'))).size === 1
  })
  await tab.page.locator('.order-row', { hasText: 'Bob was away' }).click()
  await tab.page.locator('.order-inspector', { hasText: 'Added “Bob was away”' }).waitFor()
  await tab.screenshot('order-moved')
})
