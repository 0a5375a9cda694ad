import { type ChildProcess, fork } from 'node:child_process'
import { dirname, join } from 'node:path'
import type { Methods, Task } from './tasks.ts'

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** A child process that does what it is asked. */
export class Child<Kind extends keyof Methods> {
  /** What it said when it was ready. */
  readonly ready: Promise<unknown>
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #last = 0

  constructor(task: Task & { task: Kind }) {
    const script = join(dirname(process.argv[1] as string), 'relay-child.js')
    this.#process = fork(script, [JSON.stringify(task)], { execArgv: ['--expose-gc'] })
    this.#process.on('message', ([id, outcome]: [number, { result?: unknown; error?: string }]) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (outcome.error === undefined) waiting?.resolve(outcome.result)
      else waiting?.reject(new Error(outcome.error))
    })
    this.#process.once('exit', code => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the ${task.task} ended with ${code}`))
    })
    this.ready = this.#answer(0)
  }

  call<Name extends keyof Methods[Kind]>(
    name: Name,
    argument: Methods[Kind][Name] extends (o: infer O) => unknown ? O : never
  ): Promise<Methods[Kind][Name] extends (o: never) => infer R ? R : never> {
    const id = ++this.#last
    const answer = this.#answer(id)
    this.#process.send([id, name, argument])
    return answer as Promise<never>
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return
    const gone = new Promise(resolve => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await gone
  }

  #answer(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }
}
