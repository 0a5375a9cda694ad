/** The package as it is published: what `npm pack` makes of the build that is there. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, realpath, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const repository = fileURLToPath(new URL('../..', import.meta.url))

/** What package.json says, as far as the tests read it. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly files: readonly string[]
  readonly exports: Readonly<Record<string, Target>>
  readonly bin: Readonly<Record<string, string>>
  readonly main: string
  readonly types: string
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

/** A file, or a target for each condition. */
export type Target = string | { readonly [condition: string]: Target }

export interface Packed {
  /** A project of its own, which has the package in `node_modules` and its dependencies as links to ours. */
  readonly project: string
  readonly tarball: string
  /** The package, unpacked. */
  readonly folder: string
  readonly manifest: Manifest
  /** Paths in the package, with slashes. */
  readonly files: readonly string[]
  /** Bytes of the tarball, and of all files in it. */
  readonly size: number
  readonly unpackedSize: number
  read(path: string): string
  remove(): Promise<void>
}

export async function pack(): Promise<Packed> {
  const project = await realpath(await mkdtemp(join(tmpdir(), 'autobee-packed-')))
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', project]
  const { stdout } = await npm(args, repository)
  const [{ filename, size, unpackedSize }] = JSON.parse(stdout) as [
    { filename: string; size: number; unpackedSize: number }
  ]
  await run('tar', ['-xzf', filename], project)
  const folder = join(project, 'node_modules', 'autobee')
  await mkdir(dirname(folder))
  await rename(join(project, 'package'), folder)
  const read = (path: string) => readFileSync(join(folder, path), 'utf8')
  const manifest = JSON.parse(read('package.json')) as Manifest
  for (const name of Object.keys(manifest.dependencies)) {
    const link = join(project, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(repository, 'node_modules', name), link, 'junction')
  }
  return {
    project,
    folder,
    tarball: join(project, filename),
    manifest,
    files: filesIn(folder),
    size,
    unpackedSize,
    read,
    remove: () => rm(project, { recursive: true, force: true })
  }
}

/** npm, as this machine has it and is configured. */
export function npm(args: readonly string[], cwd: string): Promise<Output> {
  const windows = process.platform === 'win32'
  return run(windows ? 'npm.cmd' : 'npm', args, cwd)
}

export interface Output {
  readonly stdout: string
  readonly stderr: string
}

/** Variables of the test's own run, which users' programs do not have; what configures npm stays. */
const OF_THE_TEST =
  /^(VITEST|NODE_(OPTIONS|ENV|PATH)$|npm_(package|lifecycle|command|execpath|config_(local_prefix|loglevel)))/

/** Runs a program to its end; rejects with all that it said when it fails. */
export async function run(program: string, args: readonly string[], cwd: string): Promise<Output> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OF_THE_TEST.test(name)))
  const options = { cwd, env, shell: program.endsWith('.cmd'), maxBuffer: 2 ** 26 }
  return promisify(execFile)(program, args, options).catch(({ message, stdout, stderr }) => {
    throw new Error([message, stdout, stderr].join('\n'))
  })
}

export function node(args: readonly string[], cwd: string): Promise<Output> {
  return run(process.execPath, args, cwd)
}

export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/')
    )
    .sort()
}

/** All files that a target names, by the conditions that lead there. */
export function targetsOf(
  target: Target,
  conditions: readonly string[] = []
): [path: string, under: string][] {
  if (typeof target === 'string') return [[target.replace(/^\.\//, ''), conditions.join(' ')]]
  return Object.entries(target).flatMap(([name, inner]) => targetsOf(inner, [...conditions, name]))
}

/** What a module or a declaration file imports, without whatever its comments and texts may quote. */
export function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/(?!\/ <).*$/gm, '')
  const found = [
    /(?:^|[;}\s])(?:import|export)\b[^'"`;()]*?\bfrom\s*["']([^"']+)["']/g,
    /(?:^|[;}\s])import\s*["']([^"']+)["']/g,
    /\bimport\(\s*["'`]([^"'`]+)["'`]\s*\)/g,
    /\bnew URL\(\s*["'`]([^"'`]+)["'`],\s*import\.meta\.url\s*\)/g,
    /\brequire\(\s*["']([^"']+)["']\s*\)/g,
    /^\/\/\/ <reference path="([^"]+)"/gm
  ].flatMap(pattern => [...code.matchAll(pattern)].map(([, name]) => name as string))
  return [...new Set(found)]
}
