/** The processes that a comparison runs in, one for each of those who are compared. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Took } from './cases/case.ts'

export interface Order {
  readonly caseName: string
}

export type Answer = { readonly took: Took } | { readonly error: string }

const CHILD = fileURLToPath(new URL('./compare-child.js', import.meta.url))

export class Workers {
  readonly #children = new Map<string, ChildProcess>()
  readonly #quick: boolean

  constructor({ quick }: { quick: boolean }) {
    this.#quick = quick
  }

  /** One round of a case by one of them. @throws Error what went wrong there */
  async round(name: string, order: Order): Promise<Took> {
    const child = this.#child(name)
    child.send(order)
    const died = once(child, 'exit').then(() => ({ error: `${name}: its process ended` }))
    const answer: Answer = await Promise.race([once(child, 'message').then(([told]) => told as Answer), died])
    if ('error' in answer) throw new Error(answer.error)
    return answer.took
  }

  async close(): Promise<void> {
    const children = [...this.#children.values()].filter(({ exitCode }) => exitCode === null)
    await Promise.all(
      children.map(child => {
        const ended = once(child, 'exit')
        child.disconnect()
        return ended
      })
    )
    this.#children.clear()
  }

  #child(name: string): ChildProcess {
    const known = this.#children.get(name)
    if (known && known.exitCode === null) return known
    const child = fork(CHILD, [name, this.#quick ? 'quick' : ''], {
      execArgv: ['--enable-source-maps', '--expose-gc']
    })
    child.setMaxListeners(0)
    this.#children.set(name, child)
    return child
  }
}
