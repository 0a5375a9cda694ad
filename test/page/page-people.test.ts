import type { Browser } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import { Person } from './page-person.ts'
import { PageSite } from './page-site.ts'

let site: PageSite
let browser: Browser
const people: Person[] = []

beforeAll(async () => {
  site = await PageSite.start()
  browser = await launchChromium()
})

afterEach(async () => {
  const errors = people.flatMap(person => person.errors)
  for (const person of people.splice(0)) await person.leave()
  expect(errors).toEqual([])
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
})

async function come(name: string): Promise<Person> {
  const person = await Person.come(browser, { name })
  people.push(person)
  return person
}

async function expectSame(a: Person, b: Person): Promise<Record<string, string[]>> {
  await until(async () => JSON.stringify(await a.shown()) === JSON.stringify(await b.shown()))
  return a.shown()
}

describe('People', () => {
  test('who opens a link to write joins, and both see what the other does', async () => {
    const ada = await (await come('Ada')).make(site, 'Our flat')
    await ada.add('To do', 'Milk')
    const bob = await (await come('Bob')).accept(await ada.invite('write'), { board: 'Our flat' })
    await bob.item('Milk').waitFor()
    await bob.page.getByLabel('New item on To do').waitFor()
    expect(new URL(bob.page.url()).hash).toMatch(/^#key=[a-z0-9]+$/)

    await bob.add('To do', 'Bread')
    await ada.item('Bread').waitFor()
    // for those who do not see it appear
    await ada.page.locator('[aria-live]', { hasText: 'Bob added “Bread”.' }).waitFor({ state: 'attached' })
    await ada.tick('Bread')
    await bob.item('Bread').getByRole('checkbox', { checked: true }).waitFor()
    const panel = await ada.open('People')
    await panel.getByRole('listitem').filter({ hasText: 'Bob' }).waitFor()
    await ada.open('What goes on')
    await ada.page.getByText('has all').waitFor()
    await ada.page.getByText('1 other device').waitFor()
    await ada.screenshot('connected')
    await bob.screenshot('joined')
  })

  test('who asks is let in, and removed again, and sees both happen', async () => {
    const ada = await (await come('Ada')).make(site, 'Club')
    await ada.add('To do', 'Chairs')
    const bob = await (await come('Bob')).accept(await ada.invite('ask'), { board: 'Club' })
    await bob.page.getByText('You wait to be let in').waitFor()
    await bob.item('Chairs').waitFor()
    expect(await bob.page.getByLabel('New item on To do').count()).toBe(0)
    await bob.screenshot('asking')

    const panel = await ada.open('People')
    await panel.getByText('asks to write on this board').waitFor()
    await ada.screenshot('asked')
    await panel.getByRole('button', { name: 'Let in Bob' }).click()
    await bob.page.getByLabel('New item on To do').waitFor()
    await bob.add('To do', 'Tables')
    await ada.item('Tables').waitFor()

    await panel.getByRole('button', { name: 'Remove Bob' }).click()
    const dialog = ada.page.getByRole('dialog', { name: 'Remove Bob?' })
    await ada.screenshot('remove')
    await dialog.getByRole('button', { name: 'Remove Bob' }).click()
    await bob.page.getByText('You were removed from this board').waitFor()
    expect(await bob.page.getByLabel('New item on To do').count()).toBe(0)
    await bob.item('Tables').waitFor()
  })

  test('an invitation that was taken back lets nobody in, who may ask then', async () => {
    const ada = await (await come('Ada')).make(site, 'Club')
    const link = await ada.invite('write')
    const panel = await ada.open('People')
    await panel.getByRole('button', { name: 'Take back' }).click()
    await panel.getByRole('button', { name: 'Take back' }).waitFor({ state: 'detached' })
    const bob = await (await come('Bob')).accept(link, { board: 'Club' })
    await bob.page.getByText('That invitation was taken back').waitFor()
    await bob.page.getByRole('button', { name: 'Ask to be let in' }).click()
    await panel.getByRole('button', { name: 'Let in Bob' }).click()
    await bob.page.getByLabel('New item on To do').waitFor()
  })

  test('who asked, and then gets a link to write, comes in by it', async () => {
    const ada = await (await come('Ada')).make(site, 'Club')
    const bob = await (await come('Bob')).accept(await ada.invite('ask'), { board: 'Club' })
    await bob.page.getByText('You wait to be let in').waitFor()
    const link = await ada.invite('write')
    await bob.page.goto(link)
    await bob.page.getByLabel('New item on To do').waitFor()
    expect(bob.page.url()).not.toContain('invite')
    await bob.add('To do', 'Chairs')
    await ada.item('Chairs').waitFor()
    expect(await (await ada.open('People')).getByText('asks to write').count()).toBe(0)
  })

  test('an encrypted board is for those who have its link, also after a reload', async () => {
    const ada = await come('Ada')
    await ada.page.goto(site.url)
    await ada.page.getByLabel(/^Encrypt it/).check()
    await ada.make(site, 'Secret', { isOpen: true })
    await ada.add('To do', 'Surprise party')
    const bob = await (await come('Bob')).accept(await ada.invite('write'), { board: 'Secret' })
    await bob.page.getByLabel('New item on To do').waitFor()
    await bob.item('Surprise party').waitFor()
    expect(bob.page.url()).not.toContain('encryption')
    await bob.page.reload()
    await bob.item('Surprise party').waitFor()
    await bob.add('To do', 'Cake')
    await ada.item('Cake').waitFor()
  })

  test('what somebody types is left alone when others change the same item', async () => {
    const ada = await (await come('Ada')).make(site, 'Our flat')
    await ada.add('To do', 'Milk')
    const bob = await (await come('Bob')).accept(await ada.invite('write'), { board: 'Our flat' })
    await bob.page.getByLabel('New item on To do').waitFor()
    await ada.item('Milk').locator('.what').click()
    const field = ada.page.getByLabel('Text of Milk')
    await field.fill('Milk, two litres')
    await bob.edit('Milk', 'Soy milk')
    await bob.add('To do', 'Bread')
    await ada.item('Bread').waitFor()
    expect(await field.inputValue()).toBe('Milk, two litres')
    await field.press('Enter')
    await bob
      .item('Milk, two litres')
      .getByRole('button', { name: /versions of/ })
      .click()
    await bob.page.locator('blockquote', { hasText: 'Soy milk' }).waitFor()
  })

  test('what somebody was typing is not lost when others move or remove the item', async () => {
    const ada = await (await come('Ada')).make(site, 'Our flat')
    await ada.add('To do', 'Milk')
    await ada.add('To do', 'Bread')
    await ada.page.getByRole('textbox', { name: 'New list' }).fill('Shop')
    await ada.page.keyboard.press('Enter')
    await ada.list('Shop').waitFor()
    const bob = await (await come('Bob')).accept(await ada.invite('write'), { board: 'Our flat' })
    await bob.list('Shop').waitFor()
    await bob.item('Milk').waitFor()

    await ada.item('Milk').locator('.what').click()
    await ada.page.getByLabel('Text of Milk').fill('Milk, two litres')
    await bob.item('Milk').getByRole('button', { name: 'More about Milk' }).click()
    await bob.item('Milk').getByLabel('Move to another list').selectOption({ label: 'Move to Shop' })
    await bob.list('Shop').locator('.item').filter({ hasText: 'Milk, two litres' }).waitFor()

    await ada.item('Bread').locator('.what').click()
    await ada.page.getByLabel('Text of Bread').fill('Bread, dark')
    await bob.item('Bread').getByRole('button', { name: 'More about Bread' }).click()
    await bob.item('Bread').getByRole('button', { name: 'Remove', exact: true }).click()
    await (await bob.open('Bin')).getByText('Bread, dark').first().waitFor()
  })

  test('a note that somebody was typing is not lost when others move or remove the item', async () => {
    const ada = await (await come('Ada')).make(site, 'Our flat')
    await ada.add('To do', 'Milk')
    await ada.add('To do', 'Bread')
    await ada.page.getByRole('textbox', { name: 'New list' }).fill('Shop')
    await ada.page.keyboard.press('Enter')
    await ada.list('Shop').waitFor()
    const bob = await (await come('Bob')).accept(await ada.invite('write'), { board: 'Our flat' })
    await bob.list('Shop').waitFor()
    await bob.item('Milk').waitFor()
    const more = (person: Person, text: string) =>
      person.item(text).getByRole('button', { name: `More about ${text}` })

    await more(ada, 'Milk').click()
    await ada.item('Milk').getByLabel('Note').fill('Two litres')
    await more(bob, 'Milk').click()
    await bob.item('Milk').getByLabel('Move to another list').selectOption({ label: 'Move to Shop' })
    await bob.list('Shop').getByTitle('Has a note').waitFor()
    await more(bob, 'Milk').click()
    expect(await bob.item('Milk').getByLabel('Note').inputValue()).toBe('Two litres')

    await more(ada, 'Bread').click()
    await ada.item('Bread').getByLabel('Note').fill('Dark')
    await more(bob, 'Bread').click()
    await bob.item('Bread').getByRole('button', { name: 'Remove', exact: true }).click()
    await ada.item('Bread').waitFor({ state: 'detached' })
    await (await ada.open('Bin')).getByRole('button', { name: 'Restore Bread' }).click()
    await ada.item('Bread').getByTitle('Has a note').waitFor()
  })

  test('a title that somebody else gave while one was typing another is kept beside it', async () => {
    const ada = await (await come('Ada')).make(site, 'Our flat')
    const bob = await (await come('Bob')).accept(await ada.invite('write'), { board: 'Our flat' })
    await bob.page.getByLabel('New item on To do').waitFor()
    const menu = (person: Person, title: string) =>
      person.page.getByRole('button', { name: `Change the list ${title}` })
    await menu(ada, 'To do').click()
    await ada.page.getByLabel('Title of the list').fill('Chores')
    await menu(bob, 'To do').click()
    await bob.page.getByLabel('Title of the list').fill('Errands')
    await bob.page.keyboard.press('Enter')
    await ada.list('Errands').waitFor()
    await ada.page.getByLabel('Title of the list').press('Enter')
    await ada.list('Chores').waitFor()
    await menu(ada, 'Chores').click()
    await ada.list('Chores').getByText('Errands').waitFor()
  })

  test('who is refused is told so', async () => {
    const ada = await (await come('Ada')).make(site, 'Club')
    const eve = await (await come('Eve')).accept(await ada.invite('ask'), { board: 'Club' })
    const panel = await ada.open('People')
    await panel.getByRole('button', { name: 'Refuse Eve' }).click()
    await eve.page.getByText('You were not let in').waitFor()
  })

  test('both apart edit the same things, and have the same when they are together again', async () => {
    const ada = await (await come('Ada')).make(site, 'Our flat')
    await ada.add('To do', 'Milk')
    await ada.add('To do', 'Eggs')
    const bob = await (await come('Bob')).accept(await ada.invite('write'), { board: 'Our flat' })
    await bob.page.getByLabel('New item on To do').waitFor()
    await bob.item('Milk').waitFor()

    await ada.cut(true)
    await bob.cut(true)
    await ada.edit('Milk', 'Oat milk')
    await bob.edit('Milk', 'Goat milk')
    await ada.tick('Eggs')
    await bob.add('To do', 'Flour')
    await ada.add('To do', 'Sugar')
    await ada.cut(false)
    await bob.cut(false)

    await ada.item('Flour').waitFor()
    await bob.item('Sugar').waitFor()
    await bob.item('Eggs').getByRole('checkbox', { checked: true }).waitFor()
    const board = await expectSame(ada, bob)
    expect(board['To do']).toHaveLength(4)

    // neither text is lost: the other one is offered
    const milk = ada.page.locator('.item').filter({ hasText: 'milk' })
    await milk.getByRole('button', { name: /versions of/ }).click()
    await milk.getByText('wrote at the same time').waitFor()
    await ada.screenshot('versions')
    const other = await milk.locator('blockquote').innerText()
    await milk.getByRole('button', { name: 'Take this one' }).click()
    await bob.item(other).waitFor()
    const settled = await expectSame(ada, bob)
    expect(settled['To do']?.filter(text => text.includes('milk'))).toEqual([other])
  })
})
