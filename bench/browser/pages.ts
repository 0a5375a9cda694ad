/** Pages of a real Chromium that run what bench/browser/page.ts has, for the tables that need some. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BrowserContext, chromium, type Page } from 'playwright'
import { CHROMIUM_FLAGS, findChromium } from '../../.ci/chromium.mjs'
import type { Api } from './page.ts'

/** Made by .ci/bench.mjs beside this program. */
const BUNDLE = fileURLToPath(new URL('./browser/', import.meta.url))

type Call = <K extends keyof Functions>(
  name: K,
  ...args: Parameters<Functions[K]>
) => Promise<Awaited<ReturnType<Functions[K]>>>
type Functions = Api

export interface Pages {
  readonly version: string
  readonly context: BrowserContext
  /** A new page, closed at the end. */
  inPage<T>(run: (page: Page) => Promise<T>): Promise<T>
}

/** With a profile on disk: without one Chromium keeps IndexedDB in memory. */
export async function withPages<T>(run: (pages: Pages) => Promise<T>): Promise<T> {
  const executablePath = findChromium()
  if (!executablePath) throw new Error('There is no Chromium here; npm test installs one.')
  const profile = await mkdtemp(join(tmpdir(), 'autobee-bench-'))
  const site = await serve()
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: CHROMIUM_FLAGS })
  try {
    return await run({
      version: context.browser()?.version() ?? '',
      context,
      inPage: inside => inPage(context, site.url, inside)
    })
  } finally {
    await context.close()
    await site.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function inPage<T>(context: BrowserContext, url: string, run: (page: Page) => Promise<T>): Promise<T> {
  const page = await context.newPage()
  try {
    await page.goto(url)
    await page.waitForFunction(() => 'bench' in globalThis)
    return await run(page)
  } finally {
    await page.close()
  }
}

/** Calls what the page has. */
export function call(page: Page): Call {
  return (name, ...args) =>
    page.evaluate(
      ([name, args]) => {
        const { bench } = globalThis as unknown as { bench: Record<string, (...args: unknown[]) => unknown> }
        return bench[name as string]?.(...(args as unknown[]))
      },
      [name, args] as [string, unknown[]]
    ) as Promise<never>
}

async function serve() {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    if (path === '/') {
      response.setHeader('content-type', 'text/html')
      response.end('<!doctype html><title>Bench</title><script type="module" src="/page.js"></script>')
      return
    }
    const file = await readFile(join(BUNDLE, path)).catch(() => null)
    response.statusCode = file ? 200 : 404
    response.setHeader(
      'content-type',
      extname(path) === '.js' ? 'text/javascript' : 'application/octet-stream'
    )
    response.end(file)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
  }
}
