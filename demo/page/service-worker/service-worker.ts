/**
 * Keeps this build's files, so that the page opens without a network. Not a relay's answers, not data, nothing of other
 * origins: the data is in IndexedDB. The build puts the list of files in the place of `__FILES__`; every change of a file
 * changes this script, by which the browser notices a new version.
 */

/** Path below the page's folder, and how the SHA-256 of what is in it begins, as hex. */
declare const __FILES__: readonly (readonly [path: string, hash: string])[]

interface Lasting extends Event {
  waitUntil(promise: Promise<unknown>): void
}

interface Fetching extends Event {
  readonly request: Request
  respondWith(response: Promise<Response>): void
}

interface Scope {
  readonly registration: { readonly scope: string }
  readonly clients: { claim(): Promise<void> }
  skipWaiting(): Promise<void>
  addEventListener(type: 'install' | 'activate', listener: (event: Lasting) => void): void
  addEventListener(type: 'fetch', listener: (event: Fetching) => void): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
}

const worker = self as unknown as Scope
const { scope } = worker.registration
const PREFIX = 'autobee-page-'
// named once, or the list would be in the script twice
const files = [...__FILES__]
const NAME = PREFIX + versionOf(files)
const hashes = new Map(files.map(([path, hash]) => [new URL(path, scope).href, hash]))
const PAGE = new URL('index.html', scope).href

worker.addEventListener('install', event => event.waitUntil(install()))
worker.addEventListener('activate', event => event.waitUntil(activate()))
worker.addEventListener('message', event => {
  if (event.data === 'take over') worker.skipWaiting().catch(console.error)
})
worker.addEventListener('fetch', event => {
  const { request } = event
  if (request.method !== 'GET') return
  const url = new URL(request.url)
  url.search = ''
  url.hash = ''
  const path = url.href === scope ? PAGE : url.href
  if (hashes.has(path)) event.respondWith(answer(path, request))
  else if (url.href.startsWith(new URL('assets/', scope).href)) event.respondWith(answer(url.href, request))
})

async function install(): Promise<void> {
  const cache = await caches.open(NAME)
  await Promise.all(
    [...hashes].map(async ([url, hash]) => {
      const key = `${url}?${hash}`
      await cache.put(key, (await caches.match(key)) ?? (await load(url, hash)))
    })
  )
}

/**
 * Of another version it is refused, as when one is just put on the server, or from a cache on the way: it would be kept for
 * this one, and ask for parts that are nowhere. The browser installs again when the page is next opened.
 */
async function load(url: string, hash: string): Promise<Response> {
  const response = await fetch(url, { cache: 'no-cache' })
  if (!response.ok) throw new Error(`${url} cannot be kept: ${response.status}`)
  const digest = await crypto.subtle.digest('SHA-256', await response.clone().arrayBuffer())
  const found = [...new Uint8Array(digest)].map(byte => byte.toString(16).padStart(2, '0')).join('')
  if (!found.startsWith(hash)) throw new Error(`${url} cannot be kept: it is of another version`)
  return response
}

/** Keeps one version besides the new one: tabs that are open still load parts of it. */
async function activate(): Promise<void> {
  const mine = (await caches.keys()).filter(name => name.startsWith(PREFIX) && name !== NAME)
  await Promise.all(mine.slice(0, -1).map(name => caches.delete(name)))
  await worker.clients.claim()
}

async function answer(url: string, request: Request): Promise<Response> {
  const hash = hashes.get(url)
  const kept = hash === undefined ? await ofOlder(url) : await caches.match(`${url}?${hash}`)
  return kept ?? fetch(request)
}

/** A file that this version has no more. */
async function ofOlder(url: string): Promise<Response | undefined> {
  return caches.match(url, { ignoreSearch: true })
}

/** FNV-1a of all, as hex. */
function versionOf(list: typeof __FILES__): string {
  let hash = 0x811c9dc5
  for (const character of list.flat().join(' ')) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
  return (hash >>> 0).toString(16)
}

export {}
