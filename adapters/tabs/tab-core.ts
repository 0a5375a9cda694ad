/** Leans on internals of hyperbee2: what a tree that is only read asks of its core and of its store. */
import Hyperbee from 'hyperbee2'
import type Hypercore from 'hypercore'
import { cacheBlocks } from '../../src/engine/block-cache.ts'
import { hexOf } from '../../src/keys.ts'
import { closedError } from './errors.ts'
import type { DatabaseState } from './messages.ts'

/** Nodes of the tree that are kept decoded. */
const CACHED_NODES = 512

export interface TabCoreOptions extends Pick<DatabaseState['view'], 'key' | 'fork'> {
  /** A block, from whoever has the store; waits while nobody has. null: it is not there. */
  read(index: number): Promise<Uint8Array | null>
}

/** The core of a view's tree, whose blocks another tab may have. They never change, so whoever owns the store can be asked. */
class TabCore {
  readonly key: Uint8Array
  readonly id: string
  readonly fork: number
  readonly opened = true
  readonly writable = false
  length = 0
  closed = false
  readonly #read: TabCoreOptions['read']

  constructor({ key, fork, read }: TabCoreOptions) {
    this.key = key
    this.id = hexOf(key)
    this.fork = fork
    this.#read = read
  }

  async ready(): Promise<void> {}

  /**
   * Waits as long as it takes, and cannot be cancelled: readers of one node wait for one reading, which is not to fail for all
   * when one of them goes.
   */
  async get(index: number): Promise<Uint8Array | null> {
    if (this.closed) throw closedError()
    return this.#read(index)
  }

  async getUserData(): Promise<null> {
    return null
  }

  async setUserData(): Promise<void> {}

  on(): this {
    return this
  }

  off(): this {
    return this
  }
}

/** A tree on blocks of another tab. */
export interface TabTree {
  readonly bee: Hyperbee
  readonly key: Uint8Array
  readonly fork: number
  /** How much of the core is known to be there. */
  length: number
  /** What reads it from then on gets `CLOSED`. */
  close(): void
}

export function openTree(options: TabCoreOptions): TabTree {
  const core = new TabCore(options)
  const store = {
    opened: true,
    opening: null,
    closing: null,
    get closed() {
      return core.closed
    },
    close: async () => {},
    get: () => {
      throw new Error('the view of a database has one core')
    }
  }
  const bee = new Hyperbee(
    store as never,
    {
      core: core as unknown as Hypercore,
      view: true,
      writable: false,
      maxCacheSize: CACHED_NODES
    } as never
  )
  bee.move({ length: 0 })
  cacheBlocks(bee)
  return {
    bee,
    key: core.key,
    fork: core.fork,
    get length() {
      return core.length
    },
    set length(length) {
      core.length = length
    },
    close() {
      core.closed = true
    }
  }
}
