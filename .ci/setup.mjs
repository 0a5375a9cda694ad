// Makes the tree ready to run, with nothing but Node: dependencies when they are missing or stale, then the build.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildAll, builtFiles, hashInputs } from './build.mjs'
import { findChromium, needChromium, wantFirefox, wantNetworks } from './chromium.mjs'
import { locked } from './lock.mjs'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const LEAST_NODE = [20, 19]
const STAMP = join(root, 'node_modules', '.autobee-setup')

/**
 * Installs and builds what is missing or stale; does nothing, quickly, when all is there.
 * Several processes may call it at once: one works, the others wait for it.
 */
export async function setup({ build, browsers = false, force = false }) {
  checkNode()
  if (!force && installed() && (!build || built()) && (!browsers || findChromium())) return
  await locked(join(root, '.ci', '.lock'), async () => {
    if (!installed()) await install()
    if (build && (force || !built())) await rebuild()
    if (browsers) await installBrowsers()
  })
}

async function installBrowsers() {
  if (await needChromium(execute)) {
    await wantFirefox(execute)
    await wantNetworks(execute)
    return
  }
  throw new SetupError(
    'The tests run in a real browser, and no Chromium was found or could be installed. Install one ' +
      '(on Debian: apt-get install chromium) or give the path of one in AUTOBEE_CHROMIUM, and run the command again.'
  )
}

/** Runs a command to its end; resolves to its exit code. With `quiet`, shows its output only when it fails. */
export async function run(command, args, { quiet = false, env = process.env } = {}) {
  const { code, output } = await execute(command, args, {
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    env
  })
  if (code !== 0) process.stderr.write(output)
  return code
}

function execute(command, args, options) {
  return new Promise((resolve, reject) => {
    const shell = process.platform === 'win32' && command === 'npm'
    const child = spawn(command, args, { cwd: root, shell, ...options })
    const output = []
    child.stdout?.on('data', chunk => output.push(chunk))
    child.stderr?.on('data', chunk => output.push(chunk))
    // A terminal sends Ctrl-C to the child as well: let the child decide how to end. A plain kill is passed on.
    const onint = () => {}
    const onterm = () => child.kill('SIGTERM')
    process.on('SIGINT', onint)
    process.on('SIGTERM', onterm)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      process.off('SIGINT', onint)
      process.off('SIGTERM', onterm)
      resolve({ code: signal ? 1 : code, output: Buffer.concat(output) })
    })
  })
}

/** Runs the given main function; an error that says what to do is printed without its stack. */
export async function main(fn) {
  try {
    process.exitCode = (await fn()) ?? 0
  } catch (error) {
    console.error(error instanceof SetupError ? `\n${error.message}` : error)
    process.exitCode = 1
  }
}

export class SetupError extends Error {}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  const [leastMajor, leastMinor] = LEAST_NODE
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return
  throw new SetupError(
    `Autobee needs Node ${LEAST_NODE.join('.')} or later; this is Node ${process.versions.node}. ` +
      'Install a newer Node and run the command again.'
  )
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

function lockHash() {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')))
  return hash.update(`${process.platform}-${process.arch}`).digest('hex')
}

function stamp(change) {
  writeFileSync(STAMP, JSON.stringify({ ...readJson(STAMP), ...change }))
}

function installed() {
  const lock = lockHash()
  if (readJson(STAMP)?.lock === lock) return true
  if (!matchesLockFile()) return false
  stamp({ lock })
  return true
}

// True also after an `npm install` by hand: npm leaves a record of what it put into node_modules.
function matchesLockFile() {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages
  const found = readJson(join(root, 'node_modules', '.package-lock.json'))?.packages
  if (!wanted || !found) return false
  return Object.entries(wanted).every(([path, { version, optional, devOptional, peer }]) => {
    if (path === '') return true
    if (found[path]) return found[path].version === version
    return Boolean(optional || devOptional || peer)
  })
}

async function install() {
  console.log('Installing the dependencies (npm ci) …')
  // No dependency needs an install script: the native addons ship prebuilt binaries.
  const flags = ['--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund']
  const { code, output } = await npm('ci', ...flags)
  if (code !== 0 || !matchesLockFile()) {
    process.stderr.write(output)
    throw new SetupError(
      'The dependencies could not be installed (npm says why, above). ' +
        'Check the network and the free disk space, then run the command again.'
    )
  }
  stamp({ lock: lockHash() })
}

function npm(...args) {
  return execute('npm', args, { stdio: ['ignore', 'pipe', 'pipe'] }).catch(error => {
    throw new SetupError(`npm could not be started (${error.message}). Install npm, which comes with Node.`)
  })
}

function built() {
  const { build } = readJson(STAMP) ?? {}
  return Boolean(build) && builtFiles(root) && build === hashInputs(root)
}

async function rebuild() {
  console.log('Building …')
  // Taken before the build: whatever changes while it runs is built again next time.
  const inputs = hashInputs(root)
  const failed = await buildAll(root, run)
  if (failed)
    throw new SetupError(`The build failed in ${failed}, see above. Repair it and run the command again.`)
  stamp({ build: inputs })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(() =>
    setup({ build: process.argv.includes('--build'), force: process.argv.includes('--force') })
  )
}
