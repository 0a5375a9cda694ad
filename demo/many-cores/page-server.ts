import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, extname, join, normalize } from 'node:path'
import { type Address, reachable } from '../common/address.ts'

const TYPES: Record<string, string> = { '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript' }

/** Scripts are the page's own; it talks to whichever relay it is told. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src data:; connect-src ws: wss:; base-uri 'none'; form-action 'none'"

export interface PageServer {
  /** Of the page, and of what it loads. */
  readonly url: string
  readonly server: Server
  close(): Promise<void>
}

/** Serves the reader's page; from this repository only, where it is built from its sources. */
export async function servePage({ host, port }: Address): Promise<PageServer> {
  const root = dirname(createRequire(import.meta.url).resolve('autobee/package.json'))
  const sources = join(root, 'demo', 'many-cores', 'page')
  const files: Record<string, string> = {
    '/': await readFile(join(sources, 'index.html'), 'utf8'),
    '/style.css': await readFile(join(sources, 'style.css'), 'utf8'),
    '/main.js': await scriptOf(join(sources, 'main.ts'))
  }
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const body = files[pathname] ?? (await libraryFile(join(root, 'dist', 'browser'), pathname))
    if (body === null) {
      response.writeHead(404).end()
      return
    }
    const type = TYPES[extname(pathname) || '.html'] ?? 'application/octet-stream'
    response.writeHead(200, {
      'content-type': `${type}; charset=utf-8`,
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-cache'
    })
    response.end(body)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    url: `http://${reachable({ host, port: (server.address() as AddressInfo).port })}/`,
    server,
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
  }
}

/** The page's own sources; what it imports of Autobee is what is built for pages. */
async function scriptOf(path: string): Promise<string> {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    plugins: [
      {
        name: 'autobee',
        setup({ onResolve }) {
          onResolve({ filter: /\/adapters\/entry\/browser\.ts$/ }, () => external('autobee.js'))
          onResolve({ filter: /\/adapters\/transport\/websocket\.ts$/ }, () =>
            external('transport/websocket.js')
          )
        }
      }
    ]
  })
  return outputFiles[0]?.text as string
}

function external(name: string): { path: string; external: true } {
  return { path: `/lib/${name}`, external: true }
}

async function libraryFile(folder: string, pathname: string): Promise<Buffer | null> {
  if (!pathname.startsWith('/lib/')) return null
  try {
    // `normalize` at the root leaves no way out of the folder
    return await readFile(join(folder, normalize(`/${pathname.slice('/lib/'.length)}`)))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'EISDIR') return null
    throw error
  }
}
