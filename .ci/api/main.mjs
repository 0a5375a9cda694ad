// Run by .ci/api.mjs, which installs what it needs. Writes docs/api from the docstrings; with --check, says what is out of date instead.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readEntries } from './entries.mjs'
import { render } from './render.mjs'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const folder = join(root, 'docs', 'api')
const { pages, undocumented } = render(readEntries(root))

const stale = []
for (const name of existsSync(folder) ? readdirSync(folder) : []) if (!pages.has(name)) stale.push(name)
for (const [name, text] of pages) {
  const path = join(folder, name)
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) stale.push(name)
}

if (process.argv.includes('--check')) {
  for (const name of stale) console.error(`docs/api/${name} is out of date: npm run docs:api`)
  for (const name of undocumented) console.error(`no docstring: ${name}`)
  process.exitCode = stale.length + undocumented.length > 0 ? 1 : 0
} else {
  mkdirSync(folder, { recursive: true })
  for (const name of stale) if (!pages.has(name)) rmSync(join(folder, name))
  for (const [name, text] of pages) writeFileSync(join(folder, name), text)
  for (const name of undocumented) console.warn(`no docstring: ${name}`)
  console.log(`${pages.size} pages in docs/api`)
}
