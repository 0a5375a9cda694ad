import { readdir, readFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { startHarness } from './start-board.ts'

const h = startHarness()
const PAGE = fileURLToPath(new URL('../../dist/page/', import.meta.url))

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** The path as it stands: nothing of it is resolved on the way. */
function ask(
  port: number,
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {}
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, ...options }, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) })
      )
    }).on('error', reject)
  })
}

test('the page comes with a policy that lets it run its own scripts and nothing else', async () => {
  const { port } = await h.start()
  const { status, headers, body } = await ask(port, '/')
  expect([status, body.equals(await readFile(`${PAGE}index.html`))]).toEqual([200, true])
  expect(headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    'content-security-policy':
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  })
})

test('every file of the build is served as it is, by its type; only those with a hash in their names are kept for ever', async () => {
  const { port } = await h.start()
  const types: Record<string, string> = {
    js: 'text/javascript',
    css: 'text/css',
    svg: 'image/svg+xml',
    png: 'image/png',
    html: 'text/html',
    map: 'application/json',
    webmanifest: 'application/manifest+json'
  }
  const entries = await readdir(PAGE, { recursive: true, withFileTypes: true })
  const names = entries
    .filter(one => one.isFile())
    .map(one => `${one.parentPath}/${one.name}`.slice(PAGE.length).replace(/^\//, ''))
  expect(names).toContain('service-worker.js')
  for (const name of names) {
    const { status, headers, body } = await ask(port, `/${name}`)
    const wanted = types[name.split('.').at(-1) as string] ?? 'application/octet-stream'
    expect([name, status, headers['content-type']?.split(';')[0]]).toEqual([name, 200, wanted])
    expect(body.equals(await readFile(`${PAGE}${name}`))).toBe(true)
    expect([name, /immutable/.test(String(headers['cache-control']))]).toEqual([
      name,
      name.startsWith('assets/')
    ])
  }
})

test('what a browser has is not sent again, and what it can unpack is sent packed', async () => {
  const { port } = await h.start()
  const packed = await ask(port, '/', { headers: { 'accept-encoding': 'gzip, br' } })
  expect(packed.headers['content-encoding']).toBe('gzip')
  expect(gunzipSync(packed.body).equals(await readFile(`${PAGE}index.html`))).toBe(true)
  const again = await ask(port, '/', { headers: { 'if-none-match': String(packed.headers.etag) } })
  expect([again.status, again.body.byteLength]).toEqual([304, 0])
  const head = await ask(port, '/', { method: 'HEAD' })
  expect([head.status, head.body.byteLength, head.headers['content-length']]).toEqual([
    200,
    0,
    String((await readFile(`${PAGE}index.html`)).byteLength)
  ])
})

const NOWHERE = [
  '/nothing.js',
  '/assets',
  '/assets/',
  '/../package.json',
  '/%2e%2e/node/index.js',
  '/..%2fnode%2findex.js',
  '/..\\node\\index.js',
  '/%00',
  '/%',
  '//etc/passwd',
  '/relay',
  '/metrics',
  '/health'
]

test('nothing else is served, and nothing from outside of the page', async () => {
  const { port } = await h.start()
  for (const path of NOWHERE) {
    const { status, headers } = await ask(port, path)
    expect([path, status, headers['x-content-type-options']]).toEqual([path, 404, 'nosniff'])
  }
})

test('other methods, and other upgrades, are turned down', async () => {
  const { port } = await h.start()
  expect((await ask(port, '/', { method: 'POST' })).status).toBe(405)
  const upgrade = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': 'x',
    'sec-websocket-version': '13'
  }
  await expect(ask(port, '/', { headers: upgrade })).rejects.toMatchObject({ code: 'ECONNRESET' })
})
