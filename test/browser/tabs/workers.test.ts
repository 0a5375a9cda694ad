import { expect, test } from 'vitest'
import { ids, nameOf, openTab, until } from './tabs.ts'
import type { WorkerNews, WorkerTask } from './worker.ts'

const ROUNDS = 5

class WorkerTab {
  readonly prefix: string
  readonly told: { id: string; length: number }[] = []
  readonly errors: string[] = []
  role = 'none'
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })

  constructor(name: string, prefix: string) {
    this.prefix = prefix
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerNews>) => {
      if ('role' in data && data.role === 'ready')
        this.#worker.postMessage({ name, prefix } satisfies WorkerTask)
      else if ('role' in data) this.role = data.role
      else if ('error' in data) this.errors.push(data.error)
      else this.told.push(data)
    }
    this.#worker.onerror = ({ message }) => this.errors.push(message)
  }

  /** Its process ends it wherever it is; nothing of it runs any more. */
  kill(): void {
    this.#worker.terminate()
  }
}

test('workers share a database with pages; owners that are terminated among commits lose nothing, and nothing is there twice', async () => {
  const name = nameOf()
  const workers = [0, 1, 2].map(i => new WorkerTab(name, `w${i}`))
  const all = [...workers]
  for (let round = 0; round < ROUNDS; round++) {
    await until(
      () => workers.every(({ told }) => told.length > 0) && workers.some(({ role }) => role === 'owner')
    )
    const before = workers.map(({ told }) => told.length)
    await until(() => workers.every(({ told }, i) => told.length > (before[i] as number) + 10))
    const owner = workers.find(({ role }) => role === 'owner') as WorkerTab
    owner.kill()
    const fresh = new WorkerTab(name, `w${all.length}`)
    workers[workers.indexOf(owner)] = fresh
    all.push(fresh)
  }
  for (const worker of workers) worker.kill()
  const page = await openTab(name)
  const found = await ids(page)
  expect(new Set(found).size).toBe(found.length)
  expect(found.length).toBe(page.local.length)
  for (const { prefix, told, errors } of all) {
    expect(errors).toEqual([])
    expect(told.filter(({ id, length }) => found[length - 1] !== id)).toEqual([])
    const own = found.filter(id => id.startsWith(`${prefix}.`))
    expect(own).toEqual(own.map((_, i) => `${prefix}.${i}`))
  }
})
