import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
let project: string

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'autobee-types-'))
  await mkdir(join(project, 'node_modules'))
  await symlink(repository, join(project, 'node_modules', 'autobee'), 'junction')
})

afterAll(() => rm(project, { recursive: true, force: true }))

const PAGE = `import Default, { Autobee, b4a, estimate, indexedDb, memory, openStore, persist } from 'autobee'
import { KeyValue } from 'autobee/kv'
import { indexedDb as same, type IndexedDbOptions } from 'autobee/storage/indexeddb'
import { memory as alsoMemory } from 'autobee/storage/memory'
import { randomAccess } from 'autobee/storage/random-access'
import { storageSuite } from 'autobee/testing'
import { webSocketStream } from 'autobee/transport/websocket'
const options: IndexedDbOptions = { durability: 'strict' }
const db = new Autobee(await openStore(indexedDb('name', options)))
const kv = new KeyValue<string, number>(await openStore(memory()))
await openStore(alsoMemory(), { wait: true })
await openStore(same('name'))
const persisted: boolean = await persist()
const usage: number | null = (await estimate()).usage
// @ts-expect-error no such durability
indexedDb('name', { durability: 'often' })
// @ts-expect-error the store is no number
new Default(3)
const stream = db.replicate(true)
stream.pipe(webSocketStream(new WebSocket('wss://example.org'))).pipe(stream)
export const all = [db, kv, b4a, persisted, usage, randomAccess, storageSuite]
`

const NODE = `import { Autobee, openStore } from 'autobee'
import { indexedDb } from 'autobee/storage/indexeddb'
import { memory } from 'autobee/storage/memory'
export const db = new Autobee(await openStore(memory()))
export const place = indexedDb('name')
`

async function errorsOf(source: string, options: object): Promise<string> {
  await writeFile(join(project, 'main.mts'), source)
  const compilerOptions = { strict: true, skipLibCheck: false, noEmit: true, target: 'es2022', ...options }
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.mts'] }))
  return new Promise(resolve => {
    execFile(process.execPath, [tsc, '-p', '.'], { cwd: project }, (_error, stdout, stderr) => {
      resolve(stdout + stderr)
    })
  })
}

test('a page that is bundled gets the types of what a page can have', async () => {
  const options = { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022', 'dom'], types: [] }
  expect(await errorsOf(PAGE, options)).toBe('')
})

test('so does a worker, which has no DOM', async () => {
  const options = { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022', 'webworker'], types: [] }
  expect(await errorsOf(PAGE, options)).toBe('')
})

test('the entries for storage have types in Node', async () => {
  expect(await errorsOf(NODE, { module: 'nodenext', types: [] })).toBe('')
})
