// What the build does for those who install the package, after the bundles and the declarations are made.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'

const MAP_COMMENT = /\n?\/\/# sourceMappingURL=\S+\s*$/

/** `dist` is the folder of the build, wherever it is made. */
export function finishPackage(root, dist) {
  writeFileSync(join(dist, 'node', 'index.cjs'), REQUIRED)
  dropUselessMaps(join(dist, 'browser', 'chunks'))
  declareNamesOfPages(join(dist, 'types'))
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const entries = typesOf(exports).map(path => join(dist, path.replace(/^\.\/dist\//, '')))
  keepReachable(join(dist, 'types'), entries.filter(isFile))
}

/** CommonJS, so that tools which go by the file's name agree with its types; the same class, the same module. */
const REQUIRED = `'use strict'
module.exports = require('./index.js')
`

/** libsodium comes minified and its map shows just that: a third of all bytes of maps, for nothing. */
function dropUselessMaps(chunks) {
  for (const name of readdirSync(chunks)) {
    if (!/^libsodium-.*\.js$/.test(name)) continue
    const path = join(chunks, name)
    writeFileSync(path, readFileSync(path, 'utf8').replace(MAP_COMMENT, '\n'))
    rmSync(`${path}.map`, { force: true })
  }
}

/** Types that only "DOM" or "WebWorker" in `lib` declares; some of them Node's types, too. */
const NAMES_OF_PAGES = [
  'AbortSignal',
  'BroadcastChannel',
  'EventTarget',
  'IDBDatabase',
  'IDBFactory',
  'IDBKeyRange',
  'IDBRequest<T = any>',
  'IDBTransaction',
  'LockManager',
  'Worker'
]

/**
 * Declares them as empty interfaces, which merge with the true ones where there are any, so that a program for Node that
 * has no such `lib` can read our declarations, and those of streamx.
 */
function declareNamesOfPages(types) {
  const file = join(types, 'pages.d.ts')
  const names = new RegExp(
    `\\b(${NAMES_OF_PAGES.map(name => name.replace(/<.*/, '')).join('|')})\\b|from 'streamx'`
  )
  for (const path of declarationFiles(types)) {
    const text = readFileSync(path, 'utf8')
    if (!names.test(text)) continue
    const way = relative(dirname(path), file).split(sep).join('/')
    writeFileSync(path, `/// <reference path="${way.startsWith('.') ? way : `./${way}`}" />\n${text}`)
  }
  writeFileSync(file, NAMES_OF_PAGES.map(name => `interface ${name} {}\n`).join(''))
}

function declarationFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .map(name => join(folder, name))
    .filter(isFile)
}

function typesOf(entry) {
  if (typeof entry !== 'object' || entry === null) return []
  return Object.entries(entry).flatMap(([name, value]) => (name === 'types' ? [value] : typesOf(value)))
}

/** Declarations that no entry leads to describe what nobody can import. */
function keepReachable(folder, entries) {
  const kept = new Set(entries)
  for (const path of kept) for (const other of declarationsIn(path)) kept.add(other)
  for (const path of declarationFiles(folder)) if (!kept.has(path)) rmSync(path)
}

function declarationsIn(path) {
  const text = readFileSync(path, 'utf8')
  const imports = [...text.matchAll(/(?:from |import |import\()['"](\.{1,2}\/[^'"]+)['"]/g)].map(([, to]) =>
    to.replace(/\.js$/, '.d.ts')
  )
  const references = [...text.matchAll(/^\/\/\/ <reference path="([^"]+)"/gm)].map(([, to]) => to)
  return [...imports, ...references].map(to => resolve(dirname(path), to))
}

function isFile(path) {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
