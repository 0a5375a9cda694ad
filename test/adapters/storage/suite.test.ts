import { describe, expect, test } from 'vitest'
import type {
  KeyValueAdapter,
  KeyValueCursor,
  KeyValueOperation,
  KeyValueRange,
  KeyValueReader,
  KeyValueStore
} from '../../../adapters/storage/key-value.ts'
import { memory } from '../../../adapters/storage/memory.ts'
import { type StorageFaults, type StoragePlace, storageSuite } from '../../../adapters/testing/index.ts'
import { AutobeeError } from '../../../src/index.ts'
import { changed, methodsOf } from './changed.ts'

type Change = (store: KeyValueStore) => Partial<KeyValueStore>

/** The name of the first case that fails in such places; null when none does. */
async function firstFailure<P extends StoragePlace>(
  create: () => P,
  faults: StorageFaults<P> = {}
): Promise<string | null> {
  const cases: { name: string; run: () => Promise<void> }[] = []
  storageSuite({ test: (name, run) => cases.push({ name, run }), create, faults, seeds: [1], steps: 60 })
  for (const { name, run } of cases) {
    // it takes longer than all others
    if (name.includes('64 MiB')) continue
    try {
      await run()
    } catch {
      return name
    }
  }
  return null
}

function place(adapter: KeyValueAdapter): StoragePlace {
  return { adapter, destroy: async () => {} }
}

function later(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve))
}

async function all(reader: KeyValueReader, range: KeyValueRange = {}) {
  const cursor = reader.entries(range)
  return (await cursor.next(100_000)) as { key: Uint8Array; value: Uint8Array }[]
}

/** A cursor over what `list` gives at its first read. */
function cursorOf(list: () => Promise<readonly { key: Uint8Array; value: Uint8Array }[]>): KeyValueCursor {
  let left: { key: Uint8Array; value: Uint8Array }[] | null = null
  return {
    async next(limit) {
      left ??= [...(await list())]
      return left.splice(0, limit)
    },
    close() {}
  }
}

function increased(key: Uint8Array): Uint8Array {
  return Uint8Array.from([...key, 0])
}

