/** A project of a user: the package as it is built, and what its examples install beside it. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('../..', import.meta.url))
const BESIDE = ['corestore', 'hyperbee', 'hypercore-crypto', 'streamx', '@hyperswarm']

export interface Result {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Project {
  readonly folder: string
  /** Runs node in the project, or in a folder of it. */
  node(args: readonly string[], folder?: string): Promise<Result>
  write(path: string, text: string): Promise<void>
  destroy(): Promise<void>
}

/** @param example a folder of docs/examples that is copied into it, or none */
export async function createProject(example: string | null = null): Promise<Project> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'autobee-example-')))
  const modules = join(folder, 'node_modules')
  await mkdir(modules)
  await symlink(repository, join(modules, 'autobee'), 'junction')
  for (const name of BESIDE)
    await symlink(join(repository, 'node_modules', name), join(modules, name), 'junction')
  if (example) await cp(join(repository, 'docs', 'examples', example), folder, { recursive: true })
  const { NODE_OPTIONS: _, ...env } = process.env
  return {
    folder,
    node: (args, cwd = folder) =>
      new Promise(resolve => {
        execFile(process.execPath, [...args], { cwd, env }, (error, stdout, stderr) =>
          resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr })
        )
      }),
    async write(path, text) {
      await mkdir(join(folder, path, '..'), { recursive: true })
      await writeFile(join(folder, path), text)
    },
    destroy: () => rm(folder, { recursive: true, force: true })
  }
}
