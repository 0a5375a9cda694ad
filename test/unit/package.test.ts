import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** The package as users get it: from outside of the repository, by its name, out of `dist`. */
const repository = fileURLToPath(new URL('../..', import.meta.url))
const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
let project: string

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'autobee-package-'))
  await mkdir(join(project, 'node_modules', '@types'), { recursive: true })
  await symlink(repository, join(project, 'node_modules', 'autobee'), 'junction')
  await symlink(
    join(repository, 'node_modules', '@types', 'node'),
    join(project, 'node_modules', '@types', 'node'),
    'junction'
  )
})

afterAll(() => rm(project, { recursive: true, force: true }))

function node(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { NODE_OPTIONS: _, ...env } = process.env
  return new Promise(resolve => {
    execFile(process.execPath, args, { cwd: project, env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr })
    })
  })
}

async function run(name: string, source: string): Promise<unknown> {
  await writeFile(join(project, name), source)
  const { code, stdout, stderr } = await node(name)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

async function errorsOf(files: Record<string, string>, options: object): Promise<string> {
  for (const [name, source] of Object.entries(files)) await writeFile(join(project, name), source)
  const compilerOptions = { strict: true, skipLibCheck: false, noEmit: true, target: 'es2022', ...options }
  await writeFile(
    join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: Object.keys(files) })
  )
  const { stdout, stderr } = await node(tsc, '-p', '.')
  return stdout + stderr
}

test('the storage suite of autobee/testing runs in a test framework that the package does not know', async () => {
  const source = `import { test } from 'node:test'
import { storageSuite } from 'autobee/testing'
import { memory } from 'autobee/storage/memory'
storageSuite({ test, create: () => ({ adapter: memory(), destroy: async () => {} }), seeds: [1], steps: 50 })
`
  await writeFile(join(project, 'suite.mjs'), source)
  const { code, stdout } = await node('--test', '--test-reporter=tap', 'suite.mjs')
  expect({ code, failed: /^# fail (\d+)$/m.exec(stdout)?.[1] }).toEqual({ code: 0, failed: '0' })
  expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(40)
})

describe('in Node', () => {
  test('require gives the class, with the other exports as its statics, without a warning', async () => {
    const source = `const Autobee = require('autobee')
const store = new Autobee.Corestore(${JSON.stringify('unused')} + process.pid)
const db = new Autobee(store, null, { apply: async () => {} })
console.log(JSON.stringify({
  name: Autobee.name,
  statics: ['openStore', 'Corestore', 'b4a', 'AutobeeError', 'typed', 'isAutobee'].filter(name => name in Autobee),
  isAutobee: Autobee.isAutobee(db),
  byName: require('autobee').Autobee === Autobee,
  genesis: Autobee.GENESIS
}))
db.ready().then(() => db.close()).then(() => store.close()).then(() => require('fs').rmSync('unused' + process.pid, { recursive: true }))`
    expect(await run('require.cjs', source)).toEqual({
      name: 'Autobee',
      statics: ['openStore', 'Corestore', 'b4a', 'AutobeeError', 'typed', 'isAutobee'],
      isAutobee: true,
      byName: true,
      genesis: { length: 0, key: null }
    })
  })

  test('import gives the same class as default and by name, and the other exports', async () => {
    const source = `import Default, { Autobee, AutobeeError, b4a, Corestore, openStore } from 'autobee'
import { createRequire } from 'node:module'
console.log(JSON.stringify({
  same: Default === Autobee && createRequire(import.meta.url)('autobee') === Autobee,
  types: [AutobeeError, Corestore, openStore].map(value => typeof value),
  bytes: b4a.toString(b4a.from('00ff', 'hex'), 'hex')
}))`
    expect(await run('import.mjs', source)).toEqual({
      same: true,
      types: ['function', 'function', 'function'],
      bytes: '00ff'
    })
  })

  test('every path that the package exports is there, and every entry can be imported', async () => {
    const { exports } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'))
    const missing = targetsOf(exports).filter(path => !existsSync(join(repository, path)))
    expect(missing).toEqual([])

    const entries = Object.keys(exports).filter(path => !path.endsWith('.json'))
    const imports = entries.map(path => `await import('autobee${path.slice(1)}')`)
    expect(await run('entries.mjs', `${imports.join('\n')}\nconsole.log('true')`)).toBe(true)
  })
})

describe('types', () => {
  const esm = `import Default, { Autobee, AutobeeError, openStore, type HyperbeeView } from 'autobee'
import Corestore from 'corestore'
import { KeyValue } from 'autobee/kv'
const store: Corestore = await openStore('./db')
const kv = new KeyValue<string, { text: string }>(store, null, { encryptionKey: new Uint8Array(32) })
for await (const change of kv.watch({ prefix: 'a' })) if (change.type === 'put') change.value.text.toUpperCase()
// @ts-expect-error no such value
await kv.put('a', 1)
const db = new Autobee(store, null, {
  async apply(nodes, view, host) {
    for (const node of nodes) {
      const batch = view.write()
      batch.tryPut(node.key, node.key)
      await batch.flush()
    }
    host.addWriter('aa'.repeat(32), { isIndexer: false })
  }
})
await db.ready()
const view: HyperbeeView = db.view
const value: Uint8Array | undefined = (await view.get(new Uint8Array(1)))?.value
const { key, length }: { key: Uint8Array; length: number } = await db.append(new Uint8Array(1))
if (Default.isAutobee(db)) await db.close()
// @ts-expect-error the store is no number
new Default(3)
export const all = [value, key, length, AutobeeError]
`
  const cjs = `const Autobee = require('autobee')
async function main() {
  const store = await Autobee.openStore('./db')
  const db = new Autobee(store, null, { apply: async (nodes, view, host) => void [nodes.length, view, host.key] })
  const { length } = await db.append(Autobee.b4a.from('x'))
  /** @type {Autobee} */
  const same = db
  // @ts-expect-error there is no such static
  Autobee.nothing()
  // @ts-expect-error the store is no number
  new Autobee(3)
  return [length.toFixed(), same.view, new Autobee.Corestore('./other')]
}
main()
`
  const cts = `import Autobee, { Autobee as Named, openStore, AutobeeError, type HyperbeeView } from 'autobee'
export async function main(): Promise<[HyperbeeView, Autobee.HyperbeeView]> {
  const db: Autobee = new Autobee(await openStore('./db'))
  const named: Autobee.Autobee<HyperbeeView> = new Named(await openStore('./db'))
  const error: unknown = null
  if (error instanceof AutobeeError) error.code.toUpperCase()
  return [db.view, named.view]
}
`
  const common = { esModuleInterop: true, allowJs: true, checkJs: true, types: ['node'] }

  test.for(['nodenext', 'node20', 'node16'])('hold in ESM and CommonJS with module %s', async module => {
    const files = { 'consumer.mts': esm, 'consumer.cjs': cjs, 'consumer-cjs.cts': cts }
    expect(await errorsOf(files, { ...common, module })).toBe('')
  })

  test('hold for bundlers, without the types of Node', async () => {
    const options = { module: 'esnext', moduleResolution: 'bundler', types: [] }
    expect(await errorsOf({ 'bundled.ts': esm }, options)).toBe('')
  })
})

function targetsOf(exports: unknown): string[] {
  if (typeof exports === 'string') return [exports]
  return Object.values(exports as Record<string, unknown>).flatMap(targetsOf)
}
