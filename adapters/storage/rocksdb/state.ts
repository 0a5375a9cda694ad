import { AutobeeError } from '../../../src/index.ts'
import type { KeyValueStore } from '../key-value.ts'
import { Commits } from './commits.ts'
import { Counter } from './counter.ts'

interface Closable {
  close(): Promise<void>
}

/** Of the stand-in, or in Node of the native binding, which allocated something for it. */
export interface NamedColumnFamily {
  readonly name: string
  destroy?(): void
}

interface Gate {
  readonly opened: Promise<boolean>
  open(resumed: boolean): void
}

/** What the sessions of one store share. hypercore-storage reads `closing`. */
export class State {
  readonly store: KeyValueStore
  readonly commits: Commits
  readonly sessions = new Set<Closable>()
  /** Batches and iterators that are not destroyed yet: closing waits for them, as the binding does. */
  readonly handles = new Counter()
  opened = false
  closed = false
  closing: Promise<void> | null = null
  #columnFamily: NamedColumnFamily | null = null
  readonly #running = new Counter()
  #opening: Promise<void> | null = null
  /** Closed while suspended. */
  #gate: Gate | null = null

  constructor(store: KeyValueStore) {
    this.store = store
    this.commits = new Commits(store)
  }

  /** The store is open already; the binding's is not, and callers count on `opened` to say so. */
  ready(): Promise<void> {
    this.#opening ??= Promise.resolve().then(() => {
      this.opened = true
    })
    return this.#opening
  }

  /** @throws AutobeeError `NOT_SUPPORTED` for a second name: its keys would be among those of the first */
  useColumnFamily(columnFamily: NamedColumnFamily | string): void {
    const used = typeof columnFamily === 'string' ? { name: columnFamily } : columnFamily
    this.#columnFamily ??= used
    if (this.#columnFamily.name === used.name) return
    throw new AutobeeError('NOT_SUPPORTED', 'a store has one column family beside the default one')
  }

  /** Runs work on the store: in this very call if it can, else once it is ready and not suspended. */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.opened && this.#gate === null) return this.#count(work)
    return this.#admitted().then(() => this.#count(work))
  }

  /** Resolves when nothing is under way any more; what comes waits for `resume`. */
  async suspend(): Promise<void> {
    this.#gate ??= gate()
    await this.#running.idle()
  }

  async resume(): Promise<void> {
    this.#gate?.open(true)
    this.#gate = null
  }

  close(): Promise<void> {
    this.closing ??= this.#close()
    return this.closing
  }

  async #admitted(): Promise<void> {
    await this.ready()
    while (this.#gate) {
      const resumed = await this.#gate.opened
      if (!resumed) throw closedError()
    }
  }

  async #count<T>(work: () => Promise<T>): Promise<T> {
    this.#running.add()
    try {
      return await work()
    } finally {
      this.#running.remove()
    }
  }

  async #close(): Promise<void> {
    this.#gate?.open(false)
    await this.#running.idle()
    await this.handles.idle()
    for (const session of this.sessions) await session.close()
    try {
      await this.store.close()
    } finally {
      this.#columnFamily?.destroy?.()
      this.closed = true
    }
  }
}

export function closedError(): AutobeeError {
  return new AutobeeError('STORE_CLOSED', 'the store, or this session of it, is closed')
}

function gate(): Gate {
  let open = (_resumed: boolean) => {}
  const opened = new Promise<boolean>(resolve => {
    open = resolve
  })
  return { opened, open }
}
