import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launchChromium, openPage, outcomeOf, page, STRICT_POLICY, serveSite } from '../support/chromium.ts'
import {
  autobee,
  copiesOf,
  emptyProject,
  npmInstall,
  ours,
  pnpmAdd,
  readmeBlock,
  removeProject,
  startUntil,
  whyNot
} from './installed.ts'
import { node, npm, type Packed, pack } from './packed.ts'

let packed: Packed

beforeAll(async () => {
  if (!whyNot) packed = await pack()
})

afterAll(() => packed?.remove())

if (whyNot) console.warn(`The package is not installed for real in this run: ${whyNot}.`)

beforeEach(({ skip }) => {
  skip(whyNot !== null, whyNot ?? '')
})

const VIEW = 'ada: was here\nbob: was here\n'
const IN_ASYNC = `(async () => {\n${readmeBlock('quickstart cjs')}\nconsole.log(String(node.value))\nawait db.close()\n})()`

describe('installed with npm into an empty project', () => {
  let project: string

  beforeAll(async () => {
    if (whyNot) return
    project = await emptyProject('with-npm')
    await npmInstall(project, [packed.tarball])
  }, 120_000)

  afterAll(() => removeProject(project))

  test('it brings one hypercore 11.37.1 and one corestore, and nothing of it runs while it is installed', () => {
    expect(copiesOf('hypercore', project)).toEqual(['11.37.1'])
    expect(copiesOf('corestore', project)).toHaveLength(1)
    expect(copiesOf('hypercore-storage', project)).toHaveLength(1)
    const lock = readFileSync(join(project, 'package-lock.json'), 'utf8')
    expect(lock).not.toContain('hasInstallScript')
  })

  test("the README's ESM quickstart runs as it stands", async () => {
    const folder = await inFolder(project, 'esm', { 'quickstart.mjs': readmeBlock('quickstart esm') })
    expect(await node(['quickstart.mjs'], folder)).toEqual({ stdout: VIEW + VIEW, stderr: '' })
  })

  test("the README's CommonJS quickstart runs as it stands", async () => {
    const folder = await inFolder(project, 'cjs', { 'quickstart.cjs': IN_ASYNC })
    expect(await node(['quickstart.cjs'], folder)).toEqual({ stdout: '{"hello":"world"}\n', stderr: '' })
  })

  test('`autobee` creates a database, puts and gets', async () => {
    const folder = await inFolder(project, 'command', {})
    const { stdout: version } = await npm(['exec', '--no', '--', 'autobee', '--version'], project)
    expect(version.trim()).toContain(packed.manifest.version)
    expect((await autobee(project, ['--help'])).stdout).toMatch(/create[\s\S]*put[\s\S]*get/)
    await autobee(project, ['create'], folder)
    await autobee(project, ['put', 'hello', 'world'], folder)
    expect((await autobee(project, ['get', 'hello'], folder)).stdout).toMatch(/^"?world"?\n$/)
  })
})

describe('installed with npm beside TypeScript and Vite', () => {
  let project: string

  beforeAll(async () => {
    if (whyNot) return
    project = await emptyProject('with-tools', { type: 'module' })
    // 5.7: the oldest that knows `Uint8Array<ArrayBuffer>`
    const tools = [
      ours('vite'),
      ours('typescript'),
      ours('@types/node'),
      'typescript-5@npm:typescript@~5.7.3'
    ]
    await npmInstall(project, [packed.tarball, ...tools])
  }, 120_000)

  afterAll(() => removeProject(project))

  for (const typescript of ['typescript', 'typescript-5']) {
    for (const [resolution, options] of Object.entries({
      node16: { module: 'node16' },
      nodenext: { module: 'nodenext' },
      bundler: { module: 'esnext', moduleResolution: 'bundler' }
    })) {
      test(`a program compiles with ${typescript} under ${resolution}, and runs`, async () => {
        const compilerOptions = {
          ...{ strict: true, skipLibCheck: false, target: 'es2022', lib: ['es2022'], types: ['node'] },
          ...options
        }
        const folder = await inFolder(project, `${typescript}-${resolution}`, {
          'main.ts': PROGRAM,
          'tsconfig.json': JSON.stringify({ compilerOptions, files: ['main.ts'] })
        })
        const tsc = join(project, 'node_modules', typescript, 'bin', 'tsc')
        expect(await node([tsc, '-p', '.'], folder)).toEqual({ stdout: '', stderr: '' })
        expect(await node(['main.js'], folder)).toEqual({ stdout: '2 entries, NOT_WRITABLE\n', stderr: '' })
      })
    }
  }

  test('a CommonJS program in TypeScript compiles under node16, and runs', async () => {
    for (const typescript of ['typescript', 'typescript-5']) {
      const compilerOptions = {
        strict: true,
        skipLibCheck: false,
        target: 'es2022',
        module: 'node16',
        types: ['node']
      }
      const folder = await inFolder(project, `${typescript}-cjs`, {
        'main.cts': PROGRAM_CJS,
        'tsconfig.json': JSON.stringify({ compilerOptions, files: ['main.cts'] })
      })
      const tsc = join(project, 'node_modules', typescript, 'bin', 'tsc')
      expect(await node([tsc, '-p', '.'], folder)).toEqual({ stdout: '', stderr: '' })
      expect(await node(['main.cjs'], folder)).toEqual({ stdout: '1 entry\n', stderr: '' })
    }
  })

  test('an app runs in Chromium as `vite build` makes it, and from `vite dev`', async () => {
    const folder = await inFolder(project, 'app', { 'index.html': page('/main.js'), 'main.js': APP })
    const vite = join(project, 'node_modules', 'vite', 'bin', 'vite.js')
    await node([vite, 'build', '--logLevel', 'error'], folder)
    const browser = await launchChromium()
    try {
      const files = { '/': readFileSync(join(folder, 'dist', 'index.html'), 'utf8') }
      const site = await serveSite({ files, folders: { '/': join(folder, 'dist') }, policy: STRICT_POLICY })
      expect(await outcomeOf(await openPage(browser, site.url))).toEqual(['visits: 1'])
      await site.close()

      const server = await startUntil([vite, '--host', '127.0.0.1', '--port', '0'], {
        cwd: folder,
        pattern: /(http:\/\/127\.0\.0\.1:\d+)/
      })
      try {
        expect(await outcomeOf(await openPage(browser, server.found))).toEqual(['visits: 1'])
      } finally {
        await server.stop()
      }
    } finally {
      await browser.close()
    }
  })
})

