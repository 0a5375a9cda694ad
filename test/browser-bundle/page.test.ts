import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Browser } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  launchChromium,
  openPage,
  outcomeOf,
  page,
  type Site,
  type SiteOptions,
  STRICT_POLICY,
  serveSite
} from '../support/chromium.ts'
import { inPage, inWorker, type Readings, startsWorker } from './scripts.ts'

const dist = fileURLToPath(new URL('../../dist/browser', import.meta.url))
const EXPECTED = { first: ['ada', 'bob', 'eve'], reopened: ['ada', 'bob', 'eve'], writable: true }

let browser: Browser
const sites: Site[] = []

beforeAll(async () => {
  browser = await launchChromium()
})

afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  for (const site of sites.splice(0)) await site.close()
})

afterAll(() => browser.close())

async function site(options: SiteOptions): Promise<Site> {
  const made = await serveSite({ folders: { '/lib/': dist }, policy: STRICT_POLICY, ...options })
  sites.push(made)
  return made
}

describe('under a strict content security policy', () => {
  test('a page without a bundler appends, opens its database again and reads', async () => {
    const { url } = await site({ files: { '/': page('/main.js'), '/main.js': inPage('/lib/autobee.js') } })
    expect(await outcomeOf<Readings>(await openPage(browser, url))).toEqual(EXPECTED)
  })

  test('so does a dedicated worker', async () => {
    const { url } = await site({
      files: {
        '/': page('/main.js'),
        '/main.js': startsWorker('/worker.js'),
        '/worker.js': inWorker('/lib/autobee.js')
      }
    })
    expect(await outcomeOf<Readings>(await openPage(browser, url))).toEqual(EXPECTED)
  })

  test("without 'wasm-unsafe-eval', the import rejects with UNSUPPORTED_RUNTIME and says what to allow", async () => {
    const policy = STRICT_POLICY.replace(" 'wasm-unsafe-eval'", '')
    const main = `globalThis.outcome = import('/lib/autobee.js').then(
  () => 'imported',
  ({ name, code, reason, message }) => ({ name, code, reason, named: message.includes('wasm-unsafe-eval') })
)`
    const { url } = await site({ policy, files: { '/': page('/main.js'), '/main.js': main } })
    const { page: opened } = await openPage(browser, url)
    await opened.waitForFunction(() => 'outcome' in globalThis)
    expect(await opened.evaluate(() => (globalThis as { outcome?: unknown }).outcome)).toEqual({
      name: 'AutobeeError',
      code: 'UNSUPPORTED_RUNTIME',
      reason: 'WEBASSEMBLY',
      named: true
    })
  })
})

test('every entry can be imported, and the globals of the page stay as they were', async () => {
  const entries = javaScript().filter(path => !path.startsWith('chunks'))
  expect(entries).toContain('storage/indexeddb.js')
  const main = `import { before } from '/before.js'
import { Autobee, memory, openStore } from '/lib/autobee.js'
${entries.map(path => `import '/lib/${path}'`).join('\n')}
globalThis.outcome = (async () => {
  const db = new Autobee(await openStore(memory()))
  await db.ready()
  await db.append(new Uint8Array(1))
  await db.close()
  return Object.getOwnPropertyNames(globalThis).filter(name => !before.has(name) && name !== 'outcome')
})()`
  const before = 'export const before = new Set(Object.getOwnPropertyNames(globalThis))'
  const { url } = await site({ files: { '/': page('/main.js'), '/main.js': main, '/before.js': before } })
  expect(await outcomeOf(await openPage(browser, url))).toEqual([])
})

