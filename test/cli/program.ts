import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '../support/peers.ts'

/** The command line as it is built and as users run it: by its own file. */
export const AUTOBEE = fileURLToPath(new URL('../../dist/node/cli.js', import.meta.url))

export interface Result {
  /** Exit code, or the signal that ended it. */
  readonly code: number | string | null
  readonly out: string
  readonly err: string
}

export interface Options {
  readonly input?: string | Uint8Array
  readonly env?: Record<string, string>
}

/** `autobee` in a process of its own. */
export class Autobee {
  out = ''
  err = ''
  readonly child: ChildProcessWithoutNullStreams
  readonly exited: Promise<Result>

  constructor(args: readonly string[], { cwd, env = {} }: { cwd: string; env?: Record<string, string> }) {
    const { NODE_OPTIONS: _, AUTOBEE_DATA: __, AUTOBEE_ENCRYPTION_KEY: ___, ...rest } = process.env
    this.child = spawn(AUTOBEE, args, { cwd, env: { ...rest, ...env } })
    this.child.stdin.on('error', () => {})
    this.child.stdout.setEncoding('utf8').on('data', text => {
      this.out += text
    })
    this.child.stderr.setEncoding('utf8').on('data', text => {
      this.err += text
    })
    this.exited = new Promise(resolve => {
      this.child.once('close', (code, signal) =>
        resolve({ code: code ?? signal, out: this.out, err: this.err })
      )
    })
  }

  get lines(): string[] {
    return this.out.split('\n').slice(0, -1)
  }

  /** Standard output as JSON lines. */
  get rows(): Record<string, unknown>[] {
    return this.lines.map(line => JSON.parse(line))
  }

  /** The first row that has these fields, when it is there. */
  async row(fields: Record<string, unknown>): Promise<Record<string, unknown>> {
    const find = () =>
      this.rows.find(row => Object.entries(fields).every(([name, value]) => row[name] === value))
    await until(() => find() !== undefined || this.child.exitCode !== null)
    const row = find()
    if (row) return row
    throw new Error(`it ended without ${JSON.stringify(fields)}: ${this.out}${this.err}`)
  }

  kill(signal: NodeJS.Signals): Promise<Result> {
    this.child.kill(signal)
    return this.exited
  }
}

/** A folder to run commands in; everything that was started in it ends with it. */
export class Workshop {
  readonly dir: string
  readonly #running: Autobee[] = []

  private constructor(dir: string) {
    this.dir = dir
  }

  static async open(): Promise<Workshop> {
    return new Workshop(await mkdtemp(join(tmpdir(), 'autobee-cli-')))
  }

  path(...names: string[]): string {
    return join(this.dir, ...names)
  }

  start(args: readonly string[], options: Pick<Options, 'env'> = {}): Autobee {
    const process = new Autobee(args, { cwd: this.dir, ...options })
    this.#running.push(process)
    return process
  }

  run(args: readonly string[], { input = '', ...options }: Options = {}): Promise<Result> {
    const process = this.start(args, options)
    process.child.stdin.end(input)
    return process.exited
  }

  /** A command that is expected to succeed; gives its JSON lines. */
  async rows(args: readonly string[], options: Options = {}): Promise<Record<string, unknown>[]> {
    const { code, out, err } = await this.run([...args, '--json'], options)
    if (code !== 0) throw new Error(`autobee ${args.join(' ')}: ${code} ${err}`)
    return out
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line))
  }

  async row(args: readonly string[], options: Options = {}): Promise<Record<string, unknown>> {
    return (await this.rows(args, options))[0] as Record<string, unknown>
  }

  /** A peer that is ready, and what it said of itself. */
  async serve(...args: string[]): Promise<{ peer: Autobee; ready: Record<string, unknown> }> {
    const peer = this.start(['serve', '--json', ...args])
    return { peer, ready: await peer.row({ event: 'ready' }) }
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.map(process => process.kill('SIGKILL')))
    await rm(this.dir, { recursive: true, force: true })
  }
}

/** What standard error says with --json. */
export function errorsOf({ err }: Pick<Result, 'err'>): Record<string, unknown>[] {
  return err
    .split('\n')
    .filter(line => line.startsWith('{"error"'))
    .map(line => JSON.parse(line).error)
}
