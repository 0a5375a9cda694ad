import type { BrowserContext, Page } from 'playwright'
import { expect } from 'vitest'
import { newPage, page, type Site, STRICT_POLICY, serveSite } from '../support/chromium.ts'
import { bundleClient, dist } from './bundle.ts'
import type { Client, Commands, Contents, Opened, OpenOptions, Outcome, Told } from './client.ts'

/** Pages may talk to servers on this machine. */
const LOCAL = 'ws://127.0.0.1:*'
const POLICY = STRICT_POLICY.replace("connect-src 'self'", `connect-src 'self' ${LOCAL}`)

export interface ClientSiteOptions {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** WebSocket servers elsewhere that its pages may talk to, such as `ws://autobee.test:*`. */
  readonly servers?: readonly string[]
}

/** A site whose pages run the client on the built bundle; `/elsewhere` is an empty page. */
export async function clientSite({ host, servers = [] }: ClientSiteOptions = {}): Promise<Site> {
  return serveSite({
    folders: { '/lib/': dist },
    files: {
      '/': page('/client.js'),
      '/client.js': await bundleClient('./client.ts'),
      '/elsewhere': page('')
    },
    policy: POLICY.replace(LOCAL, [LOCAL, ...servers].join(' ')),
    ...(host && { host })
  })
}

/** A tab with the client in it. Errors that nobody caught in it fail `expectCalm`. */
export class Tab {
  readonly page: Page
  readonly #errors: readonly string[]
  readonly #url: string
  readonly #expected: RegExp | null

  /**
   * `onTold` hears what the page tells; the page waits for that. `expected` are errors that are none: a browser itself says on
   * the console that a server could not be reached.
   */
  static async open(
    context: BrowserContext,
    url: string,
    { onTold, expected = null }: { onTold?: (what: Told) => void; expected?: RegExp | null } = {}
  ): Promise<Tab> {
    const { page, errors } = await newPage(context)
    if (onTold) await page.exposeFunction('tell', onTold)
    const tab = new Tab(page, { errors, url, expected })
    await tab.goto()
    return tab
  }

  private constructor(
    page: Page,
    { errors, url, expected }: { errors: readonly string[]; url: string; expected: RegExp | null }
  ) {
    this.page = page
    this.#errors = errors
    this.#url = url
    this.#expected = expected
  }

  async goto(): Promise<void> {
    await this.page.goto(this.#url)
    await this.loaded()
  }

  async reload(): Promise<void> {
    await this.page.reload()
    await this.loaded()
  }

  async loaded(): Promise<void> {
    await this.page.waitForFunction(() => 'client' in globalThis)
  }

  /** Rejects with the code and the reason that the page saw. */
  call<Name extends keyof Commands>(
    name: Name,
    ...[argument]: Parameters<Commands[Name]>
  ): Promise<Awaited<ReturnType<Commands[Name]>>> {
    return callIn(this.page, name, argument as Parameters<Commands[Name]>[0])
  }

  open(options: OpenOptions): Promise<Opened> {
    return this.call('open', options)
  }

  /** One unit of these ids; gives the length of the oplog after it. */
  append(...ids: readonly string[]): Promise<number> {
    return this.call(
      'append',
      ids.map(id => ({ id }))
    )
  }

  read(): Promise<Contents> {
    return this.call('read')
  }

  /** Waits; rejects when the page has an error that nobody caught. */
  async whileCalm(condition: Promise<void>): Promise<void> {
    this.expectCalm()
    let fail = (_error: Error) => {}
    const failed = new Promise<never>((_, reject) => {
      fail = reject
    })
    this.page.on('pageerror', fail)
    await Promise.race([condition, failed]).finally(() => this.page.off('pageerror', fail))
  }

  expectCalm(): void {
    expect(this.#errors.filter(error => !this.#expected?.test(error))).toEqual([])
  }

  async close(): Promise<void> {
    await this.page.close()
    this.expectCalm()
  }
}

/** A page of Playwright's or of Puppeteer's. */
interface Evaluates {
  evaluate(
    run: (call: readonly [keyof Commands, unknown]) => unknown,
    call: readonly [keyof Commands, unknown]
  ): Promise<unknown>
}

/** Calls the client in a page; rejects with the code and the reason that the page saw. */
export async function callIn<Name extends keyof Commands>(
  page: Evaluates,
  name: Name,
  argument?: Parameters<Commands[Name]>[0]
): Promise<Awaited<ReturnType<Commands[Name]>>> {
  const outcome = (await page.evaluate(
    ([name, argument]) => (globalThis as unknown as { client: Client }).client.call(name, argument),
    [name, argument]
  )) as Outcome<Awaited<ReturnType<Commands[Name]>>>
  if (!('failure' in outcome)) return outcome.value
  const { message, ...codes } = outcome.failure
  throw Object.assign(new Error(message), codes)
}

/** Ends the process of a tab. */
export async function crash({ page }: Tab): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const crashed = page.waitForEvent('crash')
  // nobody is left to answer
  session.send('Page.crash').catch(() => {})
  await crashed
}