describe('installed with pnpm, whose node_modules are strict', () => {
  let project: string

  beforeAll(async () => {
    if (whyNot) return
    project = await emptyProject('with-pnpm')
    await pnpmAdd(project, [packed.tarball])
  }, 120_000)

  afterAll(() => removeProject(project))

  test("the README's ESM quickstart runs, on one hypercore 11.37.1 and one corestore", async () => {
    const folder = await inFolder(project, 'esm', { 'quickstart.mjs': readmeBlock('quickstart esm') })
    expect(await node(['quickstart.mjs'], folder)).toEqual({ stdout: VIEW + VIEW, stderr: '' })
    expect(copiesOf('hypercore', project)).toEqual(['11.37.1'])
    expect(copiesOf('corestore', project)).toHaveLength(1)
  })

  test('every entry can be imported: all that it imports is a dependency of its own', async () => {
    const entries = Object.keys(packed.manifest.exports).filter(name => !name.endsWith('.json'))
    const names = entries.map(name => `autobee${name.slice(1)}`)
    const folder = await inFolder(project, 'all', {
      'all.mjs': `${names.map(name => `await import('${name}')`).join('\n')}\nconsole.log('all')\n`
    })
    expect(await node(['all.mjs'], folder)).toEqual({ stdout: 'all\n', stderr: '' })
  })

  test("with corestore added after it, the README's CommonJS quickstart runs, on the same hypercore", async () => {
    await pnpmAdd(project, ['corestore'])
    const folder = await inFolder(project, 'cjs', { 'quickstart.cjs': IN_ASYNC })
    expect(await node(['quickstart.cjs'], folder)).toEqual({ stdout: '{"hello":"world"}\n', stderr: '' })
    expect(copiesOf('hypercore', project)).toEqual(['11.37.1'])
  })

  test('`autobee` is a command there, too', async () => {
    const { stdout } = await autobee(project, ['--version'])
    expect(stdout).toContain(packed.manifest.version)
  })
})

const PROGRAM = `import { Autobee, AutobeeError, type ApplyNode, type Host, type HyperbeeView, openStore } from 'autobee'
import { memory } from 'autobee/storage/memory'

async function apply(nodes: readonly ApplyNode[], view: HyperbeeView, _host: Host): Promise<void> {
  const batch = view.write()
  for (const node of nodes) batch.tryPut(Buffer.from(String(node.value)), node.key)
  await batch.flush()
}

const db = new Autobee(await openStore(memory()), null, { apply, valueEncoding: 'utf-8' })
await db.ready()
await db.append(['ada', 'bob'])
let entries = 0
for await (const _ of db.view.createReadStream()) entries++
const stranger = new Autobee(await openStore(memory()), db.key, { apply, valueEncoding: 'utf-8' })
await stranger.ready()
const refused: unknown = await stranger.append('eve').catch((error: unknown) => error)
console.log(entries + ' entries, ' + (refused instanceof AutobeeError ? refused.code : 'none'))
await stranger.close()
await db.close()
`

const PROGRAM_CJS = `import Autobee = require('autobee')

async function main(): Promise<void> {
  const apply = async (nodes: readonly Autobee.ApplyNode[], view: Autobee.HyperbeeView): Promise<void> => {
    const batch = view.write()
    for (const node of nodes) batch.tryPut(Buffer.from(String(node.value)), node.key)
    await batch.flush()
  }
  const db = new Autobee(await Autobee.openStore(Autobee.memory()), null, { apply, valueEncoding: 'utf-8' })
  await db.ready()
  await db.append('ada')
  console.log((await db.view.get(Buffer.from('ada'))) ? '1 entry' : 'none')
  await db.close()
}
void main()
`

/** The README's page, as the module of an app. */
const [, SCRIPT = ''] =
  /<script type="module">([\s\S]*?)<\/script>/.exec(readmeBlock('quickstart page')) ?? []
const APP = `${SCRIPT.replace("'/autobee/autobee.js'", "'autobee'").replace(
  /document\.querySelector\('output'\)\.textContent = (.*)/,
  "globalThis.outcome = ['visits: ' + $1]"
)}`

/** A folder in the project, so that what is installed there is found. */
async function inFolder(project: string, name: string, files: Record<string, string>): Promise<string> {
  const folder = join(project, name)
  await mkdir(folder)
  for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text)
  return folder
}
