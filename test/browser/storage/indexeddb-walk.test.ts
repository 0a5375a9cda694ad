import { expect, test } from 'vitest'
import type { StoreOptions } from '../../../adapters/storage/indexeddb/store.ts'
import type { IndexedDbOptions } from '../../../adapters/storage/indexeddb.ts'
import type {
  KeyValueOperation,
  KeyValueSnapshot,
  KeyValueStore
} from '../../../adapters/storage/key-value.ts'
import { contents, del, delRange, filled, keyOf, put } from '../../../adapters/testing/bytes.ts'
import { Model } from '../../../adapters/testing/model.ts'
import { Random } from '../../../adapters/testing/random.ts'
import { deleteDatabase, freshName, RESTLESS, storeIn, tabWithoutLocks, wired } from './indexeddb-harness.ts'

/** A seed that ever failed stays. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]
const STEPS = 40
const KEYS = 40

test.each(SEEDS)(
  'through kills, aborts, lost connections, pages put aside and owners taken over, a store is what its commits said: seed %i',
  async seed => {
    const walk = new Walk(seed)
    try {
      await walk.run()
    } finally {
      await walk.end()
    }
  }
)

/** One of them takes effect after the other, each as its promise says; null while nothing is heard of it. */
interface Commit {
  readonly operations: readonly KeyValueOperation[]
  outcome: 'resolved' | 'refused' | 'lost' | null
}

interface Watched {
  readonly snapshot: KeyValueSnapshot
  /** What it may be of: one moment while its commits ran, known from the first look. */
  models: readonly Model[]
}

/** A store, and a model that knows what became of every commit. */
class Walk {
  readonly #name = freshName()
  readonly #random: Random
  readonly #options: IndexedDbOptions & Partial<StoreOptions>
  #generation = 0
  #page = wired(pageOf(0))
  #store: KeyValueStore | null = null
  #model = new Model()
  #snapshots: Watched[] = []
  readonly #old: Promise<unknown>[] = []

