// The build: the bundles (Vite) and the type declarations (tsc), made aside and put in place when both succeeded.
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { basename, join, relative, sep } from 'node:path'
import { gzipSync } from 'node:zlib'
import { finishPackage } from './package.mjs'

const INPUTS = [
  'src',
  'adapters',
  'demo',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'vite.config.ts',
  '.ci/build.mjs',
  '.ci/bundles.ts',
  '.ci/licences.ts',
  '.ci/notices.ts',
  '.ci/opfs-worker.ts',
  '.ci/package.mjs',
  '.ci/page.ts',
  '.ci/service-worker.ts',
  '.ci/tsconfig.build.json'
]

const BUILT = [
  'dist/node/index.js',
  'dist/node/index.cjs',
  'dist/browser/autobee.js',
  'dist/page/index.html',
  'dist/types/index.d.cts'
]

/** Bytes of all that a plain page loads, gzipped; a build that exceeds them fails. */
const BROWSER_BUDGET = 400_000

/** Whether a build is there, whatever it was made from. */
export function builtFiles(root) {
  return BUILT.every(path => existsSync(join(root, path)))
}

export function hashInputs(root) {
  const hash = createHash('sha256')
  for (const input of INPUTS) {
    for (const path of walk(join(root, input)))
      hash.update(relative(root, path)).update('\0').update(readFileSync(path))
  }
  return hash.digest('hex')
}

/** Builds into `dist`; gives the name of the step that failed, or null. A failed build leaves the old one in place. */
export async function buildAll(root, run) {
  // As deep as `dist`, for the source maps' relative paths.
  const aside = join(root, '.dist-new')
  const old = join(root, '.dist-old')
  rmSync(aside, { recursive: true, force: true })
  const node = args => run(process.execPath, args, { quiet: true })

  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  if (await node([vite, 'build', '--outDir', join(aside, 'node')])) return 'the bundling (vite)'
  chmodSync(join(aside, 'node', 'cli.js'), 0o755)
  if (await node([vite, 'build', '--mode', 'browser', '--outDir', join(aside, 'browser')]))
    return 'the bundling for browsers (vite)'
  if (await node([vite, 'build', '--mode', 'page', '--outDir', join(aside, 'page')]))
    return "the bundling of the demo's page (vite)"
  if (!withinBudget(join(aside, 'browser', 'autobee.js'))) return 'the size of what a page loads'

  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  if (await node([tsc, '-p', '.ci/tsconfig.build.json', '--outDir', join(aside, 'types')]))
    return 'the types (tsc)'
  finishTypes(root, join(aside, 'types'))
  finishPackage(root, aside)

  const dist = join(root, 'dist')
  rmSync(old, { recursive: true, force: true })
  if (existsSync(dist)) renameSync(dist, old)
  renameSync(aside, dist)
  rmSync(old, { recursive: true, force: true })
  return null
}

function withinBudget(entry) {
  const bytes = loadedFiles(entry).reduce((sum, path) => sum + gzipSync(readFileSync(path)).byteLength, 0)
  const kilobytes = Math.round(bytes / 1000)
  console.log(`A page loads ${kilobytes} KB (gzip), of ${BROWSER_BUDGET / 1000} KB that it may.`)
  return bytes <= BROWSER_BUDGET
}

