import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright'
import { CHROMIUM_FLAGS, findChromium } from '../../.ci/chromium.mjs'

const execute = promisify(execFile)

const ADDRESS = '198.18.0.1/24'
const [LINK, OTHER_END] = ['veth0', 'veth1']

/** What runs in the namespace and holds it: hands each connection to a port there over to this process. */
const DOORMAN = `
const { createServer } = require('node:net')
process.on('message', port => {
  createServer({ pauseOnConnect: true }, socket => process.send({ port }, socket))
    .listen(port, '127.0.0.1', () => process.send({ port }))
})
process.on('disconnect', () => process.exit())
process.send({})
`

/**
 * A Chromium in a network of its own, where it has nothing but loopback and, if wanted, one more link: WebRTC connects over no
 * loopback. All ends with this process at the latest, also when that is killed.
 */
export interface Island {
  readonly browser: Browser
  /** Lets its pages reach a port of 127.0.0.1 here under the same address; what listens there may come and go. */
  bridge(port: number): Promise<void>
  /** Cuts the link, or mends it; the bridges stay. */
  setLink(state: 'up' | 'down'): Promise<void>
  close(): Promise<void>
}

/** Why there can be none here, for the tests that are skipped; null where there can. */
export async function whyNoIsland(): Promise<string | null> {
  if (process.platform !== 'linux') return `${process.platform} has no network namespaces`
  if (process.getuid?.() !== 0) return 'only root makes network namespaces'
  if (!findChromium()) return 'there is no Chromium'
  for (const tool of ['unshare', 'nsenter', 'ip'])
    try {
      await execute(tool, ['-V'])
    } catch {
      return `there is no \`${tool}\` (on Debian: apt-get install iproute2 util-linux)`
    }
  try {
    await (await holdNamespace({ hasLink: true })).close()
    return null
  } catch (error) {
    return `no network namespace could be made: ${(error as Error).message}`
  }
}

/** @throws when it cannot be made, see `whyNoIsland` */
export async function openIsland({ hasLink = true } = {}): Promise<Island> {
  const namespace = await holdNamespace({ hasLink })
  const folder = await mkdtemp(join(tmpdir(), 'autobee-island-'))
  const end = async () => {
    await namespace.close()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const executablePath = join(folder, 'chromium')
    await writeFile(
      executablePath,
      `#!/bin/sh\nexec nsenter -t ${namespace.pid} -n '${findChromium()}' "$@"\n`
    )
    await chmod(executablePath, 0o755)
    const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS })
    return {
      browser,
      bridge: port => namespace.bridge(port),
      setLink: state => namespace.setLink(state),
      async close() {
        await browser.close()
        await end()
      }
    }
  } catch (error) {
    await end()
    throw error
  }
}

interface Held {
  readonly pid: number
  setLink(state: 'up' | 'down'): Promise<void>
  bridge(port: number): Promise<void>
  close(): Promise<void>
}

async function holdNamespace({ hasLink }: { hasLink: boolean }): Promise<Held> {
  const doorman = spawn('unshare', ['--net', process.execPath, '-e', DOORMAN], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc']
  })
  const sockets = new Set<Socket>()
  const listening = new Map<number, () => void>()
  doorman.on('message', (message: { port: number }, socket?: Socket) => {
    if (socket) bridgeSocket(socket, message.port)
    else listening.get(message.port)?.()
  })
  const bridgeSocket = (socket: Socket, port: number) => {
    const there = connect(port, '127.0.0.1')
    for (const [end, other] of [
      [socket, there],
      [there, socket]
    ] as const) {
      sockets.add(end)
      end.on('error', () => other.destroy())
      end.once('close', () => {
        sockets.delete(end)
        other.destroy()
      })
      end.pipe(other)
    }
    socket.resume()
  }
  const ended = new Promise<void>(resolve => doorman.once('exit', () => resolve()))
  const ip = (...args: string[]) => execute('nsenter', ['-t', String(doorman.pid), '-n', 'ip', ...args])
  const held: Held = {
    pid: doorman.pid as number,
    async setLink(state) {
      if (state === 'down') {
        // the address of a link that is merely down goes on working on this machine
        await ip('address', 'del', ADDRESS, 'dev', LINK)
        return
      }
      await ip('address', 'add', ADDRESS, 'dev', LINK)
      // Chromium gives names instead of addresses, and asks the network for them
      await ip('route', 'add', 'default', 'dev', LINK)
    },
    async bridge(port) {
      const isUp = new Promise<void>(resolve => listening.set(port, resolve))
      doorman.send(port)
      await isUp
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      if (doorman.connected) doorman.disconnect()
      await ended
    }
  }
  try {
    await isThere(doorman)
    await ip('link', 'set', 'lo', 'up')
    if (!hasLink) return held
    await ip('link', 'add', LINK, 'type', 'veth', 'peer', 'name', OTHER_END)
    for (const end of [LINK, OTHER_END]) await ip('link', 'set', end, 'up')
    await held.setLink('up')
    return held
  } catch (error) {
    await held.close()
    throw error
  }
}

async function isThere(doorman: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    doorman.once('message', () => resolve())
    doorman.once('error', reject)
    doorman.once('exit', () => reject(new Error('unshare ended')))
  })
}