/** What breaks a promise, and what the case that notices is called. */
const BROKEN: Record<string, { change: Change; notices: RegExp }> = {
  'the order is that of signed bytes': {
    change: store => ({
      entries: range =>
        cursorOf(async () => {
          const list = await all(store, range)
          return list.sort((a, b) => ((a.key[0] ?? 0) << 24) - ((b.key[0] ?? 0) << 24))
        })
    }),
    notices: /unsigned bytes/
  },
  'reverse is ignored': {
    change: store => ({ entries: ({ start, end }) => store.entries({ start, end }) }),
    notices: /unsigned bytes/
  },
  'the end of a range is part of it': {
    change: store => ({
      entries: range => store.entries({ ...range, end: range.end && increased(range.end) })
    }),
    notices: /has its start and not its end/
  },
  'the start of a range is not part of it': {
    change: store => ({
      entries: range => store.entries({ ...range, start: range.start && increased(range.start) })
    }),
    notices: /has its start and not its end/
  },
  'empty values are none': {
    change: store => ({
      getMany: async keys => (await store.getMany(keys)).map(value => (value?.length ? value : null))
    }),
    notices: /may be empty/
  },
  'a key that is asked for twice is answered once': {
    change: store => ({
      getMany: async keys => {
        const seen = new Set<string>()
        const values = await store.getMany(keys)
        return values.map((value, i) => {
          const key = String(keys[i])
          if (seen.has(key)) return null
          seen.add(key)
          return value
        })
      }
    }),
    notices: /many keys are read at once/
  },
  'a cursor gives more than it was asked for': {
    change: store => ({
      entries: range => {
        const cursor = store.entries(range)
        return { next: limit => cursor.next(limit + 1), close: () => cursor.close() }
      }
    }),
    notices: /./
  },
  'a range delete takes its end': {
    change: store => ({
      commit: operations =>
        store.commit(operations.map(o => (o.type === 'delete-range' ? { ...o, end: increased(o.end) } : o)))
    }),
    notices: /range delete|take effect in their order/
  },
  'range deletes go before everything else': {
    change: store => ({
      commit: operations => {
        const isRange = (o: KeyValueOperation) => o.type === 'delete-range'
        return store.commit([...operations.filter(isRange), ...operations.filter(o => !isRange(o))])
      }
    }),
    notices: /in their order/
  },
  'a commit takes effect piece by piece': {
    change: store => ({
      async commit(operations) {
        for (const operation of operations) {
          await store.commit([operation])
          await null
        }
      }
    }),
    notices: /all of a commit or nothing/
  },
  'a commit takes effect after it has resolved': {
    change: store => {
      let before: readonly KeyValueOperation[] = []
      return {
        async commit(operations) {
          await store.commit(before)
          before = operations
        }
      }
    },
    notices: /./
  },
  'commits overtake each other': {
    change: store => {
      let count = 0
      return {
        async commit(operations) {
          if (count++ % 3 === 0) await later()
          await store.commit(operations)
        }
      }
    },
    notices: /never go back|order of their calls/
  },
  'a snapshot shows what is written later': {
    change: store => ({
      snapshot: () => ({
        getMany: keys => store.getMany(keys),
        entries: range => store.entries(range),
        close() {}
      })
    }),
    notices: /10,000/
  },
  'only the keys of a snapshot hold, not its entries': {
    change: store => ({
      snapshot: () => {
        const snapshot = store.snapshot()
        return {
          getMany: keys => snapshot.getMany(keys),
          entries: range => store.entries(range),
          close: () => snapshot.close()
        }
      }
    }),
    notices: /10,000/
  },
  'a cursor shows what is written after it was made': {
    change: store => ({ entries: range => cursorOf(() => all(store, range)) }),
    notices: /a cursor/
  },
  'a closed snapshot can be read': {
    change: store => ({
      snapshot: () => {
        const snapshot = store.snapshot()
        return {
          getMany: keys => snapshot.getMany(keys),
          entries: range => snapshot.entries(range),
          close() {}
        }
      }
    }),
    notices: /a snapshot that was closed/
  },
  'what a snapshot closes takes its cursors with it': {
    change: store => ({
      snapshot: () => {
        const snapshot = store.snapshot()
        const cursors: KeyValueCursor[] = []
        return {
          getMany: keys => snapshot.getMany(keys),
          entries: range => {
            const cursor = snapshot.entries(range)
            cursors.push(cursor)
            return cursor
          },
          close() {
            snapshot.close()
            for (const cursor of cursors) cursor.close()
          }
        }
      }
    }),
    notices: /go on when it is closed/
  },
  'closing does not wait for commits': {
    change: store => {
      let isClosed = false
      return {
        async commit(operations) {
          await null
          if (isClosed) throw new AutobeeError('STORE_CLOSED', 'closed')
          await store.commit(operations)
        },
        close() {
          isClosed = true
          return store.close()
        }
      }
    },
    notices: /closing lets come to its end/
  },
  'a closed store has another error': {
    change: store => ({
      sync: () => store.sync().catch(() => Promise.reject(new AutobeeError('STORE_FAILED', 'closed')))
    }),
    notices: /after close everything/
  }
}

