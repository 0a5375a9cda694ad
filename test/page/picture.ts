/** The picture of the page in the README: what people see who have used it for a while. `npm run picture` makes it anew. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { launchChromium } from '../support/chromium.ts'
import { Person } from './page-person.ts'
import { PageSite } from './page-site.ts'

const SIZE = { viewport: { width: 1360, height: 800 }, deviceScaleFactor: 1.5 }

export async function takePicture(path: string): Promise<void> {
  const site = await PageSite.start()
  const browser = await launchChromium()
  try {
    const ada = await (await Person.come(browser, { name: 'Ada', ...SIZE })).make(site, 'Our flat')
    await ada.page.getByRole('textbox', { name: 'New list' }).fill('Weekend')
    await ada.page.getByRole('button', { name: 'Add list' }).click()
    for (const text of ['Milk', 'Bread', 'Light bulbs', 'Call the landlord']) await ada.add('To do', text)
    const bob = await Person.come(browser, { name: 'Bob' })
    await bob.accept(await ada.invite('write'), { board: 'Our flat' })
    await bob.add('Weekend', 'Tickets for the train')
    await bob.add('Weekend', 'Pack the tent')
    await ada.item('Pack the tent').waitFor()
    await ada.tick('Bread')

    await bob.cut(true)
    await bob.edit('Milk', 'Oat milk')
    await bob.add('Weekend', 'Sleeping bags')
    await bob.tick('Tickets for the train')
    await ada.add('Weekend', 'Ask Cleo about the map')
    await ada.edit('Milk', 'Two litres of milk')
    await ada.open('History')
    await bob.cut(false)
    await ada.item('Sleeping bags').waitFor()
    await bob.item('Ask Cleo about the map').waitFor()
    await bob.add('To do', 'Batteries')
    await ada.item('Batteries').waitFor()
    await ada.page.locator('.pill', { hasText: '✓' }).waitFor()
    mkdirSync(dirname(path), { recursive: true })
    await ada.page.screenshot({ path })
  } finally {
    await browser.close()
    await site.close()
  }
}
