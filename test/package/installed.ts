/** Projects into which the packed package is installed, by the package managers that people use. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { node, npm, type Output, repository, run } from './packed.ts'

/** Why nothing can be installed here, or null. Asks the registry that npm is configured for, once. */
export const whyNot: string | null = await npm(
  ['view', 'corestore', 'version', '--fetch-retries=0', '--fetch-timeout=20000'],
  tmpdir()
).then(
  () => null,
  () => 'no package registry answers here'
)

/** An empty project in a folder of its own. */
export async function emptyProject(name: string, manifest: object = {}): Promise<string> {
  const project = await realpath(await mkdtemp(join(tmpdir(), `autobee-${name}-`)))
  await writeFile(join(project, 'package.json'), JSON.stringify({ name, private: true, ...manifest }))
  return project
}

export function removeProject(project: string | undefined): Promise<void> {
  return project ? rm(project, { recursive: true, force: true }) : Promise.resolve()
}

/** `npm install`, from npm's cache where that has it. */
export function npmInstall(project: string, packages: readonly string[]): Promise<Output> {
  return npm(
    ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', ...packages],
    project
  )
}

/** `pnpm add`, with a store of the project's own. */
export function pnpmAdd(project: string, packages: readonly string[]): Promise<Output> {
  const pnpm = join(repository, 'node_modules', 'pnpm', 'bin', 'pnpm.cjs')
  const store = join(project, 'store')
  return node([pnpm, 'add', '--prefer-offline', '--store-dir', store, ...packages], project)
}

/** A package that this repository has, in the same version. */
export function ours(name: string): string {
  const { version } = JSON.parse(
    readFileSync(join(repository, 'node_modules', name, 'package.json'), 'utf8')
  ) as {
    version: string
  }
  return `${name}@${version}`
}

/** The version of each copy of a package in a project; links to the same folder are one copy. */
export function copiesOf(name: string, project: string): string[] {
  const found = readdirSync(join(project, 'node_modules'), { recursive: true, encoding: 'utf8' })
  const folder = join('node_modules', name)
  const folders = found
    .filter(path => join('node_modules', path).endsWith(join(folder, 'package.json')))
    .map(path => realpathSync(join(project, 'node_modules', path)))
  return [...new Set(folders)].map(
    path => (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
  )
}

/** A block of the README, as it stands there. */
export function readmeBlock(kind: string): string {
  const readme = readFileSync(join(repository, 'README.md'), 'utf8')
  const [, code] = new RegExp(`^\`\`\`\\w+ ${kind}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(readme) ?? []
  if (!code) throw new Error(`the README has no block ${kind}`)
  return code
}

/** The package's command, as the package manager put it there. */
export function autobee(project: string, args: readonly string[], cwd = project): Promise<Output> {
  const command = process.platform === 'win32' ? 'autobee.cmd' : 'autobee'
  return run(join(project, 'node_modules', '.bin', command), args, cwd)
}

/** A program that goes on until it is stopped: `found` is what the pattern caught in its output. */
export async function startUntil(
  args: readonly string[],
  { cwd, pattern }: { cwd: string; pattern: RegExp }
): Promise<{ found: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, args, { cwd, env: { ...process.env, NO_COLOR: '1' } })
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  let output = ''
  const found = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', data => {
        output += data
        const [, caught] = pattern.exec(output) ?? []
        if (caught) resolve(caught)
      })
    child.once('error', reject)
    child.once('close', () => reject(new Error(`it ended: ${output}`)))
  })
  return {
    found,
    async stop() {
      child.kill()
      await ended
    }
  }
}
