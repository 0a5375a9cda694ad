import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { until } from '../support/peers.ts'

const SCRIPT = fileURLToPath(new URL('child.mjs', import.meta.url))
const BUILT = fileURLToPath(new URL('../../dist/node/publish.js', import.meta.url))

interface Said {
  readonly key?: string
  readonly length?: number
  readonly failed?: string
}

/** A process that appends and publishes until it is killed. */
export class PublishingChild {
  readonly #process: ChildProcess
  readonly #exited: Promise<void>
  readonly #said: Said[] = []
  #errors = ''
  #ended = false

  constructor(dir: string, { blocks }: { blocks: number }) {
    if (!existsSync(BUILT)) throw new Error(`${BUILT} is missing: npm run build`)
    const child = spawn(process.execPath, [SCRIPT, JSON.stringify({ dir, blocks })], {
      stdio: ['ignore', 'pipe', 'pipe']
    })
    this.#process = child
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    lines.on('line', line => this.#said.push(JSON.parse(line)))
    child.stderr?.on('data', data => {
      this.#errors += data
    })
    this.#exited = new Promise(resolve =>
      child.once('close', () => {
        this.#ended = true
        resolve()
      })
    )
  }

  async key(): Promise<string> {
    await this.#until(() => this.#said.some(({ key }) => key !== undefined))
    return this.#said.find(({ key }) => key !== undefined)?.key as string
  }

  /** Waits until so many blocks were published by it. */
  async length(blocks: number): Promise<void> {
    const first = () => this.#said.find(({ length }) => length !== undefined)?.length ?? 0
    await this.#until(() => this.#last() - first() >= blocks)
  }

  /** Returns the last length that it told its readers. */
  async kill(): Promise<number> {
    this.#process.kill('SIGKILL')
    await this.#exited
    const failed = this.#said.find(line => line.failed !== undefined)
    if (failed) throw new Error(failed.failed)
    return this.#last()
  }

  #last(): number {
    return this.#said.reduce((last, { length = 0 }) => Math.max(last, length), 0)
  }

  async #until(condition: () => boolean): Promise<void> {
    await until(() => condition() || this.#ended)
    if (!condition()) throw new Error(`the process ended: ${this.#errors}`)
  }
}
