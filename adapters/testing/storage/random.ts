import type {
  KeyValueCursor,
  KeyValueEntry,
  KeyValueOperation,
  KeyValueRange,
  KeyValueReader,
  KeyValueSnapshot,
  KeyValueStore
} from '../../storage/key-value.ts'
import { isEqual, same } from '../assert.ts'
import { begun, bytes, contents, filled, put } from '../bytes.ts'
import { Model } from '../model.ts'
import { Random } from '../random.ts'
import type { StorageCase, StoragePlace, Trial } from '../trial.ts'

const ALPHABET = [0, 1, 127, 128, 255]
const MOST_OPEN = 6

interface OpenCursor {
  readonly cursor: KeyValueCursor
  readonly left: KeyValueEntry[]
}

interface OpenSnapshot {
  readonly snapshot: KeyValueSnapshot
  readonly model: Model
}

export function randomCase<P extends StoragePlace>(seed: number, steps: number): StorageCase<P> {
  return {
    name: `whatever is done in whatever order, the store is like a plain sorted list (seed ${seed})`,
    async run(trial) {
      const walk = new Walk(trial, seed)
      try {
        await walk.start()
        for (let i = 0; i < steps; i++) await walk.step()
        await walk.reopen()
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        throw new Error(`seed ${seed}, after ${walk.trace()}: ${message}`, { cause: error })
      }
    }
  }
}

/** Takes random steps with the store and with the model. */
class Walk {
  readonly #trial: Trial<StoragePlace>
  readonly #random: Random
  readonly #steps: string[] = []
  #store!: KeyValueStore
  #model = new Model()
  #snapshots: OpenSnapshot[] = []
  #cursors: OpenCursor[] = []

  constructor(trial: Trial<StoragePlace>, seed: number) {
    this.#trial = trial
    this.#random = new Random(seed)
  }

  trace(): string {
    return `${this.#steps.length} steps, the last: ${this.#steps.slice(-8).join(', ')}`
  }

  async start(): Promise<void> {
    this.#store = await this.#trial.open()
  }

