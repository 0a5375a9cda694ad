import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import { build as vite } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium, openPage, outcomeOf, page, STRICT_POLICY, serveSite } from '../support/chromium.ts'
import { node, type Packed, pack } from './packed.ts'

let packed: Packed
let browser: Browser

beforeAll(async () => {
  packed = await pack()
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  await packed?.remove()
})

/** What a script says in a page, after Vite has bundled it and left out what it does not use. */
async function bundled<T>(name: string, script: string): Promise<T> {
  const root = join(packed.project, name)
  await mkdir(root)
  await writeFile(join(root, 'index.html'), page('/main.js'))
  await writeFile(join(root, 'main.js'), script)
  await vite({ root, configFile: false, logLevel: 'silent', build: { outDir: 'out' } })
  const files = { '/': await readFile(join(root, 'out', 'index.html'), 'utf8') }
  const site = await serveSite({ files, folders: { '/': join(root, 'out') }, policy: STRICT_POLICY })
  const watched = await openPage(browser, site.url)
  try {
    return await outcomeOf<T>(watched)
  } finally {
    await watched.page.context().close()
    await site.close()
  }
}

/** All that a program can import; the worker's script is no module to import from. */
function entries(): string[] {
  const subpaths = Object.keys(packed.manifest.exports)
  return subpaths
    .filter(path => !path.endsWith('.json') && !path.endsWith('-worker'))
    .map(path => `autobee${path.slice(1)}`)
}

test('every entry has the same names in a bundled page as in Node', async () => {
  const names = entries()
  const imports = names.map((name, index) => `import * as entry${index} from '${name}'`).join('\n')
  const listed = names.map((name, index) => `'${name}': Object.keys(entry${index}).sort()`).join(', ')
  const inPage = await bundled<Record<string, string[]>>(
    'names',
    `${imports}\nglobalThis.outcome = { ${listed} }`
  )
  const script = `${imports}\nconsole.log(JSON.stringify({ ${listed} }))`
  const { stdout } = await node(['--input-type=module', '--eval', script], packed.project)
  const inNode = JSON.parse(stdout) as Record<string, string[]>
  expect(Object.keys(inPage)).toHaveLength(names.length)
  expect(inPage).toEqual({ ...inNode, autobee: inNode.autobee?.filter(name => name !== 'module.exports') })
})

test('what is left of a bundle that uses little still waits for its cryptography', async () => {
  const script = `import { openStore } from 'autobee'
import { KeyValue } from 'autobee/kv'
import { memory } from 'autobee/storage/memory'
globalThis.outcome = (async () => {
  const kv = new KeyValue(await openStore(memory()))
  await kv.put('a', 1)
  return kv.get('a')
})()`
  expect(await bundled('little', script)).toBe(1)
})
