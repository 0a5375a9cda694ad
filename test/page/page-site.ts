/** The built page on a server of this machine, with a relay beside it, as `npm start` has them. */
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { createRelay, type RelayHandle } from '../../adapters/transport/relay.ts'

const TYPES: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json'
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self' ws: wss:",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

const FOLDER = join(import.meta.dirname, '..', '..', 'dist', 'page')

export class PageSite {
  readonly url: string
  readonly #server: Server
  readonly #port: number
  #relay: RelayHandle | null
  /** Files whose content is another one, by their path. */
  readonly changed: Map<string, string>

  private constructor({
    server,
    relay,
    changed
  }: {
    server: Server
    relay: RelayHandle
    changed: Map<string, string>
  }) {
    this.changed = changed
    this.#server = server
    this.#relay = relay
    this.#port = (server.address() as AddressInfo).port
    this.url = `http://127.0.0.1:${this.#port}/`
  }

  static async start(): Promise<PageSite> {
    const changed = new Map<string, string>()
    const server = createServer(async (request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost')
      const path = pathname === '/' ? '/index.html' : pathname
      const body = changed.get(path) ?? (await fileAt(path))
      if (body === null) return void response.writeHead(404).end()
      response.writeHead(200, {
        'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
        'content-security-policy': POLICY,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'
      })
      response.end(body)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const relay = await createRelay({ server, path: '/relay' })
    return new PageSite({ server, relay, changed })
  }

  /** Peers that wait at the relay or talk over it. */
  get clients(): number {
    return this.#relay?.clients ?? 0
  }

  /** Ends the server and the relay: neither the page nor anybody is reached. */
  async stopServer(): Promise<void> {
    await this.#relay?.close({ grace: 0 })
    this.#relay = null
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  /** At the same place. */
  async startServer(): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen(this.#port, '127.0.0.1', resolve))
    this.#relay = await createRelay({ server: this.#server, path: '/relay' })
  }

  async close(): Promise<void> {
    if (this.#relay) await this.stopServer()
  }
}

async function fileAt(path: string): Promise<Buffer | null> {
  try {
    // `normalize` at the root leaves no way out of the folder
    return await readFile(join(FOLDER, normalize(path)))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'EISDIR') return null
    throw error
  }
}
