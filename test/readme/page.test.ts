import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import b4a from 'b4a'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectRelay, memory, openStore } from '../../adapters/entry/node.ts'
import { createRelay } from '../../adapters/transport/relay.ts'
import { type ApplyNode, Autobee } from '../../src/index.ts'
import { launchChromium, openPage, outcomeOf, type Site, serveSite } from '../support/chromium.ts'

/** The README's page as its readers use it: served beside the package's own files. */
const repository = fileURLToPath(new URL('../..', import.meta.url))
const readme = await readFile(`${repository}/README.md`, 'utf8')

let browser: Browser
let site: Site

const [, html = ''] = /^```html quickstart page\n([\s\S]*?)^```$/m.exec(readme) ?? []

beforeAll(async () => {
  expect(html).toContain('<script type="module">')
  site = await serveSite({ folders: { '/autobee/': `${repository}/dist/browser` }, files: { '/': html } })
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
})

test('the page of the README counts its visits, from one visit to the next', async () => {
  const { page, errors } = await openPage(browser, site.url)
  const count = () => page.textContent('output')
  for (const visits of ['1', '2', '3']) {
    await page.waitForFunction(() => document.querySelector('output')?.textContent !== '')
    expect(await count()).toBe(visits)
    await page.reload()
  }
  expect(errors).toEqual([])
})

test("with the README's lines for a relay, a peer in Node sees the page's visits", async () => {
  const [, lines = ''] = /^```js quickstart-relay\n([\s\S]*?)^```$/m.exec(readme) ?? []
  const relay = await createRelay()
  const inPage = lines.replace("'autobee'", "'/autobee/autobee.js'").replace('ws://127.0.0.1:8080', relay.url)
  expect(inPage).toContain(relay.url)
  const script = `globalThis.key = b4a.toString(db.key, 'hex')\n${inPage}\nglobalThis.outcome = 'connected'\n</script>`
  const meeting = await serveSite({
    folders: { '/autobee/': `${repository}/dist/browser` },
    files: { '/': html.replace('</script>', () => script) }
  })
  const opened = await openPage(browser, meeting.url)
  const store = await openStore(memory())
  try {
    await opened.page.waitForFunction(() => 'key' in globalThis)
    const key = await opened.page.evaluate(() => (globalThis as unknown as { key: string }).key)
    const db = new Autobee(store, key, { apply, valueEncoding: 'json' })
    await db.ready()
    const peer = connectRelay(db, relay.url)
    const visits = async () => (await db.view.get(VISITS))?.value ?? null
    while (!(await visits())) await new Promise<void>(resolve => db.once('update', () => resolve()))
    expect(b4a.toString((await visits()) as Uint8Array)).toBe('1')
    expect(await outcomeOf(opened)).toBe('connected')
    await peer.close()
    await db.close()
  } finally {
    await opened.page.context().close()
    await store.close()
    await meeting.close()
    await relay.close()
  }
})

const VISITS = b4a.from('visits')

/** The page's. */
async function apply(nodes: readonly ApplyNode[], view: Autobee['bee']): Promise<void> {
  const batch = view.write()
  for (const { value } of nodes)
    batch.tryPut(VISITS, b4a.from(String((value as unknown as { visits: number }).visits)))
  await batch.flush()
}
