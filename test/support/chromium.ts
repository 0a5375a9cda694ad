import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright'
import { CHROMIUM_FLAGS, findChromium } from '../../.ci/chromium.mjs'

const TYPES: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.map': 'application/json'
}

/** What a page of strict habits allows, and all that Autobee needs. */
export const STRICT_POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'"

export interface SiteOptions {
  /** Folders by the path that their files are under, such as `{ '/lib/': folder }`. */
  readonly folders?: Readonly<Record<string, string>>
  /** Texts by their path, such as `{ '/main.js': source }`. */
  readonly files?: Readonly<Record<string, string>>
  /** Content security policy; default none. */
  readonly policy?: string
  /** Default 127.0.0.1. */
  readonly host?: string
}

export interface Site {
  readonly url: string
  /** Paths that were asked for and found, in their order. */
  readonly served: readonly string[]
  close(): Promise<void>
}

/** Headless, with no way out to the network; whoever launches it closes it. */
export function launchChromium(): Promise<Browser> {
  const executablePath = findChromium()
  if (!executablePath) throw new Error('there is no Chromium here; `npm test` installs one')
  return chromium.launch({ executablePath, args: CHROMIUM_FLAGS })
}

/** Serves files on this machine. `/` is an empty page where nothing else is given; what is not there is 404. */
export async function serveSite({
  folders = {},
  files = {},
  policy,
  host = '127.0.0.1'
}: SiteOptions): Promise<Site> {
  const served: string[] = []
  const texts: Record<string, string> = { '/': page(''), ...files }
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const body = texts[pathname] ?? (await contentOf(pathname, folders))
    if (body === null) {
      response.writeHead(404).end()
      return
    }
    served.push(pathname)
    if (policy) response.setHeader('content-security-policy', policy)
    response.setHeader('content-type', TYPES[extname(pathname)] ?? 'text/html; charset=utf-8')
    response.end(body)
  })
  await new Promise<void>(resolve => server.listen(0, host, resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host}:${port}`,
    served,
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
  }
}

/** An empty document that loads a script as a module; none when the name is empty. */
export function page(script: string): string {
  const tag = script && `<script type="module" src="${script}"></script>`
  return `<!doctype html><meta charset="utf-8"><title>Test</title>${tag}`
}

export interface Watched {
  readonly page: Page
  /** What went wrong in the page unseen: errors that nobody caught, and errors on its console. */
  readonly errors: readonly string[]
}

/** A new page of a browsing context of its own, so with storage of its own, at an address. */
export async function openPage(browser: Browser, url: string): Promise<Watched> {
  const watched = await newPage(await browser.newContext())
  await watched.page.goto(url)
  return watched
}

/** A new page beside those that its browsing context has, nowhere yet. */
export async function newPage(context: BrowserContext): Promise<Watched> {
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', error => errors.push(String(error)))
  page.on('console', message => {
    const { url } = message.location()
    // the browser asks for an icon by itself
    if (message.type() === 'error' && !url.endsWith('/favicon.ico')) errors.push(`${message.text()} ${url}`)
  })
  return { page, errors }
}

/**
 * What the script of a page says: the value, or the promise of one, that it puts into `globalThis.outcome`. Rejects when the
 * page fails instead, or had an error that nobody caught.
 */
export async function outcomeOf<T>({ page, errors }: Watched): Promise<T> {
  const failed = new Promise<never>((_, reject) => page.once('pageerror', reject))
  // the race may be over when it fails
  failed.catch(() => {})
  if (errors.length > 0) throw new Error(errors.join('\n'))
  await Promise.race([failed, page.waitForFunction(() => 'outcome' in globalThis)])
  const outcome = page.evaluate(() => (globalThis as { outcome?: unknown }).outcome)
  const value = await Promise.race([failed, outcome])
  if (errors.length > 0) throw new Error(errors.join('\n'))
  return value as T
}

async function contentOf(
  pathname: string,
  folders: Readonly<Record<string, string>>
): Promise<Buffer | null> {
  for (const [prefix, folder] of Object.entries(folders)) {
    if (!pathname.startsWith(prefix)) continue
    // `normalize` at the root leaves no way out of the folder
    const path = join(folder, normalize(`/${pathname.slice(prefix.length)}`))
    try {
      return await readFile(path)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' && code !== 'EISDIR') throw error
    }
  }
  return null
}
