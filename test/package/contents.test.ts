import { existsSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, posix } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { importsOf, npm, type Packed, pack, repository, targetsOf } from './packed.ts'

let packed: Packed

beforeAll(async () => {
  packed = await pack()
})

afterAll(() => packed?.remove())

/** All that a package may hold. What fits none is there by mistake. */
const ALLOWED = [
  /^(LICENSE|README\.md|package\.json)$/,
  /^docs\/[A-Z-]+\.md$/,
  /^docs\/api\/[\w-]+\.md$/,
  /^docs\/images\/[\w-]+\.(png|svg|webp)$/,
  /^docs\/examples\/(?!.*\bdist\/)([\w-]+\/)*[\w.-]+\.([cm]?js|ts|html|css|md|json)$/,
  /^bench\/RESULTS\.md$/,
  /^dist\/browser\/(\w+|(storage|transport)\/[\w-]+|chunks\/[\w-]+)\.js(\.map)?$/,
  /^dist\/browser\/THIRD_PARTY_NOTICES\.txt$/,
  /^dist\/node\/(\w+|(storage|transport)\/[\w-]+|chunks\/[\w-]+)\.js$/,
  /^dist\/node\/index\.cjs$/,
  /^dist\/types\/(index\.d\.cts|exports\.d\.ts|pages\.d\.ts)$/,
  /^dist\/types\/(src|adapters)\/([\w-]+\/)*[\w-]+\.d\.c?ts$/
]

test('the package holds the built files, their types, the docs and the licence, and nothing else', () => {
  const folders = [...new Set(packed.files.map(path => path.split('/')[0]))]
  expect(folders.sort()).toEqual(['LICENSE', 'README.md', 'bench', 'dist', 'docs', 'package.json'])
  expect(packed.files.filter(path => !ALLOWED.some(pattern => pattern.test(path)))).toEqual([])
})

test('it is no larger than 2.5 MB, 9 MB unpacked', () => {
  expect(packed.size).toBeLessThan(2_500_000)
  expect(packed.unpackedSize).toBeLessThan(9_000_000)
})

