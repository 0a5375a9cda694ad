import { execFile, spawn } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CHROMIUM_FLAGS, findChromium } from '../../.ci/chromium.mjs'

const execute = promisify(execFile)

/** Chromium makes no WebRTC connection over loopback alone: this is a network of two, this process and the browsers in it. */
export interface Namespace {
  /** This process, as the browsers there see it; servers of a test listen on it. Nothing else is in reach. */
  readonly host: string
  /** A Chromium that runs there, for Playwright or Puppeteer. */
  readonly executablePath: string
  readonly args: readonly string[]
  /** Takes the network away from the browsers, and gives it back: nobody is told, and what is sent is lost. */
  cut(): Promise<void>
  heal(): Promise<void>
  /** The browsers are closed by then. */
  close(): Promise<void>
}

/**
 * Why there can be no namespace here, to be said by the tests that are skipped for it; null where there can. Root on Linux
 * has all that it takes, in CI say.
 */
export async function whyNoNamespace(): Promise<string | null> {
  if (process.platform !== 'linux') return `${process.platform} has no network namespaces`
  if (process.getuid?.() !== 0) return 'only root makes network namespaces'
  try {
    await (await openNamespace()).close()
    return null
  } catch (error) {
    return `no network namespace could be made: ${(error as Error).message}`
  }
}

/** @throws when it cannot be made, see `whyNoNamespace` */
export async function openNamespace(): Promise<Namespace> {
  // from the range for tests of networks, of which each gets a network of four addresses
  const network = 4 * Math.floor(Math.random() * 2 ** 14)
  const address = (n: number) => `198.18.${(network >> 8) & 255}.${(network & 255) + n}`
  const name = `autobee${network.toString(16)}`
  const folder = await mkdtemp(join(tmpdir(), 'autobee-namespace-'))
  // it lives as long as this process, or until it is told to end
  const holder = spawn('unshare', ['--net', 'sh', '-c', 'echo here; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const ended = new Promise<Error>(resolve => {
    holder.once('error', resolve)
    holder.once('close', code => resolve(new Error(`unshare ended with ${code}`)))
  })
  const close = async () => {
    holder.stdin.end()
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const failure = await Promise.race([
      ended,
      new Promise<null>(resolve => holder.stdout.once('data', () => resolve(null)))
    ])
    if (failure) throw failure
    const inside = ['-t', String(holder.pid), '-n', 'ip']
    const there = `${name}p`
    await execute('ip', [
      'link',
      'add',
      name,
      'type',
      'veth',
      'peer',
      'name',
      there,
      'netns',
      String(holder.pid)
    ])
    await execute('ip', ['address', 'add', `${address(1)}/30`, 'dev', name])
    await execute('ip', ['link', 'set', name, 'up'])
    await execute('nsenter', [...inside, 'link', 'set', 'lo', 'up'])
    await execute('nsenter', [...inside, 'address', 'add', `${address(2)}/30`, 'dev', there])
    const heal = async () => {
      await execute('nsenter', [...inside, 'link', 'set', there, 'up'])
      // Chromium offers the address that leads to the world; it leads no farther than here
      await execute('nsenter', [...inside, 'route', 'add', 'default', 'via', address(1)])
    }
    await heal()
    const executablePath = join(folder, 'chromium')
    await writeFile(executablePath, `#!/bin/sh\nexec nsenter -t ${holder.pid} -n ${findChromium()} "$@"\n`)
    await chmod(executablePath, 0o755)
    return {
      host: address(1),
      executablePath,
      // else it gives names instead of addresses, and asks the network for them
      args: [...CHROMIUM_FLAGS, '--disable-features=WebRtcHideLocalIpsWithMdns'],
      async cut() {
        await execute('nsenter', [...inside, 'link', 'set', there, 'down'])
      },
      heal,
      close
    }
  } catch (error) {
    await close()
    throw error
  }
}
