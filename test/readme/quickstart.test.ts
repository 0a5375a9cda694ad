import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

/** The README as its readers use it: in a project of their own, with the package as it is built. */
const repository = fileURLToPath(new URL('../..', import.meta.url))
const readme = await readFile(join(repository, 'README.md'), 'utf8')
const blocks = [...readme.matchAll(/^```js quickstart (\w+)\n([\s\S]*?)^```$/gm)].map(([, kind, code]) => ({
  kind,
  code: code as string
}))

let project: string

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'autobee-readme-'))
  await mkdir(join(project, 'node_modules'))
  await symlink(repository, join(project, 'node_modules', 'autobee'), 'junction')
  await symlink(
    join(repository, 'node_modules', 'corestore'),
    join(project, 'node_modules', 'corestore'),
    'junction'
  )
})

afterEach(() => rm(project, { recursive: true, force: true }))

function codeOf(kind: string): string {
  return blocks.find(block => block.kind === kind)?.code ?? ''
}

interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs node in the project; `talk` types into it as its output comes. */
function node(args: string[], talk: (output: string, type: (text: string) => void) => void = () => {}) {
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = spawn(process.execPath, args, { cwd: project, env })
  const result = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', data => {
      result[name] += data
      talk(result.stdout, text => child.stdin.write(text))
    })
  return new Promise<Result>(resolve => child.once('close', code => resolve({ code, ...result })))
}

test('there is a quickstart for ESM and one for CommonJS', () => {
  expect(blocks.map(({ kind }) => kind)).toEqual(['esm', 'cjs'])
})

test('the ESM quickstart runs as it stands: both peers print the same view, and it ends', async () => {
  await writeFile(join(project, 'quickstart.mjs'), codeOf('esm'))
  const { code, stdout, stderr } = await node(['quickstart.mjs'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const view = 'ada: was here\nbob: was here\n'
  expect(stdout).toBe(view + view)
})

test('the CommonJS quickstart runs as it stands in an async function', async () => {
  const source = `(async () => {\n${codeOf('cjs')}\nconsole.log(String(node.value))\nawait db.close()\n})()`
  await writeFile(join(project, 'quickstart.cjs'), source)
  const { code, stdout, stderr } = await node(['quickstart.cjs'])
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '{"hello":"world"}\n', stderr: '' })
})

test('the CommonJS quickstart runs as it stands at the prompt of node, and the view is there afterwards', async () => {
  await writeFile(join(project, 'quickstart.js'), codeOf('cjs'))
  const steps: [sign: string, text: string][] = [
    ['> ', '.load quickstart.js\n'],
    ['undefined\n', "'latest is ' + node.value\n"],
    ['latest is', '.exit\n']
  ]
  const { stdout } = await node(['-i'], (output, type) => {
    const [sign, text] = steps[0] ?? []
    if (!sign || !text || !output.includes(sign)) return
    steps.shift()
    type(text)
  })
  expect(stdout).toContain('latest is {"hello":"world"}')
})

test('every file that the README links to is there', () => {
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path as string)
  expect(links.length).toBeGreaterThan(3)
  expect(links.filter(path => !existsSync(join(repository, path)))).toEqual([])
})
