// What the build does for those who install the package, after the bundles and the declarations are made.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const MAP_COMMENT = /\n?\/\/# sourceMappingURL=\S+\s*$/

/** `dist` is the folder of the build, wherever it is made. */
export function finishPackage(root, dist) {
  writeFileSync(join(dist, 'node', 'index.cjs'), REQUIRED)
  dropUselessMaps(join(dist, 'browser', 'chunks'))
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

function typesOf(entry) {
  if (typeof entry !== 'object' || entry === null) return []
  return Object.entries(entry).flatMap(([name, value]) => (name === 'types' ? [value] : typesOf(value)))
}

/** Declarations that no entry leads to describe what nobody can import. */
function keepReachable(folder, entries) {
  const kept = new Set(entries)
  for (const path of kept) for (const other of declarationsIn(path)) kept.add(other)
  for (const name of readdirSync(folder, { recursive: true })) {
    const path = join(folder, name)
    if (isFile(path) && !kept.has(path)) rmSync(path)
  }
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