test('every file that package.json names is there', () => {
  const { exports, bin, main, types } = packed.manifest
  const named = [
    ...Object.values(exports).flatMap(target => targetsOf(target).map(([path]) => path)),
    ...[...Object.values(bin), main, types].map(path => path.replace(/^\.\//, ''))
  ]
  expect(named.length).toBeGreaterThan(40)
  expect(named.filter(path => !packed.files.includes(path))).toEqual([])
})

test('every module is there for an entry, the command line or another module', () => {
  const { exports, bin } = packed.manifest
  const entries = [
    ...Object.values(exports).flatMap(target => targetsOf(target).map(([path]) => path)),
    ...Object.values(bin).map(path => path.replace(/^\.\//, ''))
  ]
  const isCode = (path: string) => /\.(js|cjs|d\.ts|d\.cts)$/.test(path)
  const reached = new Set(entries.filter(isCode))
  for (const path of reached) for (const other of filesImportedBy(path)) reached.add(other)
  expect([...reached].filter(path => !packed.files.includes(path))).toEqual([])
  const modules = packed.files.filter(path => path.startsWith('dist/') && isCode(path))
  expect(modules.filter(path => !reached.has(path))).toEqual([])
})

test('no declaration imports a source file', () => {
  const declarations = packed.files.filter(path => /\.d\.c?ts$/.test(path))
  const wrong = declarations.flatMap(path =>
    importsOf(packed.read(path))
      .filter(name => name.startsWith('.') && !/(\.js|\.d\.c?ts)$/.test(name))
      .map(name => `${path}: ${name}`)
  )
  expect(wrong).toEqual([])
})

test('all that it imports from other packages is a dependency, a peer of theirs, or comes with Node', () => {
  const { name, dependencies, peerDependencies } = packed.manifest
  const allowed = new Set([name, ...Object.keys(dependencies), ...Object.keys(peerDependencies)])
  const modules = packed.files.filter(path => /^dist\/node\/.*\.c?js$/.test(path))
  const bare = modules.flatMap(path => importsOf(packed.read(path)).filter(other => !other.startsWith('.')))
  const packages = new Set(bare.filter(other => !isBuiltin(other)).map(packageOf))
  expect(packages.size).toBeGreaterThan(5)
  expect([...packages].filter(other => !allowed.has(other))).toEqual([])
  const unused = Object.keys(dependencies).filter(other => !packages.has(other))
  expect(unused).toEqual([])
})

test('what a page loads imports no package at all', () => {
  const modules = packed.files.filter(path => /^dist\/browser\/.*\.js$/.test(path))
  const bare = modules.flatMap(path => importsOf(packed.read(path)).filter(other => !other.startsWith('.')))
  expect(bare).toEqual([])
})

test('nothing of ours runs when it is installed', () => {
  const hooks = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare']
  expect(Object.keys(packed.manifest.scripts).filter(name => hooks.includes(name))).toEqual([])
  expect(packed.files).not.toContain('binding.gyp')
})

test('no file names the folder that it was built in', () => {
  const text = packed.files.filter(path => !/\.(png|webp|ico)$/.test(path))
  expect(text.filter(path => packed.read(path).includes(dirname(join(repository, 'package.json'))))).toEqual(
    []
  )
})

test('every source map brings its sources with it, under relative names; where there is no map, none is named', () => {
  const maps = packed.files.filter(path => path.endsWith('.map'))
  expect(maps.length).toBeGreaterThan(3)
  for (const path of maps) {
    const { sources, sourcesContent } = JSON.parse(packed.read(path)) as {
      sources: string[]
      sourcesContent: (string | null)[]
    }
    expect(sources.filter(source => /^(\/|\w+:)/.test(source))).toEqual([])
    expect(sourcesContent.filter(content => typeof content === 'string').length).toBe(sources.length)
  }
  for (const path of packed.files.filter(path => path.endsWith('.js'))) {
    const [, named] = /^\/\/# sourceMappingURL=(\S+)/m.exec(packed.read(path)) ?? []
    expect(named ? posix.join(posix.dirname(path), named) : null).toBe(
      packed.files.includes(`${path}.map`) ? `${path}.map` : null
    )
  }
})

test('links of the README lead to files of the package; those of the docs do, or to sources in the repository', () => {
  const pages = packed.files.filter(path => path.endsWith('.md'))
  const broken = pages.flatMap(path => {
    // what stands in code is no link
    const text = packed.read(path).replace(/^```[\s\S]*?^```|`[^`\n]*`/gm, '')
    const found = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
    return found
      .map(([, to]) => posix.join(posix.dirname(path), to as string))
      .filter(to => !existsSync(join(packed.folder, to)))
      .filter(
        to => path === 'README.md' || !/^(src|adapters)\//.test(to) || !existsSync(join(repository, to))
      )
      .map(to => `${path}: ${to}`)
  })
  expect(broken).toEqual([])
})

test('npm would publish it as it is, without corrections of its own', async () => {
  // nobody answers there: what it says comes from the package alone
  const nowhere = ['--registry', 'http://127.0.0.1:9/', '--fetch-retries=0']
  const { stdout, stderr } = await npm(['publish', '--dry-run', '--ignore-scripts', ...nowhere], repository)
  expect(stdout).toContain(`autobee@${packed.manifest.version}`)
  expect(stderr).not.toMatch(/correct|invalid|removed/i)
})

test('each dependency is written down with its reason', () => {
  const reasons = packed.read('docs/DEPENDENCIES.md')
  const { dependencies, devDependencies, peerDependencies } = packed.manifest
  const names = Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies })
  expect(names.filter(name => !reasons.includes(`\`${name}\``))).toEqual([])
})

test('the changes of this version are written down', () => {
  expect(packed.read('docs/CHANGELOG.md')).toMatch(
    new RegExp(`^##? .*\\b${packed.manifest.version.replaceAll('.', '\\.')}\\b`, 'm')
  )
})

/** Paths in the package that a file imports by a relative name. */
function filesImportedBy(path: string): string[] {
  const declaration = /\.d\.c?ts$/.test(path)
  return importsOf(packed.read(path))
    .filter(name => name.startsWith('.'))
    .map(name => posix.join(posix.dirname(path), name))
    .map(name => (declaration ? name.replace(/\.js$/, '.d.ts') : name))
}

function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')
}
