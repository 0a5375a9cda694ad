import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { page, type Site, STRICT_POLICY, serveSite } from '../support/chromium.ts'
import { type Namespace, openNamespace, whyNoNamespace } from '../support/namespace.ts'
import { until } from '../support/peers.ts'
import { viewOf } from './apply.ts'
import { type Signals, signalServer } from './hyperswarm-web/signals.ts'

/** Where `hyperswarm-web` looks first, whatever it was told. */
const PROBE = 'ws://localhost:4977/'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const reason = await whyNoNamespace()

describe.skipIf(reason !== null)(`hyperswarm-web in pages${reason ? ` (not here: ${reason})` : ''}`, () => {
  let namespace: Namespace
  let browser: Browser
  let signals: Signals
  let site: Site

  beforeAll(async () => {
    namespace = await openNamespace()
    const { executablePath, args, host } = namespace
    browser = await chromium.launch({ executablePath, args: [...args] })
    signals = await signalServer(host)
    site = await serveSite({
      host,
      files: { '/': page('/app.js'), '/app.js': await bundle() },
      policy: STRICT_POLICY.replace("connect-src 'self'", `connect-src 'self' ${signals.url} ${PROBE}`)
    })
  })

  afterAll(async () => {
    await browser?.close()
    await site?.close()
    await signals?.close()
    await namespace?.close()
  })

  let apps: readonly App[]
  let key: string

  beforeEach(async () => {
    const [ada, bob] = [await App.open(browser, site.url), await App.open(browser, site.url)]
    apps = [ada, bob]
    const opened = await ada.call('open', { name: 'ada' })
    key = opened.key
    const { local } = await bob.call('open', { name: 'bob', key })
    await ada.call('append', [{ id: 'bob may write', addWriter: local }])
    for (const app of apps) await app.call('join', signals.url)
    for (const app of apps) await app.call('connected')
    await until(() => bob.call('writable'))
  })

  afterEach(async () => {
    for (const app of apps) {
      // nobody was asked but those that the app named, and the one that hyperswarm-web always asks
      expect(app.sockets.filter(url => url !== PROBE && !url.startsWith(signals.url))).toEqual([])
      await app.call('close')
      app.expectCalm()
      await app.close()
    }
  })

  test('two pages meet, and converge on what both write, also values longer than a write may be, and after a reload', async () => {
    const [ada, bob] = apps as [App, App]
    const sides = (await Promise.all(apps.map(app => app.call('peers')))).flat()
    expect(new Set(sides.map(({ isInitiator }) => isInitiator))).toEqual(new Set([true, false]))
    for (const { address } of sides) expect(address).toMatch(/^[0-9a-f]{64}$/)

    const fill = 'long '.repeat(60_000)
    await Promise.all([ada.call('append', [{ id: 'ada', fill }]), bob.call('append', [{ id: 'bob', fill }])])
    await converged(apps, 3)
    for (const app of apps) expect(await app.call('longest')).toBe(1 << 16)

    await bob.page.reload()
    await bob.loaded()
    await bob.call('open', { name: 'bob', key })
    await bob.call('append', [{ id: 'bob alone' }])
    await ada.call('append', [{ id: 'ada alone' }])
    await bob.call('join', signals.url)
    await converged(apps, 5)
  })

  test('close() of the handle leaves: the connections end, and whoever joins anew is met again', async () => {
    const [ada, bob] = apps as [App, App]
    // it leaves what it is given with setTimeout(undefined), which a strict policy takes for a script
    bob.expect(/^Evaluating a string as JavaScript violates/)
    await bob.call('leave')
    await until(async () => (await ada.call('peers')).length === 0)
    expect([await ada.call('connections'), await bob.call('connections')]).toEqual([0, 0])
    await ada.call('append', [{ id: 'ada alone' }])
    await bob.call('append', [{ id: 'bob alone' }])
    await bob.call('join', signals.url)
    await converged(apps, 3)
  })
})

async function converged(apps: readonly App[], count: number): Promise<void> {
  const views = () => Promise.all(apps.map(app => app.call('view')))
  await until(async () => {
    const [first, ...others] = await views()
    return (
      first?.count === String(count) && others.every(other => JSON.stringify(other) === JSON.stringify(first))
    )
  })
  const [view = {}] = await views()
  const order = Object.keys(view)
    .filter(key => key.startsWith('order/'))
    .sort()
  expect(view).toEqual(viewOf(order.map(key => view[key] as string)))
}

/** As a user's app would be: with the package as it is built, and Node's modules for `hyperswarm-web` alone. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [here('hyperswarm-web/app.mjs')],
    bundle: true,
    format: 'esm',
    define: { global: 'globalThis' },
    alias: {
      autobee: here('../../dist/browser/autobee.js'),
      'autobee/transport/swarm': here('../../dist/browser/transport/swarm.js'),
      crypto: here('hyperswarm-web/node-crypto.mjs'),
      stream: 'readable-stream'
    },
    inject: [here('hyperswarm-web/node-globals.mjs')],
    logLevel: 'silent',
    write: false
  })
  return outputFiles[0]?.text as string
}

interface Calls {
  open(options: { name: string; key?: string }): Promise<{ key: string; local: string }>
  join(bootstrap: string): Promise<void>
  connected(): Promise<void>
  peers(): Promise<readonly { address: string; isInitiator: boolean }[]>
  longest(): Promise<number>
  errors(): Promise<readonly string[]>
  append(values: readonly { id: string; fill?: string; addWriter?: string }[]): Promise<number>
  writable(): Promise<boolean>
  view(): Promise<Record<string, string>>
  leave(): Promise<void>
  connections(): Promise<number>
  close(): Promise<void>
}

class App {
  readonly page: Page
  readonly #context: BrowserContext
  readonly #errors: string[] = []
  readonly #expected: RegExp[] = []
  readonly #sockets: string[] = []

  /** A page with storage of its own. */
  static async open(browser: Browser, url: string): Promise<App> {
    const context = await browser.newContext()
    const app = new App(context, await context.newPage())
    await app.page.goto(url)
    await app.loaded()
    return app
  }

  private constructor(context: BrowserContext, page: Page) {
    this.page = page
    this.#context = context
    page.on('pageerror', error => this.#errors.push(String(error.stack)))
    page.on('console', message => {
      if (message.type() === 'error' && !message.text().includes(PROBE)) this.#errors.push(message.text())
    })
    page.on('websocket', socket => this.#sockets.push(socket.url()))
  }

  async loaded(): Promise<void> {
    // soon, or never
    await until(async () => {
      this.expectCalm()
      return this.page.evaluate(() => 'app' in globalThis)
    })
  }

  async call<Name extends keyof Calls>(
    name: Name,
    ...args: Parameters<Calls[Name]>
  ): Promise<Awaited<ReturnType<Calls[Name]>>> {
    return (await this.page.evaluate(
      ([name, argument]) =>
        (globalThis as unknown as { app: Record<string, (argument: unknown) => unknown> }).app[
          name as string
        ]?.(argument),
      [name, args[0]] as const
    )) as Awaited<ReturnType<Calls[Name]>>
  }

  get sockets(): readonly string[] {
    return this.#sockets
  }

  /** An error on the console that is known to come. */
  expect(error: RegExp): void {
    this.#expected.push(error)
  }

  /** None but those that were expected. */
  expectCalm(): void {
    expect(this.#errors.filter(error => !this.#expected.some(known => known.test(error)))).toEqual([])
  }

  close(): Promise<void> {
    return this.#context.close()
  }
}
