/** One story from the first board to the last word, of two people: Ada at a desk, who needs no mouse, and Bob with a phone. */
import { type Browser, devices } from 'playwright'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import { Person } from './page-person.ts'
import { PageSite } from './page-site.ts'

const PHONE = { ...devices['Pixel 7'], viewport: { width: 390, height: 844 } }

let site: PageSite
let browser: Browser
let ada: Person
let bob: Person
let station = 0

beforeAll(async () => {
  site = await PageSite.start()
  browser = await launchChromium()
})

afterEach(async () => {
  const errors = [ada, bob].flatMap(person => person?.errors ?? [])
  await browser?.close()
  expect(errors).toEqual([])
})

afterAll(() => site?.close())

/** What both look at now; looked at by people, too. */
async function keep(name: string, people = [ada, bob]): Promise<void> {
  station++
  for (const person of people)
    await person.screenshot(`walk-${String(station).padStart(2, '0')}-${name}-${person.name}`)
}

/** Both have the same lists, the same bin and the same order of all entries. */
async function expectSame(): Promise<Record<string, string[]>> {
  const same = async (look: (person: Person) => Promise<unknown>) =>
    until(async () => JSON.stringify(await look(ada)) === JSON.stringify(await look(bob)))
  await same(person => person.shown())
  await same(person => closed(person, binOf))
  await same(person => closed(person, () => person.order()))
  // nothing that the page complains of
  for (const { page } of [ada, bob]) expect(await page.locator('.toast, [data-code]').count()).toBe(0)
  return ada.shown()
}

/** Looks into a panel, and closes it: on a phone it is all that one sees. */
async function closed<T>(person: Person, look: (person: Person) => Promise<T>): Promise<T> {
  const seen = await look(person)
  await person.page.keyboard.press('Escape')
  await person.page.getByRole('complementary').waitFor({ state: 'detached' })
  return seen
}

async function binOf(person: Person): Promise<string[]> {
  const panel = await person.open('Bin')
  // without how long ago that was
  return panel
    .locator('.kept .grow')
    .evaluateAll(elements => elements.map(element => `${element.firstChild?.textContent}`))
}

/** Ada's way with an item: no mouse. */
async function adaEdits(text: string, to: string): Promise<void> {
  const { keyboard } = ada.page
  await ada.tabTo(text)
  // its box comes before it
  if (
    await ada
      .item(text)
      .getByRole('checkbox')
      .evaluate(box => box === document.activeElement)
  )
    await ada.tabTo(text)
  await keyboard.press('Enter')
  await ada.page.getByLabel(`Text of ${text}`).waitFor()
  await keyboard.press('ControlOrMeta+a')
  await keyboard.type(to)
  await keyboard.press('Enter')
  await ada.item(to).waitFor()
}

async function adaAdds(...texts: string[]): Promise<void> {
  await ada.tabTo('New item on To do')
  for (const text of texts) {
    await ada.page.keyboard.type(text)
    await ada.page.keyboard.press('Enter')
    await ada.item(text).waitFor()
  }
}

async function adaInvites(): Promise<string> {
  await ada.tabTo('People')
  await ada.page.keyboard.press('Enter')
  await ada.tabTo('Make a link')
  await ada.page.keyboard.press('Enter')
  const field = ada.page.getByLabel('Link to write')
  await field.waitFor()
  await keep('invited', [ada])
  const link = await field.inputValue()
  await ada.page.keyboard.press('Escape')
  return link
}

async function bobRemoves(text: string): Promise<void> {
  await bob.page.getByRole('button', { name: `More about ${text}` }).tap()
  await bob.item(text).getByRole('button', { name: 'Remove', exact: true }).tap()
  await bob.item(text).waitFor({ state: 'detached' })
  await bob.page.getByRole('button', { name: 'Hide this message' }).tap()
}

async function isOffline(person: Person): Promise<void> {
  await person.page.locator('.pill', { hasText: 'Offline' }).waitFor()
}

async function areTogether(): Promise<void> {
  for (const { page } of [ada, bob]) await page.locator('.pill', { hasText: '1 device ✓' }).waitFor()
}

