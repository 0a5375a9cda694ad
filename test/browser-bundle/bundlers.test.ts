import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build as esbuild } from 'esbuild'
import type { Browser } from 'playwright'
import { createServer, build as vite } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium, openPage, outcomeOf, page, STRICT_POLICY, serveSite } from '../support/chromium.ts'
import { inPage, inPageOnOpfs, type Readings } from './scripts.ts'

const execute = promisify(execFile)
const repository = fileURLToPath(new URL('../..', import.meta.url))
const EXPECTED = { first: ['ada', 'bob', 'eve'], reopened: ['ada', 'bob', 'eve'], writable: true }

/** How WebAssembly begins, in base64. */
const WASM_HEADER = 'AGFzbQ'

/** A user's project, outside of the repository: the package as it is packed, and nothing else installed. */
let project: string
let browser: Browser

beforeAll(async () => {
  project = await realpath(await mkdtemp(join(tmpdir(), 'autobee-bundlers-')))
  await pack(project)
  await mkdir(join(project, 'src'))
  await writeFile(join(project, 'package.json'), '{ "name": "app", "type": "module" }')
  await writeFile(join(project, 'index.html'), page('/src/main.js'))
  await writeFile(join(project, 'src', 'main.js'), inPage('autobee'))
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  await rm(project, { recursive: true, force: true })
})

test('a Vite app, built', async () => {
  const outDir = join(project, 'out-vite')
  await vite({ root: project, configFile: false, logLevel: 'silent', build: { outDir } })
  expect(await readingsIn(outDir)).toEqual(EXPECTED)
  expect(copiesOfLibsodium(outDir)).toBe(1)
})

test("a Vite app, in Vite's development server", async () => {
  const server = await createServer({
    root: project,
    configFile: false,
    logLevel: 'silent',
    cacheDir: join(project, '.vite'),
    server: { host: '127.0.0.1', port: 0 }
  })
  try {
    await server.listen()
    const watched = await openPage(browser, server.resolvedUrls?.local[0] as string)
    expect(await outcomeOf<Readings>(watched)).toEqual(EXPECTED)
  } finally {
    await server.close()
  }
})

test('an esbuild app', async () => {
  const outdir = join(project, 'out-esbuild')
  await esbuild({
    entryPoints: [join(project, 'src', 'main.js')],
    absWorkingDir: project,
    bundle: true,
    format: 'esm',
    minify: true,
    outdir,
    logLevel: 'silent'
  })
  await writeFile(join(outdir, 'index.html'), page('/main.js'))
  expect(await readingsIn(outdir)).toEqual(EXPECTED)
  expect(copiesOfLibsodium(outdir)).toBe(1)
})

test('an app on opfs, built with Vite: its worker is found', async () => {
  const root = await opfsProject('opfs-vite', inPageOnOpfs('autobee'))
  const outDir = join(root, 'out')
  await vite({ root, configFile: false, logLevel: 'silent', build: { outDir } })
  expect(await readingsIn(outDir)).toEqual(EXPECTED)
  expect(copiesOfLibsodium(outDir)).toBe(1)
})

test("an app on opfs, in Vite's development server, which leaves the package as it is", async () => {
  const root = await opfsProject('opfs-server', inPageOnOpfs('autobee'))
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    optimizeDeps: { exclude: ['autobee'] },
    server: { host: '127.0.0.1', port: 0 }
  })
  try {
    await server.listen()
    const watched = await openPage(browser, server.resolvedUrls?.local[0] as string)
    expect(await outcomeOf<Readings>(watched)).toEqual(EXPECTED)
  } finally {
    await server.close()
  }
})

test('an app on opfs, built with esbuild: it says where the worker is', async () => {
  const root = await opfsProject('opfs-esbuild', inPageOnOpfs('autobee', { worker: '/opfs-worker.js' }))
  const outdir = join(root, 'out')
  await esbuild({
    entryPoints: { main: join(root, 'src', 'main.js'), 'opfs-worker': 'autobee/storage/opfs-worker' },
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    minify: true,
    outdir,
    logLevel: 'silent'
  })
  await writeFile(join(outdir, 'index.html'), page('/main.js'))
  expect(await readingsIn(outdir)).toEqual(EXPECTED)
})

/** A project like the first one, with another script. */
async function opfsProject(name: string, script: string): Promise<string> {
  const root = join(project, name)
  for (const path of ['node_modules', 'package.json', 'index.html'])
    await cp(join(project, path), join(root, path), { recursive: true })
  await mkdir(join(root, 'src'))
  await writeFile(join(root, 'src', 'main.js'), script)
  return root
}

async function readingsIn(folder: string): Promise<Readings> {
  const files = { '/': readFileSync(join(folder, 'index.html'), 'utf8') }
  const site = await serveSite({ files, folders: { '/': folder }, policy: STRICT_POLICY })
  try {
    return await outcomeOf<Readings>(await openPage(browser, site.url))
  } finally {
    await site.close()
  }
}

function copiesOfLibsodium(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(path =>
    path.endsWith('.js')
  )
  const sources = files.map(path => readFileSync(join(folder, path), 'utf8'))
  return sources.reduce((sum, source) => sum + source.split(WASM_HEADER).length - 1, 0)
}

/** Puts what `npm pack` makes into the project's `node_modules`. */
async function pack(target: string): Promise<void> {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', target]
  const { stdout } = await execute(npm, args, { cwd: repository, shell: process.platform === 'win32' })
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
  await execute('tar', ['-xzf', filename], { cwd: target })
  await mkdir(join(target, 'node_modules'))
  await rename(join(target, 'package'), join(target, 'node_modules', 'autobee'))
}
