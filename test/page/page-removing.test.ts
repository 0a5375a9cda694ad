import type { Browser } from 'playwright'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { readRequests } from '../../demo/board/model.ts'
import type { Op } from '../../demo/board/ops.ts'
import { launchChromium } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import { Person } from './page-person.ts'
import { PageReader } from './page-reader.ts'
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

async function remove(by: Person, name: string): Promise<void> {
  const panel = await by.open('People')
  await panel.getByRole('button', { name: `Remove ${name}` }).click()
  await by.page
    .getByRole('dialog', { name: `Remove ${name}?` })
    .getByRole('button', { name: `Remove ${name}` })
    .click()
}

/** What the browser keeps of the one board that it knows. */
function kept({ page }: Person): Promise<unknown> {
  return page.evaluate(() => JSON.parse(localStorage.getItem('autobee-boards') ?? '[]')[0]?.joining)
}

test('with somebody who is removed go the invitations that he came by or made, and no others', async () => {
  const ada = await (await come('Ada')).make(site, 'Club')
  const bob = await (await come('Bob')).accept(await ada.invite('write'), { board: 'Club' })
  await bob.page.getByLabel('New item on To do').waitFor()
  await bob.invite('write')
  const panel = await ada.open('People')
  await panel.getByRole('button', { name: 'Take back' }).nth(1).waitFor()
  await ada.invite('write')
  await (await ada.open('People')).getByRole('button', { name: 'Take back' }).nth(2).waitFor()
  await remove(ada, 'Bob')
  await bob.page.getByText('You were removed from this board').waitFor()
  await panel.getByRole('button', { name: 'Take back' }).nth(1).waitFor({ state: 'detached' })
  expect(await panel.getByRole('button', { name: 'Take back' }).count()).toBe(1)
})

test('who was removed and opens another link to write is told that it is no good for him, and the browser keeps no seed', async () => {
  const ada = await (await come('Ada')).make(site, 'Club')
  const bob = await (await come('Bob')).accept(await ada.invite('write'), { board: 'Club' })
  await bob.page.getByLabel('New item on To do').waitFor()
  const link = await ada.invite('write')
  await remove(ada, 'Bob')
  await bob.page.getByText('You were removed from this board').waitFor()
  await bob.page.goto(link)
  await bob.page.getByText('No link lets you in again').waitFor()
  await until(async () => (await kept(bob)) === null)
  await bob.page.reload()
  await bob.page.getByText('You were removed from this board').waitFor()
  expect(await bob.page.getByText('No link lets you in again').count()).toBe(0)
})

test('a writer who is no indexer is not offered to remove one', async () => {
  const ada = await (await come('Ada')).make(site, 'Club')
  const node = await PageReader.follow(ada.page.url())
  try {
    const ask: Op = { op: 'ask', name: 'Node' }
    await node.db.append(ask, { optimistic: true })
    const panel = await ada.open('People')
    await panel.getByRole('button', { name: 'Let in Node' }).click()
    await until(() => node.db.writable)
    const bob = await (await come('Bob')).accept(await ada.invite('ask'), { board: 'Club' })
    await until(async () => (await readRequests(node.db.view)).length === 1)
    const [request] = await readRequests(node.db.view)
    const admit: Op = { op: 'admit', key: request?.key as string, indexer: false }
    await node.db.append(admit)
    await bob.page.getByLabel('New item on To do').waitFor()
    const people = await bob.open('People')
    await people.getByRole('listitem').filter({ hasText: 'Node' }).waitFor()
    await people.getByText('Only who is an indexer').waitFor()
    expect(await people.getByRole('button', { name: /^Remove/ }).count()).toBe(0)
    await (await ada.open('People')).getByRole('button', { name: 'Remove Bob' }).waitFor()
  } finally {
    await node.close()
  }
})
