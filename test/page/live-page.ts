/** Tabs of the built page in a browser that hides, freezes and kills them as those of users are, with a profile on disk. */
import puppeteer, { type Browser, type CDPSession, type Page } from 'puppeteer-core'
import { CHROMIUM_FLAGS, findChromium } from '../../.ci/chromium.mjs'
import { until } from '../support/peers.ts'
import { UNREACHED } from './page-person.ts'
import { installTypist, type Told, type Typist } from './typist.ts'

export class PageBrowser {
  readonly #browser: Browser
  readonly #tabs: PageTab[] = []
  /** Errors that nobody caught, and errors on the console, of all tabs. */
  readonly errors: string[] = []

  /** @param profile a folder; what another one left there is there again */
  static async launch(profile: string): Promise<PageBrowser> {
    const executablePath = findChromium()
    if (!executablePath) throw new Error('there is no Chromium here; `npm test` installs one')
    // a process for each tab, so that one dies alone
    const args = [...CHROMIUM_FLAGS, '--disable-features=ProcessPerSiteUpToMainFrameThreshold']
    // shorter than a hook may take, so that it says what hung
    const protocolTimeout = 30_000
    return new PageBrowser(
      await puppeteer.launch({ executablePath, args, userDataDir: profile, protocolTimeout })
    )
  }

  private constructor(browser: Browser) {
    this.#browser = browser
  }

  /** In front of all others. */
  async open(name: string, url: string): Promise<PageTab> {
    const page = await this.#browser.newPage()
    page.on('pageerror', error => this.errors.push(String((error as Error).stack ?? error)))
    page.on('console', message => {
      const text = `${message.text()} ${message.location().url}`
      if (message.type() === 'error' && !UNREACHED.test(text)) this.errors.push(text)
    })
    const tab = new PageTab(name, { browser: this, page, session: await page.createCDPSession() })
    this.#tabs.push(tab)
    await page.exposeFunction('tell', (told: Told) => tab.hear(told))
    await page.evaluateOnNewDocument(installTypist)
    await page.goto(url)
    return tab
  }

  close(): Promise<void> {
    return this.#browser.close()
  }

  /** What its tabs show, and who has which lock: for the message of a failure. */
  async describe(): Promise<string> {
    const look = async () => ({
      role: document.documentElement.dataset.role,
      shown: document.body.innerText.slice(0, 100),
      locks: await navigator.locks.query()
    })
    const silence = () => new Promise<string>(resolve => setTimeout(resolve, 2000, 'it does not answer'))
    const tabs = this.#tabs.map(async ({ name, page }) => {
      const state = await Promise.race([page.evaluate(look), silence()]).catch(String)
      return `${name}: ${JSON.stringify(state)}`
    })
    return (await Promise.all(tabs)).join('\n')
  }

  /** All of its processes at once: nobody has a chance to write anything. */
  async kill(): Promise<void> {
    const child = this.#browser.process()
    if (!child?.pid) throw new Error('that browser does not run')
    const gone = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
}

/** The items that one document of a tab has added, from when it was loaded. */
export interface Life {
  readonly prefix: string
  readonly submitted: string[]
  /** Did the document end, with what it had begun? */
  isOver: boolean
}

export class PageTab {
  readonly name: string
  readonly browser: PageBrowser
  readonly page: Page
  /** Every text that it ever showed, whoever added it. */
  readonly shown = new Set<string>()
  readonly returned: string[] = []
  /** How often it was frozen, and came out of the back-forward cache. */
  readonly times = { frozen: 0, restored: 0 }
  readonly lives: Life[] = []
  readonly #session: CDPSession

  constructor(
    name: string,
    { browser, page, session }: { browser: PageBrowser; page: Page; session: CDPSession }
  ) {
    this.name = name
    this.browser = browser
    this.page = page
    this.#session = session
  }

  hear(told: Told): void {
    if (told.kind === 'shown') this.shown.add(told.text)
    else if (told.kind === 'submitted') this.lives.at(-1)?.submitted.push(told.text)
    else if (told.kind === 'returned') this.returned.push(`${told.text}: ${told.messages}`)
    else this.times[told.kind]++
  }

  /** Items of the present document that it shows. */
  get own(): number {
    return this.lives.at(-1)?.submitted.filter(text => this.shown.has(text)).length ?? 0
  }