  async step(): Promise<void> {
    const [name, work] = this.#random.of([
      ['commit', () => this.#commit()],
      ['commit', () => this.#commit()],
      ['commits at once', () => this.#commitAtOnce()],
      ['get', () => this.#get(this.#store, this.#model)],
      ['list', () => this.#list(this.#store, this.#model)],
      ['snapshot', () => this.#takeSnapshot()],
      ['read a snapshot', () => this.#readSnapshot()],
      ['cursor', () => this.#makeCursor()],
      ['next', () => this.#next()],
      ['next', () => this.#next()],
      ['close', () => this.#closeOne()],
      ['open again', () => (this.#random.oneIn(4) ? this.reopen() : this.#store.sync())]
    ] as const)
    this.#steps.push(name)
    await work()
  }

  async reopen(): Promise<void> {
    await this.#store.close()
    this.#snapshots = []
    this.#cursors = []
    this.#store = await this.#trial.open()
    same(await contents(this.#store), this.#model.list(), 'entries when opened again')
  }

  async #commit(): Promise<void> {
    const operations = this.#operations()
    await this.#store.commit(operations)
    this.#model = this.#model.after(operations)
  }

  /** Whatever is read meanwhile is one of the states between, and stays what it was. */
  async #commitAtOnce(): Promise<void> {
    const states = [this.#model]
    const commits: Promise<void>[] = []
    for (let i = this.#random.below(4); i >= 0; i--) {
      const operations = this.#operations()
      commits.push(begun(this.#store.commit(operations)))
      states.push((states.at(-1) as Model).after(operations))
    }
    const snapshot = this.#store.snapshot()
    const cursor = this.#store.entries({})
    const seen = await contents(snapshot)
    await Promise.all(commits)
    this.#model = states.at(-1) as Model
    const state = states.find(one => isEqual(one.list(), seen))
    if (!state) throw new Error('a snapshot beside commits is of no state between them')
    this.#snapshots.push({ snapshot, model: state })
    const first = await cursor.next(1)
    const shown = [...first]
    for (let page = first; page.length > 0; ) {
      page = await cursor.next(5)
      shown.push(...page)
    }
    cursor.close()
    if (!states.some(one => isEqual(one.list(), shown)))
      throw new Error('a cursor beside commits is of no state between them')
    await this.#closeSome()
  }

  async #get(reader: KeyValueReader, model: Model): Promise<void> {
    const keys = Array.from({ length: 1 + this.#random.below(8) }, () => this.#key())
    same(
      await reader.getMany(keys),
      keys.map(key => model.get(key)),
      'values'
    )
  }

  async #list(reader: KeyValueReader, model: Model): Promise<void> {
    const range = this.#range()
    same(await contents(reader, range), model.list(range), 'entries of a range')
  }

  async #takeSnapshot(): Promise<void> {
    this.#snapshots.push({ snapshot: this.#store.snapshot(), model: this.#model })
    await this.#closeSome()
  }

  async #readSnapshot(): Promise<void> {
    if (this.#snapshots.length === 0) return
    const { snapshot, model } = this.#random.of(this.#snapshots)
    await (this.#random.oneIn(2) ? this.#get(snapshot, model) : this.#list(snapshot, model))
  }

  async #makeCursor(): Promise<void> {
    const range = this.#range()
    const from = this.#random.oneIn(2) && this.#snapshots.length > 0 ? this.#random.of(this.#snapshots) : null
    const cursor = (from?.snapshot ?? this.#store).entries(range)
    this.#cursors.push({ cursor, left: [...(from?.model ?? this.#model).list(range)] })
    await this.#closeSome()
  }

  async #next(): Promise<void> {
    if (this.#cursors.length === 0) return
    const { cursor, left } = this.#random.of(this.#cursors)
    const page = await cursor.next(1 + this.#random.below(6))
    if (page.length === 0) same([], left, 'entries left at the end')
    same(page, left.splice(0, page.length), 'the next entries')
  }

  async #closeOne(): Promise<void> {
    const list: { close(): void }[] = this.#random.oneIn(2)
      ? this.#snapshots.splice(this.#random.below(MOST_OPEN), 1).map(({ snapshot }) => snapshot)
      : this.#cursors.splice(this.#random.below(MOST_OPEN), 1).map(({ cursor }) => cursor)
    for (const one of list) one.close()
  }

  async #closeSome(): Promise<void> {
    while (this.#snapshots.length > MOST_OPEN) this.#snapshots.shift()?.snapshot.close()
    while (this.#cursors.length > MOST_OPEN) this.#cursors.shift()?.cursor.close()
  }

  #operations(): KeyValueOperation[] {
    const random = this.#random
    const count = random.oneIn(10) ? 60 : 1 + random.below(6)
    return Array.from({ length: count }, (): KeyValueOperation => {
      const kind = random.below(10)
      if (kind < 6) return put(this.#key(), this.#value())
      if (kind < 8) return { type: 'delete', key: this.#key() }
      return { type: 'delete-range', start: this.#bound(), end: this.#bound() }
    })
  }

  /** Few, so that they meet. */
  #key(): Uint8Array {
    return bytes(...Array.from({ length: 1 + this.#random.below(3) }, () => this.#random.of(ALPHABET)))
  }

  #value(): Uint8Array {
    return this.#random.oneIn(12)
      ? filled(5000, this.#random.below(256))
      : filled(this.#random.below(9), this.#random.below(256))
  }

  #bound(): Uint8Array {
    return this.#random.oneIn(8) ? bytes() : this.#key()
  }

  #range(): KeyValueRange {
    const bound = () => (this.#random.oneIn(3) ? undefined : this.#bound())
    return { start: bound(), end: bound(), reverse: this.#random.oneIn(2) }
  }
}
