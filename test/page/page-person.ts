/** Somebody who uses the page, with a browser, a storage and a network of their own. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright'

const SCREENS = join(import.meta.dirname, '.screens')
/** What a browser says by itself when a relay or the page's server is not there. */
export const UNREACHED =
  /WebSocket connection to '.*' failed|net::ERR_(CONNECTION_REFUSED|INTERNET_DISCONNECTED|FAILED)/

export class Person {
  readonly context: BrowserContext
  readonly page: Page
  readonly name: string
  /** Errors that nobody caught, and errors on the console. */
  readonly errors: string[] = []

  private constructor(context: BrowserContext, { page, name }: { page: Page; name: string }) {
    this.context = context
    this.page = page
    this.name = name
    page.on('pageerror', error => this.errors.push(String(error.stack ?? error)))
    page.on('console', message => {
      const text = `${message.text()} ${message.location().url}`
      if (message.type() === 'error' && !UNREACHED.test(text)) this.errors.push(text)
    })
    page.setDefaultTimeout(20_000)
  }

  static async come(
    browser: Browser,
    { name, ...options }: { name: string } & BrowserContextOptions
  ): Promise<Person> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
    return new Person(context, { page: await context.newPage(), name })
  }

  /** Another tab of the same browser, at the same address. */
  async tab(): Promise<Person> {
    const person = new Person(this.context, { page: await this.context.newPage(), name: this.name })
    await person.page.goto(this.page.url())
    await person.list('To do').waitFor()
    return person
  }

  /** A new board, until its first list is there. */
  async make(site: { readonly url: string }, board: string, { isOpen = false } = {}): Promise<this> {
    const { page } = this
    if (!isOpen) await page.goto(site.url)
    await page.getByLabel('Name of the board').fill(board)
    await page.getByLabel('Your name').fill(this.name)
    await page.getByRole('button', { name: 'Make the board' }).click()
    await this.list('To do').waitFor()
    return this
  }

  /** Opens an invitation, until the board's name is there. */
  async accept(link: string, { board }: { board: string }): Promise<this> {
    const { page } = this
    await page.goto(link)
    await page.getByLabel('Your name').fill(this.name)
    await page.getByRole('button', { name: /Join the board|Open it and ask/ }).click()
    await page.getByRole('heading', { level: 1, name: board }).waitFor()
    return this
  }

  async open(panel: 'People' | 'What goes on' | 'History' | 'Bin' | 'Settings'): Promise<Locator> {
    const region = this.page.getByRole('complementary', { name: panel, exact: true })
    if (!(await region.isVisible())) {
      if (panel === 'What goes on') await this.page.locator('.pill').click()
      else await this.page.getByRole('button', { name: new RegExp(`^${panel}`) }).click()
    }
    await region.waitFor()
    return region
  }

  /** A link to the board. */
  async invite(may: 'write' | 'ask'): Promise<string> {
    const panel = await this.open('People')
    await panel.getByLabel(may === 'write' ? 'may write at once' : 'may read, and ask').check()
    await panel.getByRole('button', { name: 'Make a link' }).click()
    const field = panel.getByLabel(may === 'write' ? 'Link to write' : 'Link to read and ask')
    await field.waitFor()
    const link = await field.inputValue()
    await this.page.keyboard.press('Escape')
    return link
  }

  list(title: string): Locator {
    return this.page.getByRole('region', { name: title, exact: true })
  }

  /** The line of an item, by its text. */
  item(text: string): Locator {
    return this.page
      .locator('.item')
      .filter({ has: this.page.locator('.text').getByText(text, { exact: true }) })
  }

  async add(list: string, text: string): Promise<void> {
    await this.page.getByLabel(`New item on ${list}`).fill(text)
    await this.page.keyboard.press('Enter')
    await this.item(text).waitFor()
  }

  async edit(text: string, to: string): Promise<void> {
    await this.item(text).locator('.what').click()
    const field = this.page.getByLabel(`Text of ${text}`)
    await field.fill(to)
    await field.press('Enter')
    await this.item(to).waitFor()
  }

  async tick(text: string): Promise<void> {
    await this.item(text).getByRole('checkbox').check()
  }

  async cut(isCut: boolean): Promise<void> {
    const panel = await this.open('What goes on')
    await panel.getByLabel('Cut the network').setChecked(isCut)
    await this.page.keyboard.press('Escape')
    if (isCut) await this.page.locator('.pill', { hasText: 'Cut off' }).waitFor()
  }

  /** What the board shows: of each list, its title and its items, with `✓` for what is done. */
  async shown(): Promise<Record<string, string[]>> {
    return this.page.evaluate(() => {
      const lists = [...document.querySelectorAll('.list')].map(list => {
        const items = [...list.querySelectorAll('.item')].map(item => {
          const isDone = item.querySelector<HTMLInputElement>('.tick input')?.checked
          const versions = item.querySelector('.badge.honey')?.textContent?.trim() ?? ''
          return `${isDone ? '✓ ' : ''}${item.querySelector('.text')?.textContent}${versions ? ` (${versions})` : ''}`
        })
        return [list.querySelector('h2')?.textContent ?? '', items] as const
      })
      return Object.fromEntries(lists)
    })
  }

  /** The merged order that *History* shows, the earliest first: each entry and what it says. */
  async order(): Promise<string[]> {
    await this.open('History')
    const scroller = this.page.locator('.order-scroll')
    const found = new Map<number, string>()
    for (;;) {
      const { length, rows } = await scroller.evaluate(element => {
        const all = [...element.querySelectorAll<HTMLElement>('.order-row')]
        const rows = all
          .filter(row => row.dataset.id)
          .map(({ dataset: { position, id }, innerText }) => {
            // what moved just now is marked, for a while
            const words = innerText.replace(/\s+/g, ' ').replace(' moved ', ' ')
            return [Number(position), `${id} ${words}`] as const
          })
        return { length: Number(all[0]?.getAttribute('aria-setsize') ?? 0), rows }
      })
      for (const [position, row] of rows) found.set(position, row)
      const order = Array.from({ length }, (_, position) => found.get(position))
      const missing = order.indexOf(undefined)
      if (length > 0 && missing === -1) return order as string[]
      await scroller.evaluate(
        (element, share) => {
          element.scrollTop = element.scrollHeight * share
        },
        missing / length || 0
      )
    }
  }

  /** Presses Tab until something of that name has the focus. */
  async tabTo(name: string | RegExp): Promise<void> {
    for (let i = 0; i < 80; i++) {
      await this.page.keyboard.press('Tab')
      const label = await this.page.evaluate(() => {
        const element = document.activeElement as HTMLInputElement | null
        return (
          element?.getAttribute('aria-label') ?? element?.labels?.[0]?.innerText ?? element?.innerText ?? ''
        )
      })
      if (typeof name === 'string' ? label.trim() === name : name.test(label)) return
    }
    throw new Error(`${name} cannot be reached with the keyboard`)
  }

  /** Kept as an artifact of the run: test/page/.screens. */
  async screenshot(name: string): Promise<void> {
    mkdirSync(SCREENS, { recursive: true })
    await this.page.screenshot({ path: join(SCREENS, `${name}.png`) })
  }

  async leave(): Promise<void> {
    await this.context.close()
  }
}
