// The entry points of the package, and which symbols each of them has.
import { existsSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import ts from 'typescript'

/** Runtimes that an entry is for, where not for both. */
const ONLY = {
  'autobee/tabs': 'pages',
  'autobee/storage/file': 'Node',
  'autobee/storage/indexeddb': 'pages',
  'autobee/storage/opfs': 'pages',
  'autobee/transport/tcp': 'Node',
  'autobee/transport/relay': 'Node'
}

/** Shared declarations whose home is not the first entry that has them. */
const HOMES = [
  [/^src\/(?!kv\/|publish\/)/, 'autobee'],
  [/^adapters\/storage\/(adapter|open-store)\.ts$/, 'autobee'],
  [/^adapters\/(testing\/|storage\/key-value\.ts|transport\/contract\.ts)/, 'autobee/testing']
]

/**
 * Reads the sources. Gives the entries in the order of package.json, each with its symbols by name, and for each symbol
 * where it is described.
 */
export function readEntries(root) {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const entries = []
  for (const [path, target] of Object.entries(exports)) {
    const types = target.types
    const source = types?.replace('./dist/types/', '').replace(/\.d\.ts$/, '.ts')
    if (!source || !existsSync(join(root, source))) continue
    const name = `autobee${path.slice(1)}`
    entries.push({ name, source, only: ONLY[name] ?? null })
  }
  const program = programOf(
    root,
    entries.map(({ source }) => join(root, source))
  )
  const checker = program.getTypeChecker()
  const symbols = new Map()
  for (const entry of entries) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(join(root, entry.source)))
    entry.names = new Map()
    for (const exported of checker.getExportsOfModule(module)) {
      const { name } = exported
      if (name === 'module.exports') continue
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      entry.names.set(name, symbol)
      if (name !== 'default' && !symbols.has(symbol)) symbols.set(symbol, describe(symbol, { name, root }))
    }
  }
  for (const [symbol, about] of symbols) about.home = homeOf(symbol, { about, entries })
  // the script of a worker exports nothing to describe
  return {
    entries: entries.filter(({ names }) => [...names.keys()].some(name => name !== 'default')),
    symbols,
    checker
  }
}

function programOf(root, files) {
  const path = join(root, 'tsconfig.json')
  const { config } = ts.readConfigFile(path, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root)
  // declarations of packages that have none
  const ours = ts.sys.readDirectory(join(root, 'src', 'types'), ['.cts'])
  return ts.createProgram([...files, ...ours], options)
}

function describe(symbol, { name, root }) {
  const declarations = (symbol.declarations ?? []).filter(
    node => !node.getSourceFile().fileName.includes('node_modules')
  )
  const [first] = declarations
  const file = first ? relative(root, first.getSourceFile().fileName).split(sep).join('/') : null
  // what another package exports, or is declared for it, is described by that package
  const isForeign = file === null || file.startsWith('src/types/')
  return { name, file, declarations, isForeign, home: null }
}

function homeOf(symbol, { about, entries }) {
  const having = entries.filter(({ names }) => [...names.values()].includes(symbol))
  const [, wanted] = HOMES.find(([pattern]) => about.file && pattern.test(about.file)) ?? []
  const special = having.find(({ name }) => name === wanted)
  return (special ?? having.find(({ name }) => name !== 'autobee') ?? having[0]).name
}
