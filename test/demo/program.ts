import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { until } from '../support/peers.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export type Exit = number | NodeJS.Signals | null

/** A program of the demo, built, in a process of its own; it tells in lines. */
export class Program {
  readonly out: string[] = []
  readonly err: string[] = []
  readonly exited: Promise<Exit>
  readonly #child: ChildProcessWithoutNullStreams

  /**
   * @param name in dist/node/demo, without its ending
   * @param options.root of the package; default: this one
   */
  constructor(name: string, args: readonly string[], { cwd, root = ROOT }: { cwd: string; root?: string }) {
    const path = join(root, 'dist', 'node', 'demo', `${name}.js`)
    const { NODE_OPTIONS: _, ...env } = process.env
    this.#child = spawn(process.execPath, [path, ...args], { cwd, env })
    this.#child.stdin.on('error', () => {})
    createInterface({ input: this.#child.stdout }).on('line', line => this.out.push(line))
    createInterface({ input: this.#child.stderr }).on('line', line => this.err.push(line))
    this.exited = new Promise(resolve => {
      this.#child.once('close', (code, signal) => resolve(code ?? signal))
    })
  }

  type(...lines: string[]): void {
    this.#child.stdin.write(lines.map(line => `${line}\n`).join(''))
  }

  endInput(): void {
    this.#child.stdin.end()
  }

  kill(signal: NodeJS.Signals): Promise<Exit> {
    this.#child.kill(signal)
    return this.exited
  }

  /** What `pattern` finds on standard output, as soon as it does; fails when the program ends first. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    let found: RegExpExecArray | null = null
    let isOver = false
    void this.exited.then(() => {
      isOver = true
    })
    await until(() => {
      found = pattern.exec(this.out.join('\n'))
      return found !== null || isOver
    })
    if (!found)
      throw new Error(`it ended without saying ${pattern}: ${[...this.out, ...this.err].join('\n')}`)
    return found
  }
}
