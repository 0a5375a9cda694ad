import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium, openPage, outcomeOf, page, STRICT_POLICY, serveSite } from '../support/chromium.ts'

const dist = fileURLToPath(new URL('../../dist/browser', import.meta.url))

let browser: Browser

beforeAll(async () => {
  browser = await launchChromium()
})

afterAll(() => browser.close())

/** What a script gives that runs in a page beside the bundle at `/lib/`. */
async function inPage<T>(body: string): Promise<T> {
  const main = `globalThis.outcome = (async () => {\n${body}\n})()`
  const files = { '/': page('/main.js'), '/main.js': main }
  const site = await serveSite({ files, folders: { '/lib/': dist }, policy: STRICT_POLICY })
  const watched = await openPage(browser, site.url)
  try {
    return await outcomeOf<T>(watched)
  } finally {
    await watched.page.context().close()
    await site.close()
  }
}

test('every file that is built as an entry is exported, for browsers and as the default', () => {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { exports } = JSON.parse(manifest) as { exports: Record<string, Record<string, string>> }
  const conditions = Object.values(exports).filter(value => value.browser)
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).map(path =>
    path.replaceAll('\\', '/')
  )
  const entries = files.filter(path => path.endsWith('.js') && !path.startsWith('chunks/'))
  const targets = conditions.map(value => value.browser?.replace('./dist/browser/', ''))
  expect(targets.sort()).toEqual(entries.sort())
  for (const value of conditions) expect(value.default).toBe(value.browser)
})

test('the entries share their parts: a key-value database on a store of another entry, and its errors', async () => {
  const outcome = await inPage(`
const { AutobeeError, openStore } = await import('/lib/autobee.js')
const { KeyValue } = await import('/lib/kv.js')
const { memory } = await import('/lib/storage/memory.js')
const place = memory()
const store = await openStore(place)
const locked = await openStore(place).catch(error => error)
const kv = new KeyValue(store)
await kv.ready()
await kv.put('a', { text: 'b' })
const value = await kv.get('a')
const wrong = await kv.put('', undefined).catch(error => error)
await kv.close()
return [value, locked instanceof AutobeeError && locked.code, wrong instanceof AutobeeError]`)
  expect(outcome).toEqual([{ text: 'b' }, 'STORE_LOCKED', true])
})

test('what needs Node can be imported, and throws UNSUPPORTED_RUNTIME when it is called', async () => {
  const outcome = await inPage(`
const { AutobeeError } = await import('/lib/autobee.js')
const { file, openStore } = await import('/lib/storage/file.js')
const { connectTcp, listenTcp } = await import('/lib/transport/tcp.js')
return [file, openStore, connectTcp, listenTcp].map(call => {
  try { return call('x') } catch (error) { return AutobeeError.is(error, 'UNSUPPORTED_RUNTIME') }
})`)
  expect(outcome).toEqual([true, true, true, true])
})

test('what needs a page can be imported in Node, and rejects with UNSUPPORTED_RUNTIME when it is opened', async () => {
  const { indexedDb } = await import(new URL('../../dist/node/storage/indexeddb.js', import.meta.url).href)
  await expect(indexedDb('name').openKeyValue()).rejects.toMatchObject({ code: 'UNSUPPORTED_RUNTIME' })
})

test('a Corestore on a path throws UNSUPPORTED_RUNTIME in a page', async () => {
  const outcome = await inPage(`
const { Corestore } = await import('/lib/autobee.js')
try { return String(new Corestore('./folder')) } catch (error) { return error.code }`)
  expect(outcome).toBe('UNSUPPORTED_RUNTIME')
})

test('the storage suite runs in a page, from the bundle alone', async () => {
  const outcome = await inPage<{ passed: number; failed: string[] }>(`
const { storageSuite } = await import('/lib/testing.js')
const { memory } = await import('/lib/storage/memory.js')
const cases = []
const create = () => ({ adapter: memory(), destroy: async () => {} })
storageSuite({ test: (name, run) => cases.push({ name, run }), create, seeds: [1], steps: 40 })
const failed = []
// one case takes longer than all others
const quick = cases.filter(({ name }) => !name.includes('64 MiB'))
for (const { name, run } of quick) await run().catch(error => failed.push(name + ': ' + error.stack))
return { passed: quick.length - failed.length, failed }`)
  expect(outcome.failed).toEqual([])
  expect(outcome.passed).toBeGreaterThan(20)
})
