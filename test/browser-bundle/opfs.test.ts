import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { CHROMIUM_FLAGS, findChromium } from '../../.ci/chromium.mjs'
import {
  launchChromium,
  openPage,
  outcomeOf,
  page,
  type Site,
  STRICT_POLICY,
  serveSite
} from '../support/chromium.ts'
import { APPEND_AND_REOPEN, type Readings, startsWorker } from './scripts.ts'

const dist = fileURLToPath(new URL('../../dist/browser', import.meta.url))
const EXPECTED = { first: ['ada', 'bob', 'eve'], reopened: ['ada', 'bob', 'eve'], writable: true }
const IMPORTS = `import * as autobee from '/lib/autobee.js'
import { opfs } from '/lib/storage/opfs.js'
${APPEND_AND_REOPEN}`

let browser: Browser
let site: Site
const cleanups: (() => Promise<void>)[] = []

beforeAll(async () => {
  browser = await launchChromium()
})

afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean()
  for (const context of browser.contexts()) await context.close()
  await site.close()
})

afterAll(() => browser.close())

async function serve(files: Record<string, string>): Promise<Site> {
  site = await serveSite({ folders: { '/lib/': dist }, policy: STRICT_POLICY, files })
  return site
}

test('under a strict policy, a page without a bundler has its store on OPFS in a worker of the bundle', async () => {
  const main = `${IMPORTS}
globalThis.outcome = appendAndReopen(autobee, opfs('in-page'))`
  const { url, served } = await serve({ '/': page('/main.js'), '/main.js': main })
  expect(await outcomeOf<Readings>(await openPage(browser, url))).toEqual(EXPECTED)
  expect(served).toContain('/lib/storage/opfs-worker.js')
})

test('a dedicated worker has the files itself', async () => {
  const worker = `${IMPORTS}
appendAndReopen(autobee, opfs('in-worker')).then(
  outcome => postMessage({ outcome }),
  error => postMessage({ error: error.stack })
)`
  const files = { '/': page('/main.js'), '/main.js': startsWorker('/worker.js'), '/worker.js': worker }
  const { url, served } = await serve(files)
  expect(await outcomeOf<Readings>(await openPage(browser, url))).toEqual(EXPECTED)
  expect(served).not.toContain('/lib/storage/opfs-worker.js')
})

test('a second tab is STORE_LOCKED, or waits until the first is closed or killed, and finds what it acknowledged', async () => {
  const main = `import { opfs } from '/lib/storage/opfs.js'
const key = Uint8Array.of(1)
globalThis.open = async wait => {
  try {
    globalThis.store = await opfs('shared').openKeyValue({ wait })
    return (await globalThis.store.getMany([key]))[0]?.length ?? 0
  } catch (error) {
    return error.code
  }
}
globalThis.write = length => globalThis.store.commit([{ type: 'put', key, value: new Uint8Array(length) }])
globalThis.outcome = true`
  const { url } = await serve({ '/': page('/main.js'), '/main.js': main })
  const context = await browser.newContext()
  const tabs = []
  for (let i = 0; i < 3; i++) {
    const tab = await context.newPage()
    await tab.goto(url)
    await tab.waitForFunction(() => 'outcome' in globalThis)
    tabs.push(tab)
  }
  const [first, second, third] = tabs as [(typeof tabs)[0], (typeof tabs)[0], (typeof tabs)[0]]
  const open = (tab: typeof first, wait: boolean) =>
    tab.evaluate(
      wait => (globalThis as unknown as { open(wait: boolean): Promise<unknown> }).open(wait),
      wait
    )
  const write = (tab: typeof first, length: number) =>
    tab.evaluate(
      length => (globalThis as unknown as { write(n: number): Promise<void> }).write(length),
      length
    )
  expect(await open(first, false)).toBe(0)
  await write(first, 10)
  expect(await open(second, false)).toBe('STORE_LOCKED')
  const waited = open(second, true)
  await write(first, 20)
  // with its worker, and without closing the store
  await first.close()
  expect(await waited).toBe(20)
  await write(second, 30)
  const next = open(third, true)
  await second.evaluate(() => (globalThis as unknown as { store: { close(): Promise<void> } }).store.close())
  expect(await next).toBe(30)
})

test('when the site may store no more, a commit is STORE_FULL without effect, and goes on when it may again', async () => {
  const main = `import { opfs } from '/lib/storage/opfs.js'
const store = await opfs('full').openKeyValue()
const key = n => Uint8Array.of(n)
const put = (n, length) => store.commit([{ type: 'put', key: key(n), value: new Uint8Array(length).fill(n) }])
globalThis.fill = async () => {
  await put(1, 1000)
  for (let n = 2; n < 100; n++) {
    try {
      await put(n, 256 * 1024)
    } catch (error) {
      return { code: error.code, kept: (await store.getMany([key(1), key(n)])).map(value => value?.length ?? null), n }
    }
  }
}
globalThis.again = async n => {
  await put(n, 256 * 1024)
  await store.close()
  const reopened = await opfs('full').openKeyValue()
  return (await reopened.getMany([key(1), key(n)])).map(value => value?.length)
}
globalThis.outcome = true`
  const { url } = await serve({ '/': page('/main.js'), '/main.js': main })
  // without a profile on disk, Chromium counts nothing of these files
  const profile = await mkdtemp(join(tmpdir(), 'autobee-opfs-'))
  const executablePath = findChromium()
  const context = await chromium.launchPersistentContext(profile, {
    ...(executablePath ? { executablePath } : {}),
    args: CHROMIUM_FLAGS
  })
  cleanups.push(async () => {
    await context.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  })
  const tab = await context.newPage()
  await tab.goto(url)
  await tab.waitForFunction(() => 'outcome' in globalThis)
  const session = await context.newCDPSession(tab)
  const { usage } = await session.send('Storage.getUsageAndQuota', { origin: new URL(url).origin })
  await session.send('Storage.overrideQuotaForOrigin', {
    origin: new URL(url).origin,
    quotaSize: usage + 3 * 1024 * 1024
  })
  type Api = {
    fill(): Promise<{ code: string; kept: unknown; n: number }>
    again(n: number): Promise<number[]>
  }
  const full = await tab.evaluate(() => (globalThis as unknown as Api).fill())
  expect(full).toMatchObject({ code: 'STORE_FULL', kept: [1000, null] })
  await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(url).origin })
  expect(await tab.evaluate(n => (globalThis as unknown as Api).again(n), full.n)).toEqual([1000, 256 * 1024])
})
