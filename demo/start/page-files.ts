import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, extname, join, normalize } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { UserError } from '../common/user-error.ts'

const compress = promisify(gzip)

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.woff2': 'font/woff2'
}

/** Scripts are the page's own; it talks to whichever relay it is told. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

const ALWAYS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer'
}

interface File {
  readonly body: Buffer
  readonly zipped: Buffer | null
  readonly etag: string
}

/** Serves the built page from its folder. */
export class PageFiles {
  readonly #folder: string
  readonly #files = new Map<string, File>()

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** @throws UserError when the page is not built */
  static open(): PageFiles {
    const root = dirname(createRequire(import.meta.url).resolve('autobee/package.json'))
    const folder = join(root, 'dist', 'page')
    if (!existsSync(join(folder, 'index.html')))
      throw new UserError(
        'The page is not built. Run `npm run build` in the clone, then `npm start` again.',
        {
          code: 'NOT_BUILT'
        }
      )
    return new PageFiles(folder)
  }

  /** Answers; never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#answer(request, response)
    } catch (error) {
      if (response.headersSent) response.destroy(error as Error)
      else end(response, 500, 'The page could not be read.')
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method } = request
    if (method !== 'GET' && method !== 'HEAD')
      return end(response, 405, 'Only GET and HEAD.', { allow: 'GET, HEAD' })
    const name = nameOf(request.url ?? '/')
    const file = name === null ? null : await this.#file(name)
    if (name === null || !file) return end(response, 404, 'There is no such file.')
    const zipped = acceptsGzip(request) ? file.zipped : null
    const headers = {
      ...ALWAYS,
      'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
      'cache-control': isImmutable(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag: file.etag,
      vary: 'accept-encoding'
    }
    if (request.headers['if-none-match'] === file.etag) {
      response.writeHead(304, headers).end()
      return
    }
    const body = zipped ?? file.body
    response.writeHead(200, {
      ...headers,
      ...(zipped && { 'content-encoding': 'gzip' }),
      'content-length': body.byteLength
    })
    response.end(method === 'HEAD' ? undefined : body)
  }

  /** Read again when it was built again. */
  async #file(name: string): Promise<File | null> {
    const path = join(this.#folder, name)
    const stats = await stat(path).catch(error => {
      if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null
      throw error
    })
    if (!stats?.isFile()) return null
    const etag = `W/"${stats.size.toString(36)}-${Math.trunc(stats.mtimeMs).toString(36)}"`
    const known = this.#files.get(name)
    if (known?.etag === etag) return known
    const body = await readFile(path)
    const zipped = /^(?:text|application)\/|svg/.test(TYPES[extname(name)] ?? '')
      ? await compress(body)
      : null
    const file = { body, zipped, etag }
    this.#files.set(name, file)
    return file
  }
}

/** Path below the folder; null for what is none. */
function nameOf(url: string): string | null {
  try {
    const path = decodeURIComponent(new URL(url, 'http://localhost').pathname)
    if (path.includes('\0') || path.includes('\\')) return null
    // `normalize` at the root leaves no way out of the folder
    const name = normalize(path).slice(1)
    return name === '' ? 'index.html' : name
  } catch {
    return null
  }
}

/** Has it the hash of what is in it in its name? */
function isImmutable(name: string): boolean {
  return /^assets[\\/].*-[\w-]{8}(?:\.\w+)+$/.test(name)
}

function acceptsGzip({ headers }: IncomingMessage): boolean {
  return /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''))
}

function end(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {}
): void {
  response.writeHead(status, { ...ALWAYS, 'content-type': 'text/plain; charset=utf-8', ...headers })
  response.end(`${text}\n`)
}
