import type { Autobee, WriterInfo } from '../../src/index.ts'
import type { Head } from '../../src/keys.ts'
import { sharedOf } from '../../src/shared.ts'
import { compact, ownBytes } from './line.ts'
import type { DatabaseState, Rows, Update } from './messages.ts'

/** All that tabs are told of a database, as of one moment. */
export interface Reading {
  readonly state: DatabaseState
  readonly writers: readonly WriterInfo[]
  readonly oplogs: readonly Head[]
}

/** Of an open database, and the id of its store. */
export function readState(db: Autobee<unknown>, store: string): Reading {
  const { core } = db.bee
  const local = { key: ownBytes(db.local.key), length: db.local.length }
  return {
    state: {
      store,
      key: ownBytes(db.key as Uint8Array),
      local,
      writable: db.writable,
      isIndexer: db.isIndexer,
      orderLength: db.orderLength,
      tick: sharedOf(db).tick,
      stats: { ...db.stats },
      views: compact(db.views()),
      view: {
        key: ownBytes(core.key),
        fork: core.fork,
        length: core.length,
        head: db.bee.head()?.length ?? 0
      }
    },
    writers: [...db.writers],
    oplogs: db.oplogs()
  }
}

/** What one tab has been told, so that it is told only what is new. */
export class Teller {
  #writers: readonly WriterInfo[] = []
  #oplogs: readonly Head[] = []

  whole(reading: Reading): Update {
    this.#writers = []
    this.#oplogs = []
    return this.next(reading)
  }

  next({ state, writers, oplogs }: Reading): Update {
    const update = {
      state,
      writers: difference(this.#writers, writers, isSameWriter),
      oplogs: difference(this.#oplogs, oplogs, () => true)
    }
    this.#writers = writers
    this.#oplogs = oplogs
    return update
  }
}

/** The rows after an update of them. */
export function updated<T>(rows: readonly T[], { isWhole, rows: news }: Rows<T>): readonly T[] {
  if (news.length === 0 && !isWhole) return rows
  const next = isWhole ? [] : [...rows]
  for (const [index, row] of news) next[index] = row
  return next
}

function difference<T extends Head>(
  before: readonly T[],
  after: readonly T[],
  isSame: (a: T, b: T) => boolean
): Rows<T> {
  const isWhole = before.length === 0 || !before.every((row, i) => isSameKey(row, after[i]))
  const rows: [number, T][] = []
  for (const [i, row] of after.entries()) {
    const known = isWhole ? undefined : before[i]
    if (!known || known.length !== row.length || !isSame(known, row)) rows.push([i, compact(row)])
  }
  return { isWhole, rows }
}

function isSameKey(a: Head, b: Head | undefined): boolean {
  if (!b) return false
  return a.key === b.key || a.key.every((byte, i) => byte === b.key[i])
}

function isSameWriter(a: WriterInfo, b: WriterInfo): boolean {
  return (
    a.isIndexer === b.isIndexer &&
    a.isRemoved === b.isRemoved &&
    a.state === b.state &&
    a.isLocal === b.isLocal
  )
}
