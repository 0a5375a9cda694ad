// Where the browsers for the tests are on this machine, and how to get one.
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome']
const PLACES = [
  '/usr/bin',
  '/usr/local/bin',
  '/opt/google/chrome',
  '/snap/bin',
  '/Applications/Chromium.app/Contents/MacOS',
  '/Applications/Google Chrome.app/Contents/MacOS'
]
const WHOLE = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe'
]

/** As headless tests need it; as root Chromium runs without its sandbox only. Nothing goes out to the network. */
export const CHROMIUM_FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])
]

/** The path of a Chromium or Chrome: `AUTOBEE_CHROMIUM`, one of the machine's, or Playwright's own; else null. */
export function findChromium() {
  const named = process.env.AUTOBEE_CHROMIUM
  if (named) return isProgram(named) ? named : null
  return onPath(NAMES, PLACES) ?? WHOLE.find(isProgram) ?? playwrights()
}

/** The path of a Firefox (ESR): `AUTOBEE_FIREFOX`, or one of the machine's; else null. */
export function findFirefox() {
  const named = process.env.AUTOBEE_FIREFOX
  if (named) return isProgram(named) ? named : null
  return onPath(['firefox-esr', 'firefox'], ['/usr/bin', '/usr/local/bin'])
}

/**
 * Finds a Chromium, or installs one; gives its path, or null when none can be had.
 * @param execute runs a command quietly and resolves to `{ code }`; rejects when there is no such command
 */
export async function needChromium(execute) {
  const found = findChromium()
  if (found || process.env.AUTOBEE_CHROMIUM) return found
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log('Installing Chromium for the tests (apt-get install chromium) …')
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const install = ['install', '-y', '--no-install-recommends', 'chromium']
    const { code } = await apt(execute, install, env)
    // the list of packages may be old, or not there yet
    if (code !== 0 && (await apt(execute, ['update'], env)).code === 0) await apt(execute, install, env)
    if (findChromium()) return findChromium()
  }
  console.log("Installing Chromium for the tests (Playwright's own) …")
  const cli = createRequire(import.meta.url)
    .resolve('playwright/package.json')
    .replace('package.json', 'cli.js')
  await execute(process.execPath, [cli, 'install', 'chromium']).catch(() => null)
  return findChromium()
}

/** Installs Firefox where that is as easy as on Debian as root; gives its path or null. Without it its smoke test is skipped. */
export async function wantFirefox(execute) {
  const found = findFirefox()
  if (found || process.env.AUTOBEE_FIREFOX || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    return found
  console.log('Installing Firefox ESR for a smoke test (apt-get install firefox-esr) …')
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await apt(execute, ['install', '-y', '--no-install-recommends', 'firefox-esr'], env)
  return findFirefox()
}

/** The same of `ip`, which makes the network that WebRTC is tested in; without it those tests are skipped. */
export async function wantNetworks(execute) {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return
  if (onPath(['ip'], ['/usr/sbin', '/sbin', '/usr/bin', '/bin'])) return
  console.log('Installing iproute2 for the tests of WebRTC (apt-get install iproute2) …')
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await apt(execute, ['install', '-y', '--no-install-recommends', 'iproute2'], env)
}

function apt(execute, args, env) {
  return execute('apt-get', args, { stdio: ['ignore', 'pipe', 'pipe'], env }).catch(() => ({ code: 1 }))
}

function onPath(names, places) {
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...places]
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, process.platform === 'win32' ? `${name}.exe` : name)
      if (isProgram(path)) return path
    }
  }
  return null
}

function playwrights() {
  try {
    const path = createRequire(import.meta.url)('playwright').chromium.executablePath()
    return isProgram(path) ? path : null
  } catch {
    return null
  }
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
