import type { Browser, BrowserContext, Page } from 'playwright'
import { expect } from 'vitest'
import { newPage, page, type Site, serveSite } from '../support/chromium.ts'
import { bundleClient, dist } from './bundle.ts'
import type { Kit } from './webrtc-client.ts'

/** Pages that have the kit of `webrtc-client.ts`. */
export async function kitSite(): Promise<Site> {
  return serveSite({
    folders: { '/lib/': dist },
    files: { '/': page('/client.js'), '/client.js': await bundleClient('./webrtc-client.ts') }
  })
}

/** A page with the kit, in a browsing context of its own. */
export class KitPage {
  readonly page: Page
  readonly #errors: readonly string[]

  static async open(browser: Browser, url: string): Promise<KitPage> {
    return KitPage.#openIn(await browser.newContext(), url)
  }

  static async #openIn(context: BrowserContext, url: string): Promise<KitPage> {
    const { page, errors } = await newPage(context)
    await page.goto(url)
    await page.waitForFunction(() => 'kit' in globalThis)
    return new KitPage(page, errors)
  }

  private constructor(page: Page, errors: readonly string[]) {
    this.page = page
    this.#errors = errors
  }

  /** Runs in the page, where the kit is `kit`. */
  run<T>(body: () => T): Promise<Awaited<T>>
  run<T, A>(body: (argument: A) => T, argument: A): Promise<Awaited<T>>
  run<T>(body: (argument: never) => T, argument?: unknown): Promise<Awaited<T>> {
    return this.page.evaluate(body as never, argument) as Promise<Awaited<T>>
  }

  async reload(): Promise<void> {
    await this.page.reload()
    await this.page.waitForFunction(() => 'kit' in globalThis)
  }

  /** Ends its process without a word; gives a new page with the same storage. */
  async crash(): Promise<KitPage> {
    const context = this.page.context()
    const url = this.page.url()
    const session = await context.newCDPSession(this.page)
    const crashed = this.page.waitForEvent('crash')
    // nobody is left to answer
    session.send('Page.crash').catch(() => {})
    await crashed
    await this.page.close()
    return KitPage.#openIn(context, url)
  }

  /** Closes it; no error went uncaught, and no peer connection is open. */
  async close(): Promise<void> {
    expect(await this.run(() => kit.open())).toBe(0)
    // of a relay that is not there the browser tells by itself
    expect(this.#errors.filter(error => !error.startsWith('WebSocket connection to '))).toEqual([])
    await this.page.context().close()
  }
}

declare global {
  /** In the page. */
  const kit: Kit
}