describe('storageSuite', () => {
  test('passes in memory', async () => {
    expect(await firstFailure(() => place(memory()))).toBeNull()
  })

  test.for(Object.entries(BROKEN))('notices when %s', async ([, { change, notices }]) => {
    expect(await firstFailure(() => place(changed(memory(), change)))).toMatch(notices)
  })

  test('passes where accidents happen and are told', async () => {
    expect(await firstFailure(() => new Breakable(), Breakable.faults())).toBeNull()
  })

  test.for([
    ['what did not fit is kept in part', { keeps: true }, /STORE_FULL/],
    ['a full store stays full', { stays: true }, /STORE_FULL/],
    ['a kill takes what was committed', { forgets: true }, /killed/],
    ['what is gone is not told', { silent: true }, /gone/],
    ['who lost the place may write again', { forgives: true }, /lost the place/],
    ['damage is not noticed', { blind: true }, /STORE_CORRUPT/]
  ] as const)('notices when %s', async ([, wrong, notices]) => {
    expect(await firstFailure(() => new Breakable(wrong), Breakable.faults())).toMatch(notices)
  })

  test('notices when a place can be opened twice', async () => {
    const unlocked = () => {
      const shared = memory()
      const stores: KeyValueStore[] = []
      return place({
        name: 'unlocked',
        async openKeyValue() {
          const [first] = stores
          const store = first ?? (await shared.openKeyValue())
          stores.push(store)
          const close = async () => {
            stores.pop()
            if (stores.length === 0) await store.close()
          }
          return { ...methodsOf(store), close }
        }
      })
    }
    expect(await firstFailure(unlocked)).toMatch(/open once/)
  })

  test('notices when all that wait are let in', async () => {
    const crowd = () => {
      const shared = memory()
      return place({
        name: 'crowd',
        async openKeyValue(options) {
          if (!options?.wait) return shared.openKeyValue(options)
          const store = await shared.openKeyValue(options)
          await store.close()
          return memory().openKeyValue()
        }
      })
    }
    expect(await firstFailure(crowd)).toMatch(/an opening that waits/)
  })

  test('notices when nothing is there again', async () => {
    const forgetful = () =>
      place({ name: 'forgetful', openKeyValue: options => memory().openKeyValue(options) })
    expect(await firstFailure(forgetful)).toMatch(/in their order/)
  })
})

interface Wrong {
  keeps?: boolean
  stays?: boolean
  forgets?: boolean
  silent?: boolean
  forgives?: boolean
  blind?: boolean
}

/** Memory with accidents, each told as the contract says, unless something is wrong with it. */
class Breakable implements StoragePlace {
  readonly adapter: KeyValueAdapter
  readonly #wrong: Wrong
  #memory = memory()
  #error: AutobeeError | null = null
  #isFull = false
  #isDamaged = false

  constructor(wrong: Wrong = {}) {
    this.#wrong = wrong
    this.adapter = {
      name: 'breakable',
      openKeyValue: async options => this.#open(await this.#memory.openKeyValue(options))
    }
  }

  static faults(): StorageFaults<Breakable> {
    return {
      full: async place => {
        place.#isFull = true
        return async () => {
          place.#isFull = place.#wrong.stays === true
        }
      },
      kill: async (place, store) => {
        await store.close()
        if (place.#wrong.forgets) place.#memory = memory()
        return place.adapter
      },
      remove: async place => {
        const reason = place.#wrong.silent ? {} : { reason: 'DELETED' }
        place.#error = new AutobeeError('STORE_CLOSED', 'it is gone', reason)
      },
      takeOver: async (place, store) => {
        place.#error = new AutobeeError('STORE_LOCKED', 'somebody has it', { reason: 'TAKEN_OVER' })
        // memory has no second owner: the first one's methods are the second's
        return lastOpened.get(store) as KeyValueStore
      },
      damage: async place => {
        place.#isDamaged = true
      }
    }
  }

  async destroy(): Promise<void> {}

  async #open(store: KeyValueStore): Promise<KeyValueStore> {
    const corrupt = new AutobeeError('STORE_CORRUPT', 'not what was written')
    if (this.#isDamaged && !this.#wrong.blind) {
      await store.close()
      throw corrupt
    }
    const opened: KeyValueStore = {
      ...methodsOf(store),
      commit: async operations => {
        const error = this.#error
        if (this.#wrong.forgives) this.#error = null
        if (error) throw error
        const isLarge = operations.some(o => o.type === 'put' && o.value.length > 1000)
        if (!this.#isFull || !isLarge) return store.commit(operations)
        if (this.#wrong.keeps) await store.commit(operations.slice(0, 1))
        throw new AutobeeError('STORE_FULL', 'no room')
      },
      close: async () => {
        if (this.#error?.code !== 'STORE_LOCKED') await store.close()
      }
    }
    lastOpened.set(opened, methodsOf(store))
    return opened
  }
}

const lastOpened = new WeakMap<KeyValueStore, KeyValueStore>()
