import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Notice } from '../../demo/peer/notices.ts'
import { until } from '../support/peers.ts'

const PEER = fileURLToPath(new URL('../../dist/node/demo/peer.js', import.meta.url))

type Of<E extends Notice['event']> = Extract<Notice, { event: E }>

/** The demo's peer in a process of its own. */
export class PeerProcess {
  readonly notices: Notice[] = []
  /** Lines of standard error. */
  readonly problems: string[] = []
  /** Everything on standard output that is no JSON line. */
  readonly text: string[] = []
  readonly exited: Promise<number | string | null>
  readonly #child: ChildProcessWithoutNullStreams

  constructor(args: string[], { cwd, json = true }: { cwd: string; json?: boolean }) {
    const { NODE_OPTIONS: _, ...env } = process.env
    this.#child = spawn(process.execPath, [PEER, ...(json ? ['--json'] : []), ...args], { cwd, env })
    this.#child.stdin.on('error', () => {})
    createInterface({ input: this.#child.stdout }).on('line', line => {
      if (json) this.notices.push(JSON.parse(line))
      else this.text.push(line)
    })
    createInterface({ input: this.#child.stderr }).on('line', line => this.problems.push(line))
    this.exited = new Promise(resolve => {
      this.#child.once('close', (code, signal) => resolve(code ?? signal))
    })
  }

  /** Types values, one a line. */
  type(...values: unknown[]): void {
    this.typeRaw(...values.map(value => JSON.stringify(value)))
  }

  typeRaw(...lines: string[]): void {
    this.#child.stdin.write(lines.map(line => `${line}\n`).join(''))
  }

  endInput(): void {
    this.#child.stdin.end()
  }

  kill(signal: NodeJS.Signals): Promise<number | string | null> {
    this.#child.kill(signal)
    return this.exited
  }

  all<E extends Notice['event']>(event: E): Of<E>[] {
    return this.notices.filter((notice): notice is Of<E> => notice.event === event)
  }

  async next<E extends Notice['event']>(event: E): Promise<Of<E>> {
    await until(() => this.all(event).length > 0)
    return this.all(event)[0] as Of<E>
  }

  /** The view, as the changes and the entries at the start add up to it. */
  get view(): Record<string, unknown> {
    const view: Record<string, unknown> = {}
    for (const notice of this.notices) {
      if (notice.event === 'entry') view[notice.key] = notice.value
      if (notice.event !== 'change') continue
      if (notice.after === null) delete view[notice.key]
      else view[notice.key] = notice.after
    }
    return Object.fromEntries(Object.entries(view).sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}