  async make(board: string): Promise<void> {
    await this.page.locator('input[name=name]').fill(board)
    await this.page.locator('button[type=submit].main').click()
    await this.opened()
  }

  /** The switch that cuts the network; it has to be the tab in front. */
  async cut(isCut: boolean): Promise<void> {
    await this.page.locator('.pill').click()
    const field = await this.page.locator(`[role=switch][aria-checked=${!isCut}]`).waitHandle()
    await field.click()
    await this.page.locator(`[role=switch][aria-checked=${isCut}]`).wait()
    await this.page.keyboard.press('Escape')
  }

  /** One can add items. */
  async opened(): Promise<void> {
    const since = Date.now()
    await until(async () => {
      if (await this.#ask(() => document.querySelector('.add input') !== null)) return true
      // before its hook ends without a word
      if (Date.now() - since < 40_000) return false
      throw new Error(`${this.name} does not open: ${await this.browser.describe()}`)
    })
  }

  role(): Promise<string | undefined> {
    return this.#ask(() => document.documentElement.dataset.role)
  }

  /** Items are added, by this document; the one before it, if it is another, has ended. */
  async type(): Promise<void> {
    await this.opened()
    const before = await this.#typist('prefix')
    if (before === '') {
      this.end()
      this.lives.push({ prefix: `${this.name}${this.lives.length}`, submitted: [], isOver: false })
    }
    const { prefix } = this.lives.at(-1) as Life
    await this.page.evaluate(prefix => {
      ;(globalThis as unknown as { typist: Typist }).typist.start(prefix)
    }, prefix)
  }

  /** No more; resolves when all that was added is shown. */
  async stop(): Promise<void> {
    await this.page.evaluate(() => (globalThis as unknown as { typist: Typist }).typist.stop())
    await until(async () => (await this.#typist('pending')).length === 0)
  }

  /** Its document is gone, or nobody hears of it any more. */
  end(): void {
    const life = this.lives.at(-1)
    if (life) life.isOver = true
  }

  /** All items of the board, from the top. */
  texts(): Promise<string[]> {
    return this.#ask(() => [...document.querySelectorAll('.item .text')].map(one => `${one.textContent}`))
  }

  /** What stands in fields, and what the page complains of. */
  leftovers(): Promise<string[]> {
    return this.#ask(() => [
      ...[...document.querySelectorAll<HTMLInputElement>('.add input')]
        .map(({ value }) => value)
        .filter(Boolean),
      ...[...document.querySelectorAll('.toast p, [data-code]')].map(one => `${one.textContent}`)
    ])
  }

  /** As the browser does to a tab in the background. */
  async freeze(): Promise<void> {
    const times = this.times.frozen
    await this.#session.send('Page.setWebLifecycleState', { state: 'frozen' })
    await until(() => this.times.frozen > times)
  }

  async thaw(): Promise<void> {
    await this.#session.send('Page.setWebLifecycleState', { state: 'active' })
  }

  /** Ends its process. */
  async kill(): Promise<void> {
    const gone = new Promise(resolve => this.page.once('error', resolve))
    // nobody is left to answer
    this.#session.send('Page.crash').catch(() => {})
    await gone
    this.end()
  }

  async close(): Promise<void> {
    await this.page.close()
    this.end()
  }

  #typist<K extends 'prefix' | 'pending'>(member: K): Promise<Typist[K]> {
    return this.#ask(
      member => (globalThis as unknown as { typist: Typist }).typist[member as K],
      member as string
    ) as Promise<Typist[K]>
  }

  /**
   * Looks at something in the page. Asked while tabs are made and killed on a busy machine, now and then the browser never answers:
   * asks again, and says so. Of a page that hangs, the case runs out of time.
   */
  async #ask<T>(look: (given: string) => T, given = ''): Promise<T> {
    for (;;) {
      const answer = this.page.evaluate(look, given) as Promise<T>
      let timer: NodeJS.Timeout | undefined
      const silence = new Promise<null>(resolve => {
        timer = setTimeout(resolve, 10_000, null)
      })
      const heard = await Promise.race([answer.then(value => ({ value })), silence])
      clearTimeout(timer)
      if (heard) return heard.value
      answer.catch(() => {})
      console.warn(`tab ${this.name} did not answer for 10 s: ${look}`)
    }
  }
}
