import { fork } from 'node:child_process'
import { dirname, join } from 'node:path'
import type { Message, Task } from './tasks.ts'

/** JavaScript's heap, MiB: a database that needs more than this at any size misses the target by far. */
export const HEAP_LIMIT = 1024

/** A task that was not done: said in the table, in place of its figures. */
export class Failure {
  constructor(readonly reason: string) {}
}

/** Told of progress and of what was measured; a child that ends otherwise, or takes longer than `seconds`, failed. */
export function runChild<Result>(task: Task, { seconds }: { seconds: number }): Promise<Result | Failure> {
  return start<Result>(task, { seconds }).done
}

/** The same, for a child that goes on after that. */
export function start<Result>(
  task: Task,
  { seconds }: { seconds: number }
): { done: Promise<Result | Failure>; stop(): Promise<void> } {
  const script = join(dirname(process.argv[1]!), 'growth-child.js')
  const child = fork(script, [JSON.stringify(task)], {
    // without the maps of the sources, which take memory that is not the database's
    execArgv: ['--expose-gc', `--max-old-space-size=${HEAP_LIMIT}`],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc']
  })
  let errors = ''
  let progress = 0
  let timedOut = false
  const exited = new Promise<number | null>(resolve => child.once('close', code => resolve(code)))
  const timer = setTimeout(() => {
    timedOut = true
    child.kill('SIGKILL')
  }, seconds * 1000)
  child.stderr!.on('data', chunk => {
    errors += chunk
  })
  const done = new Promise<Result | Failure>(resolve => {
    let result: { readonly done: Result } | null = null
    child.on('message', (message: Message) => {
      if ('progress' in message) {
        progress = message.progress
        return
      }
      clearTimeout(timer)
      result = message as { done: Result }
      // the others let go of the store first
      if (task.task === 'serve') resolve(result.done)
    })
    void exited.then(code => {
      clearTimeout(timer)
      if (result) return resolve(result.done)
      const at = progress > 0 ? ` at ${progress.toLocaleString('en')} entries` : ''
      if (timedOut) return resolve(new Failure(`not done after ${seconds} s${at}`))
      if (/heap out of memory|heap limit/i.test(errors))
        return resolve(new Failure(`out of memory${at}: the limit is ${HEAP_LIMIT} MiB`))
      console.error(errors)
      resolve(new Failure(`ended with ${code}${at}`))
    })
  })
  return {
    done,
    async stop() {
      child.kill('SIGKILL')
      await exited
    }
  }
}
