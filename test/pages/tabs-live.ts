import puppeteer, { type Browser, type CDPSession, type Page } from 'puppeteer-core'
import { CHROMIUM_FLAGS, findChromium } from '../../.ci/chromium.mjs'
import { page, type Site, STRICT_POLICY, serveSite } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import { bundleClient, dist } from './bundle.ts'
import type { Appended, TabCommands } from './tabs-client.ts'

export async function tabsSite(): Promise<Site> {
  return serveSite({
    folders: { '/lib/': dist },
    files: { '/': page('/client.js'), '/client.js': await bundleClient('./tabs-client.ts') },
    policy: STRICT_POLICY
  })
}

/** A headless Chromium whose tabs each have a process of their own, and are frozen as those of users are. */
export class LiveTabs {
  readonly #browser: Browser
  readonly #url: string
  /** Errors that nobody caught, of all tabs. */
  readonly errors: string[] = []

  static async launch(url: string): Promise<LiveTabs> {
    const executablePath = findChromium()
    if (!executablePath) throw new Error('there is no Chromium here; `npm test` installs one')
    const args = [...CHROMIUM_FLAGS, '--disable-features=ProcessPerSiteUpToMainFrameThreshold']
    return new LiveTabs(await puppeteer.launch({ executablePath, args }), url)
  }

  private constructor(browser: Browser, url: string) {
    this.#browser = browser
    this.#url = url
  }

  async open(prefix: string): Promise<LiveTab> {
    const page = await this.#browser.newPage()
    page.on('pageerror', error => this.errors.push(String(error)))
    const tab = new LiveTab(prefix, page, await page.createCDPSession())
    await page.exposeFunction('tell', (appended: Appended) => void tab.told.push(appended))
    await page.goto(this.#url)
    await until(() => page.evaluate(() => 'client' in globalThis))
    return tab
  }

  close(): Promise<void> {
    return this.#browser.close()
  }
}

export class LiveTab {
  readonly prefix: string
  readonly page: Page
  /** What it said that it had appended. */
  readonly told: Appended[] = []
  readonly #session: CDPSession

  constructor(prefix: string, page: Page, session: CDPSession) {
    this.prefix = prefix
    this.page = page
    this.#session = session
  }

  async call<Name extends keyof TabCommands>(
    name: Name,
    ...[argument]: Parameters<TabCommands[Name]>
  ): Promise<Awaited<ReturnType<TabCommands[Name]>>> {
    const value = await this.page.evaluate(
      ([name, argument]) => {
        const { client } = globalThis as unknown as { client: Record<string, (argument: unknown) => unknown> }
        return client[name as string]?.(argument)
      },
      [name, argument] as readonly unknown[]
    )
    return value as Awaited<ReturnType<TabCommands[Name]>>
  }

  /** As the browser does to a tab in the background. Begins some time after it resolves. */
  async freeze(): Promise<void> {
    await this.#session.send('Page.setWebLifecycleState', { state: 'frozen' })
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
  }
}