/** A module of the build and all that it imports statically. */
function loadedFiles(entry) {
  const found = new Set([entry])
  for (const path of found) {
    for (const [, other] of readFileSync(path, 'utf8').matchAll(
      /(?:from|import) ?["'`](\.{1,2}\/[^"'`]+)["'`]/g
    ))
      found.add(join(path, '..', other))
  }
  return [...found]
}

/**
 * tsc emits nothing for declaration files, and none of what refers to them: puts them beside the emitted ones, and a
 * reference into every file that names such a package, so that users get its types whichever file they enter by.
 */
function finishTypes(root, types) {
  const source = join(root, 'src', 'types')
  const target = join(types, 'src', 'types')
  const names = new Map()
  mkdirSync(target, { recursive: true })
  for (const path of walk(source)) {
    names.set(basename(path, '.d.cts'), join(target, basename(path)))
    copyFileSync(path, join(target, basename(path)))
  }

  for (const path of walk(types)) {
    // tsc leaves the sources' `.ts` in declarations; users' tools look for `.js`.
    const text = readFileSync(path, 'utf8').replace(
      /((?:from |import |import\()['"]\.{1,2}\/[^'"]*)\.ts(?=['"])/g,
      '$1.js'
    )
    const used = [...names].filter(([name, file]) => file !== path && mentions(text, name))
    const lines = used.map(
      ([, file]) => `/// <reference path="${slashed(relative(join(path, '..'), file))}" />\n`
    )
    writeFileSync(path, lines.join('') + text)
  }
  writeRequireTypes(types)
}

/**
 * What `require('autobee')` gives, as types: the class, with all else that the package exports as its statics and in
 * its namespace. The middle file is there because TypeScript, too, takes an export named 'module.exports' for the module.
 */
function writeRequireTypes(types) {
  const exported = exportedNames(join(types, 'adapters', 'entry', 'node.d.ts'))
  const values = [...exported.values].filter(name => name !== 'Autobee' && name !== 'default').sort()
  const names = [...exported.types].sort()
  writeFileSync(
    join(types, 'exports.d.ts'),
    `import type * as exports from './adapters/entry/node.js'
export type { Autobee as Base, ${names.join(', ')} } from './adapters/entry/node.js'
export type Values = typeof exports
export type Instance<T> = T extends abstract new (...args: never) => infer I ? I : never
`
  )
  writeFileSync(
    join(types, 'index.d.cts'),
    `import type { Base, Instance, Values, ${names.join(', ')} } from './exports.js' with { 'resolution-mode': 'import' }
declare class Autobee<View = HyperbeeView, Value = Bytes> extends Base<View, Value> {}
declare namespace Autobee {
  export const Autobee: Values['Autobee']
  export type Autobee<View = HyperbeeView, Value = Bytes> = Base<View, Value>
  export { ${names.join(', ')} }
${values.map(name => `  export const ${name}: Values['${name}']\n  export type ${name} = Instance<Values['${name}']>`).join('\n')}
}
export = Autobee
`
  )
}

/** The names that a declaration file of ours exports: values, and those that are types only. */
function exportedNames(path, values = new Set(), types = new Set()) {
  const text = readFileSync(path, 'utf8')
  for (const [, onlyTypes, list] of text.matchAll(/^export (type )?\{([^}]*)\}/gm)) {
    for (const item of list.split(',')) {
      const [, onlyType, name] = /^(type )?(?:.* as )?([\w$]+)$/.exec(item.trim()) ?? []
      if (name) (onlyTypes || onlyType ? types : values).add(name)
    }
  }
  for (const [, kind, name] of text.matchAll(/^export (?:declare )?(?:abstract )?(\w+) ([\w$]+)/gm)) {
    if (kind === 'interface' || kind === 'type') types.add(name)
    else if (['class', 'const', 'function', 'let'].includes(kind)) values.add(name)
  }
  for (const [, other] of text.matchAll(/^export \* from ['"](\..*)\.js['"]/gm)) {
    exportedNames(join(path, '..', `${other}.d.ts`), values, types)
  }
  return { values, types }
}

function mentions(text, name) {
  return new RegExp(`(from |import\\()['"]${name}['"]`).test(text)
}

function slashed(path) {
  const posix = path.split(sep).join('/')
  return posix.startsWith('.') ? posix : `./${posix}`
}

function walk(path) {
  if (!existsSync(path)) return []
  try {
    return readdirSync(path)
      .sort()
      .flatMap(name => walk(join(path, name)))
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path]
    throw error
  }
}