test('two peers in a page replicate thousands of entries, and converge', async () => {
  const main = `import { Autobee, b4a, memory, openStore } from '/lib/autobee.js'
const options = {
  valueEncoding: 'json',
  async apply(nodes, view, host) {
    const batch = view.write()
    for (const { value } of nodes) {
      if (value.addWriter) host.addWriter(value.addWriter)
      else batch.tryPut(b4a.from(value.put), b4a.alloc(0))
    }
    await batch.flush()
  }
}
globalThis.outcome = (async () => {
  const ada = new Autobee(await openStore(memory()), null, options)
  await ada.ready()
  const bob = new Autobee(await openStore(memory()), ada.key, options)
  await bob.ready()
  const stream = ada.replicate(true)
  stream.pipe(bob.replicate(false)).pipe(stream)
  await ada.append({ addWriter: bob.local.id })
  while (!bob.writable) await new Promise(resolve => bob.once('update', resolve))
  await ada.append(Array.from({ length: 3000 }, (_, i) => ({ put: 'ada ' + i })))
  await bob.append({ put: 'bob' })
  const has = async db => (await db.view.get(b4a.from('bob'))) && (await db.view.get(b4a.from('ada 2999')))
  for (const db of [ada, bob])
    while (!(await has(db))) await new Promise(resolve => db.once('update', resolve))
  await ada.close()
  await bob.close()
  return true
})()`
  const { url } = await site({ files: { '/': page('/main.js'), '/main.js': main } })
  expect(await outcomeOf(await openPage(browser, url))).toBe(true)
})

test('a core downloads more ranges than its replicator looks at in one go', async () => {
  const main = `import { memory, openStore } from '/lib/autobee.js'
globalThis.outcome = (async () => {
  const [store, other] = [await openStore(memory()), await openStore(memory())]
  const core = store.get({ name: 'core' })
  await core.append(Array.from({ length: 400 }, (_, i) => new Uint8Array(10).fill(i)))
  const copy = other.get({ key: core.key })
  await copy.ready()
  const ranges = Array.from({ length: 200 }, (_, i) => copy.download({ start: i, end: i + 1 }))
  const stream = store.replicate(true)
  stream.pipe(other.replicate(false)).pipe(stream)
  await Promise.all(ranges.map(range => range.done()))
  for (const opened of [store, other]) await opened.close()
  return true
})()`
  const { url } = await site({ files: { '/': page('/main.js'), '/main.js': main } })
  expect(await outcomeOf(await openPage(browser, url))).toBe(true)
})

describe('what a page loads', () => {
  test('is within 400 KB, compressed, and holds one libsodium', async () => {
    const { url, served } = await site({
      files: { '/': page('/main.js'), '/main.js': inPage('/lib/autobee.js') }
    })
    await outcomeOf(await openPage(browser, url))
    const scripts = served.filter(path => path.startsWith('/lib/'))
    const sources = scripts.map(path => readFileSync(join(dist, path.slice('/lib/'.length))))
    const bytes = sources.reduce((sum, source) => sum + gzipSync(source).byteLength, 0)
    expect(bytes).toBeGreaterThan(200_000)
    expect(bytes).toBeLessThan(400_000)
    expect(sources.filter(source => source.includes(WASM_HEADER)).length).toBe(1)
  })

  test('in all files of the bundle there is one libsodium', () => {
    const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter(path =>
      path.endsWith('.js')
    )
    expect(files.filter(path => readFileSync(join(dist, path)).includes(WASM_HEADER)).length).toBe(1)
  })
})

test('every file has a map to the sources, and names the packages that it holds', () => {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' })
  const notices = readFileSync(join(dist, 'THIRD_PARTY_NOTICES.txt'), 'utf8')
  const maps = files.filter(path => path.endsWith('.map'))
  const sources = maps.flatMap(path => JSON.parse(readFileSync(join(dist, path), 'utf8')).sources as string[])
  expect(sources.some(path => path.endsWith('/src/autobee.ts'))).toBe(true)
  const packages = sources.flatMap(path => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [])
  expect(packages).toContain('hypercore')
  for (const name of new Set(packages)) expect(notices).toMatch(new RegExp(`^---- ${name} \\d`, 'm'))
})

function javaScript(): string[] {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' })
  return files.filter(path => path.endsWith('.js')).map(path => path.replaceAll('\\', '/'))
}

/** How WebAssembly begins, in base64. */
const WASM_HEADER = 'AGFzbQ'
