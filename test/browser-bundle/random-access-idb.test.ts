import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium } from 'playwright'
import { afterEach, expect, test } from 'vitest'
import { CHROMIUM_FLAGS, findChromium } from '../../.ci/chromium.mjs'
import { page, serveSite } from '../support/chromium.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const MEBIBYTE = 1024 * 1024
const cleanups: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

const MAIN = `
import { Buffer } from 'buffer'
import { randomAccess } from '/lib/storage/random-access.js'
globalThis.Buffer = Buffer
const { default: idb } = await import('random-access-idb')
const files = idb('full')
const open = timeout => randomAccess(name => files(name), { timeout }).openKeyValue()
const key = n => Uint8Array.of(n)
const lengths = async store => (await store.getMany(Array.from({ length: 100 }, (_, n) => key(n)))).flatMap(v => v?.length ?? [])
let store = await open(1000)
globalThis.fill = async () => {
  for (let n = 0; n < 100; n++) {
    try {
      await store.commit([{ type: 'put', key: key(n), value: crypto.getRandomValues(new Uint8Array(60_000)) }])
    } catch ({ code, reason }) {
      return { code, reason, written: n, kept: (await lengths(store)).length }
    }
  }
}
globalThis.again = async n => {
  await store.close()
  store = await open(30_000)
  const before = (await lengths(store)).length
  await store.commit([{ type: 'put', key: key(n), value: new Uint8Array(200_000) }])
  return { before, after: (await lengths(store)).length }
}
globalThis.outcome = true`

interface Api {
  fill(): Promise<{ code: string; reason: string; written: number; kept: number }>
  again(n: number): Promise<{ before: number; after: number }>
}

test('over quota, where random-access-idb never answers: STORE_FAILED in time, and nothing of it after reopening', async () => {
  const { outputFiles } = await build({
    stdin: { contents: MAIN, resolveDir: repository },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    external: ['/lib/*'],
    define: { global: 'globalThis' }
  })
  const site = await serveSite({
    folders: { '/lib/': join(repository, 'dist/browser') },
    files: { '/': page('/main.js'), '/main.js': outputFiles[0]?.text ?? '' }
  })
  cleanups.push(() => site.close())
  const profile = await mkdtemp(join(tmpdir(), 'autobee-idb-'))
  cleanups.push(() => rm(profile, { recursive: true, force: true, maxRetries: 5 }))
  const executablePath = findChromium()
  const context = await chromium.launchPersistentContext(profile, {
    ...(executablePath ? { executablePath } : {}),
    args: CHROMIUM_FLAGS
  })
  cleanups.push(() => context.close())
  const tab = await context.newPage()
  const session = await context.newCDPSession(tab)
  const { origin } = new URL(site.url)
  // before there is a database: Chromium remembers for a while how much room one had
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 2 * MEBIBYTE })
  await tab.goto(site.url)
  await tab.waitForFunction(() => 'outcome' in globalThis)

  const full = await tab.evaluate(() => (globalThis as unknown as Api).fill())
  expect(full).toMatchObject({ code: 'STORE_FAILED', reason: 'TIMEOUT', kept: full.written })
  expect(full.written).toBeGreaterThan(1)
  await session.send('Storage.overrideQuotaForOrigin', { origin })
  const again = await tab.evaluate(n => (globalThis as unknown as Api).again(n), full.written)
  expect(again).toEqual({ before: full.written, after: full.written + 1 })
})
