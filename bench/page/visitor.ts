/** A browser with a profile on disk that visits the demo's page. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright'
import { CHROMIUM_FLAGS, findChromium } from '../../.ci/chromium.mjs'
import type { Scope } from '../scope.ts'

/** What is put into the page before its own scripts run. */
interface Watched {
  /** ms from the beginning of the navigation until an item was on the screen. */
  firstItem: Promise<number>
}

/** Where the page is, which board, and who has it. */
export interface Address {
  readonly page: string
  /** Key of the board, z-base-32. */
  readonly id: string
  readonly relay: string
}

const PATIENCE = 60_000
const SIZE = { width: 1280, height: 800 }

export class Visitor {
  /** Of the board, on the page. */
  readonly url: string
  readonly #folder: string
  readonly #known: object

  private constructor(folder: string, { page, id, relay }: Address) {
    this.url = `${page}#key=${id}`
    this.#folder = folder
    this.#known = {
      store: 'autobee-bench',
      key: id,
      encryptionKey: null,
      name: 'Ten thousand',
      relays: [relay],
      opened: Date.now(),
      me: '',
      making: null,
      joining: null
    }
  }

  static async create(scope: Scope, address: Address): Promise<Visitor> {
    const folder = await mkdtemp(join(tmpdir(), 'autobee-bench-page-'))
    scope.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
    return new Visitor(folder, address)
  }

  /** Starts the browser with its profile. Its page is nowhere yet. */
  async visit<T>(run: (page: Page, context: BrowserContext) => Promise<T>): Promise<T> {
    const options = { executablePath: chromiumPath(), args: CHROMIUM_FLAGS, viewport: SIZE }
    const context = await chromium.launchPersistentContext(this.#folder, options)
    try {
      return await this.#in(context, run)
    } finally {
      await context.close()
    }
  }

  /** As somebody whose browser has never been there, and has no service worker that loads things beside the page. */
  async visitAnew<T>(run: (page: Page, context: BrowserContext) => Promise<T>): Promise<T> {
    const browser = await chromium.launch({ executablePath: chromiumPath(), args: CHROMIUM_FLAGS })
    try {
      return await this.#in(await browser.newContext({ viewport: SIZE, serviceWorkers: 'block' }), run)
    } finally {
      await browser.close()
    }
  }

  async #in<T>(
    context: BrowserContext,
    run: (page: Page, context: BrowserContext) => Promise<T>
  ): Promise<T> {
    await context.addInitScript(watch)
    // as if somebody had followed a link to the board before
    await context.addInitScript(known => {
      if (!localStorage.getItem('autobee-boards'))
        localStorage.setItem('autobee-boards', JSON.stringify([known]))
    }, this.#known)
    const page = context.pages()[0] ?? (await context.newPage())
    page.setDefaultTimeout(PATIENCE)
    return run(page, context)
  }
}

function chromiumPath(): string {
  const path = findChromium()
  if (path) return path
  throw new Error('There is no Chromium here; npm test installs one.')
}

/** ms until the first item was on the screen. */
export function firstItem(page: Page): Promise<number> {
  return page.evaluate(() => (globalThis as unknown as Watched).firstItem)
}

function watch(): void {
  const firstItem = new Promise<number>(resolve => {
    const look = () => {
      const item = document.querySelector('.item')
      if (!item || item.getBoundingClientRect().height === 0) return void requestAnimationFrame(look)
      // the frame that shows it is over when the next task runs
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now())))
    }
    requestAnimationFrame(look)
  })
  Object.assign(globalThis, { firstItem })
}