  constructor(seed: number) {
    this.#random = new Random(seed)
    this.#options = {
      ...RESTLESS,
      large: this.#random.of([150, 600, 1e6]),
      undoBytes: this.#random.of([-1, 300, 1e6]),
      cacheBytes: this.#random.of([0, 500, 1e6])
    }
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS; step++) await this.#step()
    await this.#reopen('close')
  }

  async end(): Promise<void> {
    await this.#store?.close()
    await Promise.all(this.#old)
    await deleteDatabase(this.#name)
  }

  async #step(): Promise<void> {
    const store = await this.#open()
    const commits = Array.from({ length: 1 + this.#random.below(4) }, () => this.#begin(store))
    if (this.#random.oneIn(2)) this.#watch(store, { commits })
    const looking = this.#random.oneIn(2) ? this.#look() : null
    // it may fail while nobody awaits it yet
    looking?.catch(noop)
    const after = await this.#disturb()
    if (after === 'kill' || after === 'take over') return this.#reopen(after, commits)
    await Promise.all(commits.map(({ ended }) => ended))
    await looking?.catch(error => this.#forgive(error))
    try {
      this.#learn(await contents(store), commits)
    } catch (error) {
      if (!isLost(error)) throw error
      return this.#reopen('close', commits)
    }
    if (this.#random.oneIn(3)) await this.#look().catch(error => this.#forgive(error))
    if (this.#random.oneIn(12)) await this.#reopen('close')
  }

  /** The store is nobody's any more, and is opened by somebody else: everything that was told is so. */
  async #reopen(
    how: 'close' | 'kill' | 'take over',
    commits: readonly (Commit & Ending)[] = []
  ): Promise<void> {
    const store = this.#store
    this.#store = null
    this.#snapshots = []
    if (how === 'close') await store?.close()
    const next = await this.#open()
    if (how === 'take over') {
      await Promise.all(commits.map(({ ended }) => ended))
      await expect(store?.commit([put(keyOf(1), filled(1, 255))])).rejects.toMatchObject({ code: /STORE_/ })
      if (store) this.#old.push(store.close())
    }
    this.#learn(await contents(next), commits)
  }

  async #open(): Promise<KeyValueStore> {
    if (this.#store) return this.#store
    this.#page = wired(pageOf(++this.#generation))
    const adapter = storeIn(this.#page.environment, this.#name, this.#options)
    this.#store = await adapter.openKeyValue({ wait: true })
    return this.#store
  }

  #begin(store: KeyValueStore): Commit & Ending {
    const operations = Array.from({ length: 1 + this.#random.below(5) }, () => this.#operation())
    const commit: Commit = { operations, outcome: null }
    const ended = store.commit(operations).then(
      () => {
        commit.outcome = 'resolved'
      },
      error => {
        if (!isLost(error) && !isBroken(error)) throw error
        commit.outcome = isLost(error) ? 'lost' : 'refused'
      }
    )
    ended.catch(noop)
    return Object.assign(commit, { ended })
  }

  async #disturb(): Promise<'kill' | 'take over' | null> {
    const { environment, connections, seen } = this.#page
    const countdown = this.#random.below(6)
    switch (this.#random.below(9)) {
      case 0:
        await this.#passed(countdown)
        this.#page.kill()
        return 'kill'
      case 1:
        await this.#passed(countdown)
        return 'take over'
      case 2: {
        await this.#passed(countdown)
        environment.page.dispatchEvent(new Event('pagehide'))
        if (this.#random.oneIn(2)) await new Promise(resolve => setTimeout(resolve))
        environment.page.dispatchEvent(new Event('pageshow'))
        return null
      }
      case 3:
      case 4: {
        // one that writes is broken off when all is asked of it, as by a full disk
        const writes = this.#random.oneIn(2)
        let left = countdown
        const see = (transaction: IDBTransaction) => {
          if ((transaction.mode === 'readwrite') !== writes || left-- > 0) return
          seen.delete(see)
          transaction.commit = () => transaction.abort()
        }
        seen.add(see)
        return null
      }
      case 5: {
        await this.#passed(countdown)
        const connection = connections.at(-1)
        connection?.close()
        if (this.#random.oneIn(2)) connection?.dispatchEvent(new Event('close'))
        return null
      }
      default:
        return null
    }
  }

  /** So many transactions, or what comes of itself. */
  async #passed(count: number): Promise<void> {
    const { seen } = this.#page
    let left = count
    const see = () => {
      left--
    }
    seen.add(see)
    for (let turns = 0; left > 0 && turns < 20; turns++) await new Promise(resolve => setTimeout(resolve))
    seen.delete(see)
  }

  #watch(store: KeyValueStore, { commits }: { commits: readonly Commit[] }): void {
    try {
      const models = this.#candidates(commits)
      this.#snapshots.push({ snapshot: store.snapshot(), models })
    } catch (error) {
      this.#forgive(error)
    }
    if (this.#snapshots.length > 4) this.#snapshots.splice(this.#random.below(4), 1)[0]?.snapshot.close()
  }

  /** Each snapshot is one moment, and the same one at every look. */
  async #look(): Promise<void> {
    for (const watched of [...this.#snapshots]) {
      const reverse = this.#random.oneIn(2)
      const found = await contents(watched.snapshot, { reverse })
      const [model, ...others] = watched.models.filter(model => isSame(model.list({ reverse }), found))
      expect(model, 'a snapshot is no moment').toBeDefined()
      watched.models = [model as Model, ...others]
      const keys = Array.from({ length: KEYS }, (_, i) => keyOf(i))
      expect(await watched.snapshot.getMany(keys)).toEqual(keys.map(key => (model as Model).get(key)))
    }
  }

  #learn(found: Awaited<ReturnType<typeof contents>>, commits: readonly Commit[]): void {
    const model = this.#candidates(commits).find(model => isSame(model.list(), found))
    expect(model, describe(found, { commits, model: this.#model })).toBeDefined()
    this.#model = model as Model
  }

  /** With what resolved; with or without what was not heard of, or was lost with its connection. */
  #candidates(commits: readonly Commit[]): Model[] {
    let models = [this.#model]
    for (const { operations, outcome } of commits) {
      if (outcome === 'refused') continue
      const after = models.map(model => model.after(operations))
      models = outcome === 'resolved' ? after : [...models, ...after]
    }
    return models
  }

  #forgive(error: unknown): void {
    if (!isLost(error)) throw error
  }

  #operation(): KeyValueOperation {
    const key = this.#random.below(KEYS)
    if (this.#random.oneIn(5)) return delRange(keyOf(key), keyOf(key + this.#random.below(15)))
    if (this.#random.oneIn(5)) return del(keyOf(key))
    return put(keyOf(key), filled(this.#random.below(200), this.#random.below(256)))
  }
}

interface Ending {
  readonly ended: Promise<void>
}

/** Nobody hears it, and its clock is ahead of those of the pages before: they are soon taken for gone. */
function pageOf(generation: number) {
  const page = tabWithoutLocks({ channel: undefined, lease: 30 })
  page.ahead = generation * 10_000
  return page
}

function isLost(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === 'STORE_CLOSED' || code === 'STORE_LOCKED'
}

function isBroken(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'STORE_FAILED'
}

type Entries = Awaited<ReturnType<typeof contents>>

function isSame(a: readonly { key: Uint8Array; value: Uint8Array }[], b: Entries): boolean {
  return textOf(a) === textOf(b)
}

function textOf(list: readonly { key: Uint8Array; value: Uint8Array }[]): string {
  return list.map(({ key, value }) => `${key}=${value.length}x${value[0] ?? ''}`).join(' ')
}

function describe(found: Entries, { commits, model }: { commits: readonly Commit[]; model: Model }): string {
  const all = commits.map(
    ({ operations, outcome }) => `${outcome}: ${operations.map(textOfOperation).join('; ')}`
  )
  return ['before', textOf(model.list()), 'commits', ...all, 'found', textOf(found)].join('\n')
}

function textOfOperation(operation: KeyValueOperation): string {
  if (operation.type === 'put') return `put ${textOf([operation])}`
  return operation.type === 'delete'
    ? `delete ${operation.key}`
    : `delete ${operation.start} to ${operation.end}`
}

function noop(): void {}
