import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createProject, type Project, repository } from './project.ts'

/** The examples as their readers have them: copied out, beside an installed package. */
async function copied(example: string): Promise<Project> {
  const project = await createProject(example)
  onTestFinished(() => project.destroy())
  return project
}

/** What a run prints; everything else fails the test. */
async function printed(project: Project, ...args: string[]): Promise<string[]> {
  const { stdout, ...rest } = await project.node(args)
  expect(rest).toEqual({ code: 0, stderr: '' })
  return stdout.split('\n').slice(0, -1)
}

test('ESM: notes are there again in the next run, in the order in which they were made', async () => {
  const project = await copied('node-esm')
  expect(await printed(project, 'notes.mjs')).toEqual([])
  expect(await printed(project, 'notes.mjs', 'milk')).toEqual([expect.stringMatching(/^\w{6}-000001: milk$/)])
  const [first, second] = await printed(project, 'notes.mjs', 'bread')
  expect(first).toMatch(/: milk$/)
  expect(second).toMatch(/-000002: bread$/)
})

test('CommonJS: names are counted, from run to run', async () => {
  const project = await copied('node-commonjs')
  expect(await printed(project, 'counter.cjs', 'ada')).toEqual(['ada: 1'])
  expect(await printed(project, 'counter.cjs', 'bob')).toEqual(['ada: 1', 'bob: 1'])
  expect(await printed(project, 'counter.cjs', 'ada')).toEqual(['ada: 2', 'bob: 1'])
})

test('a custom view: the index follows the books, and only apply writes', async () => {
  const project = await copied('custom-view')
  expect(await printed(project, 'library.mjs')).toEqual([
    "[ 'Sketches' ] [ 'Notes' ] Sketches",
    'NOT_WRITABLE'
  ])
})

test('permissions: the invited guest writes, the stranger does not, nor does the guest once he is removed', async () => {
  const project = await copied('permissions')
  expect(await printed(project, 'main.mjs')).toEqual([
    'the stranger: NOT_WRITABLE',
    'the owner is there still: true',
    'the guest, removed: NOT_WRITABLE',
    "what he wrote: [ 'hello' ]"
  ])
})

test('publish: a reader with Corestore and Hyperbee alone follows the shared database', async () => {
  const project = await copied('publish')
  expect(await printed(project, 'main.mjs')).toEqual([
    "at first: { title: 'Hello' }",
    "followed: { title: 'Hello again' }"
  ])
})

test('every example is run by a test', () => {
  const tested = [
    'node-esm',
    'node-commonjs',
    'custom-view',
    'permissions',
    'publish',
    'page',
    'tabs',
    'vite'
  ]
  const adapters = ['storage-adapter', 'transport-adapter']
  const folders = readdirSync(join(repository, 'docs', 'examples'), { withFileTypes: true })
  expect(
    folders
      .filter(entry => entry.isDirectory())
      .map(({ name }) => name)
      .sort()
  ).toEqual([...tested, ...adapters].sort())
})
