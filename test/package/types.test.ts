import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { node, type Packed, pack, repository } from './packed.ts'

let packed: Packed
let projects = 0

beforeAll(async () => {
  packed = await pack()
})

afterAll(() => packed?.remove())

const { exports } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>
}
const subpaths = Object.keys(exports)
  .filter(name => name !== '.' && !name.endsWith('.json'))
  .map(name => `autobee${name.slice(1)}`)

/** What every program below says, whatever `Autobee`, `AutobeeError`, `memory` and `openStore` came from. */
const USE = `
async function use(key: Uint8Array): Promise<string> {
  const store = await openStore(memory())
  const db = new Autobee(store, null, {
    valueEncoding: 'json',
    async apply(nodes, view, host) {
      const batch = view.write()
      for (const node of nodes) batch.tryPut(node.key, key)
      host.addWriter(key, { isIndexer: false })
      await batch.flush()
    }
  })
  await db.ready()
  const length: number = db.local.length
  const node = await db.view.get(key)
  db.on('update', () => {})
  // @ts-expect-error no such event
  db.on('no-such-event', () => {})
  // @ts-expect-error the store is no number
  new Autobee(3)
  try {
    await db.append({ a: 1 })
  } catch (error) {
    if (AutobeeError.is(error, 'NOT_WRITABLE')) return error.code
  }
  await db.close()
  return String(length) + String(node)
}
void use
`
const all = (names: readonly string[]) => `void [${names.join(', ')}]\n`
const identifiers = subpaths.map((_, index) => `entry${index}`)

/** As an ES module. */
const ESM = `import Default, { Autobee, AutobeeError, memory, openStore } from 'autobee'
${subpaths.map((name, index) => `import * as entry${index} from '${name}'`).join('\n')}
const same: typeof Autobee = Default
${all(['same', ...identifiers])}${USE}`

/** As CommonJS, where other entries are imported by `import()`, in any version. */
const CJS = `import Autobee = require('autobee')
const { AutobeeError, memory, openStore } = Autobee
${subpaths.map((name, index) => `const entry${index} = import('${name}')`).join('\n')}
const error: Autobee.AutobeeError | null = null
const options: Autobee.AutobeeOptions = {}
${all(['error', 'options', ...identifiers])}${USE}`

/** As CommonJS, where `require` takes ES modules. */
const CJS_REQUIRES = `import Autobee = require('autobee')
${subpaths.map((name, index) => `import entry${index} = require('${name}')`).join('\n')}
${all(['Autobee', ...identifiers])}`

/** What TypeScript says to a program of one file; nothing when it is right. */
async function complaintsOf(tsc: string, file: string, source: string, options: object): Promise<string> {
  const project = join(packed.project, `project-${projects++}`)
  await mkdir(project)
  await writeFile(join(project, file), source)
  const compilerOptions = { noEmit: true, skipLibCheck: false, target: 'es2022', types: [], ...options }
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }))
  return node([tsc, '-p', '.'], project).then(
    ({ stdout, stderr }) => stdout + stderr,
    (error: Error) => error.message
  )
}

const tsc = createRequire(import.meta.url)
  .resolve('typescript/package.json')
  .replace(/package\.json$/, 'bin/tsc')

const withNode = { types: ['node'], typeRoots: [join(repository, 'node_modules', '@types')] }
const PROGRAMS = {
  "for Node, with Node's types": { lib: ['es2022'], ...withNode },
  "for Node, with Node's types and the DOM": { lib: ['es2022', 'dom'], ...withNode },
  'for Node, with no types of anything': { lib: ['es2022'], types: [] },
  'for a page': { lib: ['es2022', 'dom'], types: [] },
  'for a worker': { lib: ['es2022', 'webworker'], types: [] }
}

describe('skipLibCheck may be off, in a program', () => {
  for (const [name, { lib, ...types }] of Object.entries(PROGRAMS)) {
    for (const strict of [true, false]) {
      test(`${name}, ${strict ? 'strict' : 'not strict'}`, async () => {
        const common = { strict, lib, ...types }
        const [esm, cjs] = types.types.length > 0 ? [ESM, CJS] : [withoutRelay(ESM), withoutRelay(CJS)]
        const complaints = await Promise.all([
          complaintsOf(tsc, 'main.mts', esm, { module: 'node16', ...common }),
          complaintsOf(tsc, 'main.mts', esm, { module: 'nodenext', ...common }),
          complaintsOf(tsc, 'main.cts', cjs, { module: 'node16', ...common }),
          complaintsOf(tsc, 'main.cts', cjs, { module: 'nodenext', ...common }),
          complaintsOf(tsc, 'main.ts', esm, { module: 'esnext', moduleResolution: 'bundler', ...common })
        ])
        expect(complaints).toEqual(['', '', '', '', ''])
      })
    }
  }
})

test('CommonJS may require every entry, as Node 20.19 does, under nodenext', async () => {
  const options = { module: 'nodenext', strict: true, lib: ['es2022'], ...withNode }
  expect(await complaintsOf(tsc, 'main.cts', CJS_REQUIRES, options)).toBe('')
})

/** The one entry whose options are Node's own servers, and which needs Node's types. */
function withoutRelay(source: string): string {
  const [, name = 'none'] = /(entry\d+) (?:from|= import\() ?'autobee\/transport\/relay'/.exec(source) ?? []
  return source.replace(/^.*autobee\/transport\/relay'.*\n/m, '').replace(new RegExp(`, ${name}\\b`), '')
}