test('a board from the first word to the last: made, shared, written apart and together, reloaded, left', async () => {
  // created, with the keyboard alone
  ada = await Person.come(browser, { name: 'Ada' })
  bob = await Person.come(browser, { name: 'Bob', ...PHONE })
  await ada.page.goto(site.url)
  await ada.page.getByLabel('Name of the board').waitFor()
  await ada.tabTo('Name of the board')
  await ada.page.keyboard.type('Our flat')
  await ada.tabTo(/^Your name/)
  await ada.page.keyboard.type('Ada')
  await ada.page.keyboard.press('Enter')
  await ada.list('To do').waitFor()
  await adaAdds('Bread', 'Eggs', 'Milk')

  // invited, accepted
  await bob.accept(await adaInvites(), { board: 'Our flat' })
  await bob.page.getByLabel('New item on To do').waitFor()
  await bob.item('Milk').waitFor()
  await areTogether()
  await keep('accepted')

  // written on both sides
  await bob.add('To do', 'Coffee')
  await bob.tick('Bread')
  await ada.item('Coffee').waitFor()
  await ada.item('Bread').getByRole('checkbox', { checked: true }).waitFor()
  await adaEdits('Coffee', 'Coffee beans')
  await bob.item('Coffee beans').waitFor()
  expect(await expectSame()).toEqual({ 'To do': ['Coffee beans', 'Milk', 'Eggs', '✓ Bread'] })
  await keep('together')

  // both offline: one whose network is gone, one who cuts it
  await ada.context.setOffline(true)
  await bob.cut(true)
  // a browser's offline mode swallows what goes over a connection; that it is dead is noticed a heartbeat later
  await ada.page.locator('.pill', { hasText: /Nobody here|Offline/ }).waitFor()
  await adaEdits('Milk', 'Oat milk')
  await bob.edit('Milk', 'Goat milk')
  await adaEdits('Eggs', 'Ten eggs')
  await bobRemoves('Eggs')
  await ada.tabTo('Coffee beans')
  await ada.page.keyboard.press('Alt+ArrowDown')
  await until(async () => (await ada.shown())['To do']?.indexOf('Coffee beans') === 1)
  await bob.tick('Coffee beans')
  await adaAdds('Sugar')
  await bob.add('To do', 'Flour')
  await keep('apart')

  // together again: nothing that either wrote is lost
  await ada.context.setOffline(false)
  await bob.cut(false)
  await ada.item('Flour').waitFor()
  await bob.item('Sugar').waitFor()
  await areTogether()
  const merged = await expectSame()
  expect(merged['To do']).toHaveLength(5)
  expect(merged['To do']).toContain('✓ Coffee beans')
  const milk = merged['To do']?.find(text => text.includes('milk')) ?? ''
  expect(milk).toMatch(/^(Oat|Goat) milk \(2 versions of/)
  expect(await closed(ada, binOf)).toHaveLength(1)
  await keep('merged')
  await ada.order()
  await bob.order()
  await keep('history')
  for (const { page } of [ada, bob]) await page.keyboard.press('Escape')

  // the other version is taken
  await bob.page.getByRole('button', { name: /versions of/ }).tap()
  await bob.page.locator('blockquote').waitFor()
  await keep('versions')
  const other = await bob.page.locator('blockquote').innerText()
  await bob.page.getByRole('button', { name: 'Take this one' }).tap()
  await ada.item(other).waitFor()
  expect((await expectSame())['To do']).toContain(other)

  // both reload, and have all at once
  const before = await ada.shown()
  for (const person of [ada, bob]) {
    await person.page.reload()
    await person.item(other).waitFor()
    expect(await person.shown()).toEqual(before)
  }
  await areTogether()

  // the relay goes: those who talk directly go on, and whoever comes anew waits for it
  await site.stopServer()
  for (const person of [ada, bob]) {
    await person.page.reload()
    await person.item(other).waitFor()
    await isOffline(person)
  }
  await adaAdds('While it was away')
  await bob.add('To do', 'On the train')
  await keep('relay-away')
  await site.startServer()
  await ada.item('On the train').waitFor()
  await bob.item('While it was away').waitFor()
  await areTogether()
  await expectSame()

  // Bob is removed, by the keyboard, and can read
  await ada.page.evaluate(() => (document.activeElement as HTMLElement).blur())
  await ada.tabTo('People')
  await ada.page.keyboard.press('Enter')
  await ada.tabTo(/^Remove\s*Bob/)
  await ada.page.keyboard.press('Enter')
  await ada.page.getByRole('dialog', { name: 'Remove Bob?' }).waitFor()
  await keep('removing')
  await ada.tabTo(/^Remove Bob/)
  await ada.page.keyboard.press('Enter')
  await bob.page.getByText('You were removed from this board').waitFor()
  await until(() => ada.page.evaluate(() => document.activeElement?.closest('#panel') !== null))
  expect(await bob.page.getByLabel('New item on To do').count()).toBe(0)
  await ada.page.keyboard.press('Escape')
  await adaAdds('Only Ada writes now')
  await bob.item('Only Ada writes now').waitFor()
  await expectSame()
  await keep('removed')
  expect(await bob.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
})
