import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { Person } from './page-person.ts'
import { PageSite } from './page-site.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let site: PageSite
let browser: Browser

beforeAll(async () => {
  site = await PageSite.start()
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
})

/** What axe finds serious, as rule and element. */
async function findings({ page }: Person): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.addScriptTag({ content: AXE })
  const { violations } = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } }
    return axe.run()
  })
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`))
}

const LOOKS = [
  { look: 'light', colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { look: 'dark', colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  { look: 'phone-dark', colorScheme: 'dark', viewport: { width: 390, height: 844 } }
] as const

describe.each(LOOKS)('On every screen, axe finds nothing serious: $look', ({ look, ...options }) => {
  test('start, board, panels, dialogs, asking', async () => {
    // axe itself is not the page's; and colours on their way to others are not what is meant
    const open = { ...options, bypassCSP: true, reducedMotion: 'reduce' } as const
    const ada = await Person.come(browser, { name: 'Ada Lovelace', ...open })
    const found: Record<string, string[]> = {}
    const look1 = async (person: Person, screen: string) => {
      found[screen] = await findings(person)
      await person.screenshot(`${look}-${screen}`)
    }
    await ada.page.goto(site.url)
    await ada.page.getByLabel('Name of the board').waitFor()
    await look1(ada, 'start')
    await ada.make(site, 'Our flat')
    for (const text of ['Water the plants', 'Call the landlord about the heating', 'Milk', 'Eggs'])
      await ada.add('To do', text)
    await ada.tick('Eggs')
    const { page } = ada
    if (look !== 'phone-dark') {
      await page.getByRole('textbox', { name: 'New list' }).fill('Shopping')
      await page.getByRole('button', { name: 'Add list' }).click()
      await ada.list('Shopping').waitFor()
    }
    await page.getByRole('button', { name: 'More about Milk' }).click()
    await page.getByLabel('Note').waitFor()
    await look1(ada, 'board')
    await page.getByRole('button', { name: 'Change the list To do' }).click()
    await page.getByRole('button', { name: 'Remove', exact: true }).click()
    await page.getByRole('button', { name: 'Undo' }).waitFor()
    await look1(ada, 'removed')
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByRole('button', { name: 'Change the list To do' }).click()
    const link = await ada.invite('write')
    const ask = await ada.invite('ask')

    const bob = await Person.come(browser, { name: 'Bob', ...open })
    await bob.page.goto(ask)
    await bob.page.getByLabel('Your name').waitFor()
    await look1(bob, 'join')
    await bob.accept(ask, { board: 'Our flat' })
    await bob.page.getByText('You wait to be let in').waitFor()
    await bob.item('Milk').waitFor()
    await look1(bob, 'asking')

    const panel = await ada.open('People')
    await panel.getByRole('button', { name: 'Let in Bob' }).waitFor()
    await look1(ada, 'asked')
    await panel.getByRole('button', { name: 'Let in Bob' }).click()
    await bob.page.getByLabel('New item on To do').waitFor()
    await bob.edit('Milk', 'Oat milk')
    await ada.item('Oat milk').waitFor()
    await panel.getByRole('button', { name: 'Make a link' }).click()
    await panel.getByLabel('The link as a QR code').waitFor()
    await look1(ada, 'invited')
    await panel.getByRole('button', { name: 'Remove Bob' }).click()
    await look1(ada, 'dialog')
    await ada.page.getByRole('button', { name: 'Cancel' }).click()
    await ada.page.keyboard.press('Escape')
    for (const name of ['What goes on', 'History', 'Bin', 'Settings'] as const) {
      const region = await ada.open(name)
      if (name === 'What goes on') await region.getByText('has all').waitFor()
      if (name === 'History') await region.getByText('Bob').first().waitFor()
      await look1(ada, name.toLowerCase().replaceAll(' ', '-'))
      await ada.page.keyboard.press('Escape')
    }
    await ada.page.goto(`${site.url}#key=nonsense`)
    await ada.page.getByText('That is no invitation').waitFor()
    await look1(ada, 'trouble')
    expect(link).toContain('invite=')
    expect(Object.entries(found).filter(([, list]) => list.length > 0)).toEqual([])
    expect([...ada.errors, ...bob.errors]).toEqual([])
    await ada.leave()
    await bob.leave()
  })
})
