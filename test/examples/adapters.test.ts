import { expect, onTestFinished, test } from 'vitest'
import { createProject, type Project } from './project.ts'

async function copied(example: string): Promise<Project> {
  const project = await createProject(example)
  onTestFinished(() => project.destroy())
  return project
}

/** Runs the example's own tests, as its readers do. */
async function runsItsTests(project: Project, least: number): Promise<void> {
  const { code, stdout } = await project.node(['--test', '--test-reporter=tap'])
  const count = (name: string) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(stdout)?.[1])
  expect(stdout.split('\n').filter(line => line.startsWith('not ok'))).toEqual([])
  expect(count('pass')).toBeGreaterThan(least)
  expect(count('fail')).toBe(0)
  expect(code).toBe(0)
}

test('the storage adapter passes storageSuite, and a database in it is there in the next run', async () => {
  const project = await copied('storage-adapter')
  await runsItsTests(project, 40)
  for (const [text, count] of [
    ['milk', 1],
    ['bread', 2]
  ] as const)
    expect(await project.node(['main.mjs', text])).toEqual({
      code: 0,
      stdout: `${count} notes\n`,
      stderr: ''
    })
})

test('the transport passes transportSuite, and two threads replicate over it', async () => {
  const project = await copied('transport-adapter')
  await runsItsTests(project, 40)
  const stdout = 'the worker reads: hello, worker\n'
  expect(await project.node(['main.mjs'])).toEqual({ code: 0, stdout, stderr: '' })
})
