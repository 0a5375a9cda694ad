import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

/** The guide as its readers use it: in a project of their own, with the package as it is built. */
const repository = fileURLToPath(new URL('../..', import.meta.url))
const path = join(repository, 'docs', 'KV.md')
const guide = await readFile(path, 'utf8')
let project: string

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'autobee-kv-guide-'))
  await mkdir(join(project, 'node_modules'))
  await symlink(repository, join(project, 'node_modules', 'autobee'), 'junction')
})

afterEach(() => rm(project, { recursive: true, force: true }))

function node(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { NODE_OPTIONS: _, ...env } = process.env
  return new Promise(resolve => {
    execFile(process.execPath, args, { cwd: project, env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr })
    })
  })
}

test('the quickstart runs as it stands, tells what it says, and ends', async () => {
  const [, code] = /^```js quickstart\n([\s\S]*?)^```$/m.exec(guide) ?? []
  await writeFile(join(project, 'quickstart.mjs'), code ?? 'throw new Error("there is none")')
  const { stdout, ...rest } = await node('quickstart.mjs')
  expect(rest).toEqual({ code: 0, stderr: '' })
  expect(stdout.split('\n')).toEqual([
    'put todo/1 milk null',
    'put todo/2 bread null',
    'todo/1 false',
    'todo/2 true',
    "{ city: 'London' } null",
    ''
  ])
})

test('require gives the same class', async () => {
  const source = `const { KeyValue, default: Default } = require('autobee/kv')
import('autobee/kv').then(kv => console.log(kv.KeyValue === KeyValue, Default === KeyValue, KeyValue.name))`
  await writeFile(join(project, 'require.cjs'), source)
  expect(await node('require.cjs')).toEqual({ code: 0, stdout: 'true true KeyValue\n', stderr: '' })
})

test('every file that the guide links to is there', () => {
  const links = [...guide.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link]) => link as string)
  expect(links.length).toBeGreaterThan(0)
  expect(links.filter(link => !existsSync(join(dirname(path), link)))).toEqual([])
})
