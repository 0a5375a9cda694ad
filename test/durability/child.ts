import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { FlushPhase } from '../../src/engine/journal.ts'
import type { Op } from './apply.mjs'

const SCRIPT = fileURLToPath(new URL('child.mjs', import.meta.url))
const BUILT = fileURLToPath(new URL('../../dist/node/index.js', import.meta.url))

export interface ChildOptions {
  readonly dir: string
  /** Hex; null: the database that the store created, or creates. */
  readonly key: string | null
  /** In front of the ids of what it appends of itself. */
  readonly name: string
  readonly seed: number
  readonly durability?: 'relaxed' | 'sync'
  /** Leaves all it writes in the write-ahead log, for a power cut to take. */
  readonly unsynced?: boolean
  /** Kills itself at the n-th time that a flush (with `merging`: one with an undo in it) comes to that phase. */
  readonly failpoint?: { readonly phase: FlushPhase; readonly n: number; readonly merging: boolean }
}

/** What a child says of itself. */
interface Said {
  readonly ready?: { readonly key: string; readonly local: string; readonly length: number }
  readonly acked?: Acked
  readonly killing?: { readonly phase: FlushPhase; readonly merging: boolean }
  readonly event?: string
  readonly detail?: { readonly [name: string]: unknown }
  readonly failed?: { readonly code: string; readonly message: string }
  readonly re?: number
  readonly answer?: unknown
  readonly error?: { readonly code: string; readonly message: string }
  readonly closed?: true
}

/** An append that was acknowledged: the oplog's length after it, and its values. */
export interface Acked {
  readonly length: number
  readonly ids: readonly string[]
}

export interface Status {
  readonly position: number
  readonly orderHash: string
  readonly digest: string | null
  readonly local: number
  readonly writable: boolean
  readonly undos: number
}

/** A peer in a process of its own. It ends with the test process, whatever happens. */
export class Child {
  readonly said: Said[] = []
  readonly #process: ChildProcess
  readonly #exited: Promise<void>
  readonly #looks = new Set<() => void>()
  #errors = ''
  #isOver = false
  #calls = 0

  constructor(options: ChildOptions) {
    if (!existsSync(BUILT)) throw new Error('these tests need the built package: npm run build')
    this.#process = spawn(process.execPath, [SCRIPT, JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'pipe']
    })
    const { stdin, stdout, stderr } = this.#process
    stdin?.on('error', () => {})
    stderr?.on('data', chunk => {
      this.#errors += chunk
    })
    const lines = createInterface({ input: stdout as NodeJS.ReadableStream })
    lines.on('line', line => this.#hear(line))
    this.#exited = Promise.all([
      new Promise(resolve => this.#process.once('close', resolve)),
      new Promise(resolve => lines.once('close', resolve as never))
    ]).then(() => {
      this.#isOver = true
      for (const look of this.#looks) look()
    })
  }

  get acked(): Acked[] {
    return this.said.flatMap(({ acked }) => acked ?? [])
  }

  get killing(): Said['killing'] | null {
    return this.said.find(({ killing }) => killing)?.killing ?? null
  }

  events(name: string): Said['detail'][] {
    return this.said.filter(({ event }) => event === name).map(({ detail }) => detail)
  }

  /** The first thing said that `match` gives something for. @throws when the child ends without saying it */
  async hears<T>(match: (said: Said) => T | undefined): Promise<T> {
    for (let at = 0; ; ) {
      for (; at < this.said.length; at++) {
        const found = match(this.said[at] as Said)
        if (found !== undefined) return found
      }
      if (this.#isOver) throw new Error(`the child ended\n${this.report()}`)
      await new Promise<void>(resolve => {
        const look = () => {
          this.#looks.delete(look)
          resolve()
        }
        this.#looks.add(look)
      })
    }
  }

  async ready(): Promise<{ key: string; local: string; length: number }> {
    return this.hears(said => {
      if (said.failed) throw new Error(`the child failed\n${this.report()}`)
      return said.ready
    })
  }

  /** @throws Error with the `code` that the child's call failed with */
  async call<T = unknown>(command: string, args: object = {}): Promise<T> {
    const re = ++this.#calls
    this.#process.stdin?.write(`${JSON.stringify({ re, command, ...args })}\n`)
    const said = await this.hears(one => (one.re === re ? one : undefined))
    if (said.error) throw Object.assign(new Error(said.error.message), { code: said.error.code })
    return said.answer as T
  }

  append(...values: Op[]): Promise<{ length: number }> {
    return this.call('append', { values })
  }

  status(): Promise<Status> {
    return this.call('status')
  }

  /** Closes the database and the store, in order, and ends. */
  async close(): Promise<void> {
    this.#process.stdin?.write(`${JSON.stringify({ command: 'close' })}\n`)
    await this.hears(({ closed }) => closed)
    await this.#exited
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }

  /** Resolves when it is gone and all it said is here. */
  exited(): Promise<void> {
    return this.#exited
  }

  async end(): Promise<void> {
    this.kill()
    await this.#exited
  }

  /** For messages of failed tests. */
  report(): string {
    const last = this.said.slice(-5).map(said => JSON.stringify(said))
    return [...last, this.#errors].join('\n')
  }

  #hear(line: string): void {
    this.said.push(JSON.parse(line))
    for (const look of this.#looks) look()
  }
}
