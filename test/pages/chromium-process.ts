import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Browser, type BrowserContext, chromium } from 'playwright'
import { CHROMIUM_FLAGS, findChromium } from '../../.ci/chromium.mjs'

/** A headless Chromium with a profile on disk, that a test kills: all of its processes at once. */
export class ChromiumProcess {
  /** What it logged of what it stores. */
  readonly complaints: readonly string[]
  readonly #child: ChildProcess
  readonly #browser: Browser
  readonly #exited: Promise<void>

  /** @param profile a folder; what another one left there when it was killed is there again */
  static async start(profile: string): Promise<ChromiumProcess> {
    const executable = findChromium()
    if (!executable) throw new Error('there is no Chromium here; `npm test` installs one')
    const portFile = join(profile, 'DevToolsActivePort')
    // that of the one before
    await rm(portFile, { force: true })
    const debugging = ['--remote-debugging-port=0', '--enable-logging=stderr']
    const flags = [...CHROMIUM_FLAGS, '--headless', '--disable-breakpad', ...debugging]
    const child = spawn(executable, [...flags, `--user-data-dir=${profile}`, 'about:blank'], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe']
    })
    const complaints: string[] = []
    createInterface({ input: child.stderr }).on('line', line => {
      if (/indexed|leveldb|sqlite|quota/i.test(line)) complaints.push(line)
    })
    const exited = new Promise<void>((resolve, reject) => {
      child.once('exit', () => resolve())
      child.once('error', reject)
    })
    try {
      const address = await Promise.race([addressIn(portFile), exited.then(() => null)])
      if (!address) throw new Error('Chromium ended before it could be used')
      const browser = await chromium.connectOverCDP(address)
      return new ChromiumProcess(child, { browser, exited, complaints })
    } catch (error) {
      killGroup(child)
      throw error
    }
  }

  private constructor(
    child: ChildProcess,
    {
      browser,
      exited,
      complaints
    }: { browser: Browser; exited: Promise<void>; complaints: readonly string[] }
  ) {
    this.#child = child
    this.complaints = complaints
    this.#browser = browser
    this.#exited = exited
  }

  /** That of the profile. */
  get context(): BrowserContext {
    return this.#browser.contexts()[0] as BrowserContext
  }

  /** SIGKILL; nobody has a chance to write anything. */
  async kill(): Promise<void> {
    killGroup(this.#child)
    await this.#exited
    await this.#browser.close()
  }
}

function killGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return
  process.kill(-pid, 'SIGKILL')
}

/** Chromium writes its port, and the path of its socket, when it listens. */
async function addressIn(portFile: string): Promise<string> {
  for (;;) {
    const [port, path] = (await readFile(portFile, 'utf8').catch(() => '')).split('\n')
    if (port && path) return `ws://127.0.0.1:${port}${path}`
    await sleep(10)
  }
}
