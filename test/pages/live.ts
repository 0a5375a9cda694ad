import puppeteer, { type Browser, type CDPSession, type Page } from 'puppeteer-core'
import { expect } from 'vitest'
import { CHROMIUM_FLAGS, findChromium } from '../../.ci/chromium.mjs'
import { until } from '../support/peers.ts'
import type { Commands } from './client.ts'
import { hostFlags } from './profile.ts'
import { callIn } from './tab.ts'

/**
 * A headless Chromium whose tabs are hidden, frozen and kept in the back-forward cache as those of users are. (Playwright
 * holds all tabs visible, switches the cache off, and loses a page that comes out of it.)
 */
export class LiveBrowser {
  readonly #browser: Browser
  readonly #errors: string[] = []

  static async launch(): Promise<LiveBrowser> {
    const executablePath = findChromium()
    if (!executablePath) throw new Error('there is no Chromium here; `npm test` installs one')
    return new LiveBrowser(
      await puppeteer.launch({ executablePath, args: [...CHROMIUM_FLAGS, ...hostFlags()] })
    )
  }

  private constructor(browser: Browser) {
    this.#browser = browser
  }

  /** A tab with the client in it, in front of all others. */
  async open(url: string): Promise<LiveTab> {
    const page = await this.#browser.newPage()
    page.on('pageerror', error => this.#errors.push(String(error)))
    page.on('console', message => {
      if (message.type() === 'error') this.#errors.push(message.text())
    })
    await page.goto(url)
    const tab = new LiveTab(page, await page.createCDPSession())
    await tab.loaded()
    return tab
  }

  /** No tab had an error that nobody caught, but for those that are expected: of servers that could not be reached, say. */
  expectCalm({ but }: { but?: RegExp } = {}): void {
    expect(this.#errors.filter(error => !but?.test(error))).toEqual([])
  }

  close(): Promise<void> {
    return this.#browser.close()
  }
}

export class LiveTab {
  readonly page: Page
  readonly #session: CDPSession

  constructor(page: Page, session: CDPSession) {
    this.page = page
    this.#session = session
  }

  call<Name extends keyof Commands>(
    name: Name,
    ...[argument]: Parameters<Commands[Name]>
  ): Promise<Awaited<ReturnType<Commands[Name]>>> {
    return callIn(this.page, name, argument as Parameters<Commands[Name]>[0])
  }

  /** One unit of these ids; gives the length of the oplog after it. */
  append(...ids: readonly string[]): Promise<number> {
    return this.call(
      'append',
      ids.map(id => ({ id }))
    )
  }

  async reload(): Promise<void> {
    await this.page.reload()
    await this.loaded()
  }

  /** Without Puppeteer's own way, which looks when a frame is drawn: never, in a tab that is hidden. */
  loaded(): Promise<void> {
    return until(() => this.page.evaluate(() => 'client' in globalThis))
  }

  /** As the browser does to a tab in the background: it is told, and does nothing more. Begins some time after it resolves. */
  async freeze(): Promise<void> {
    await this.#session.send('Page.setWebLifecycleState', { state: 'frozen' })
  }

  async thaw(): Promise<void> {
    await this.#session.send('Page.setWebLifecycleState', { state: 'active' })
  }

  /** Stops it just before it commits what it appends next; nothing runs in it then, without that it was told. */
  async hang(): Promise<void> {
    await this.#session.send('Debugger.enable')
    const paused = new Promise(resolve => this.#session.once('Debugger.paused', resolve))
    await this.call('stopInCommit')
    await paused
  }

  async goOn(): Promise<void> {
    await this.#session.send('Debugger.resume')
  }

  async crash(): Promise<void> {
    const crashed = new Promise(resolve => this.page.once('error', resolve))
    // nobody is left to answer
    this.#session.send('Page.crash').catch(() => {})
    await crashed
  }
}
