import type { KeyValueOperation } from '../key-value.ts'
import { ownBytes, textOf } from './bytes.ts'
import { NotOwner } from './errors.ts'
import { bytesIn } from './pages.ts'
import type { Old } from './patch.ts'
import { begin, completed, type Durability, keyRange, STORES, type StoreName } from './requests.ts'

/** Operations handed to IndexedDB in one go; the page gets a turn between them. */
const AT_ONCE = 1000

/** Who may write: what the record `owner` says while nobody else has taken the store over. */
export interface Owner {
  /** One more with each owner. */
  readonly epoch: number
  /** Random, so that no other owner of any database has the same. */
  readonly token: string
}

export interface WriteOptions {
  readonly owner: Owner
  readonly durability: Durability
  readonly store: StoreName
  /** Values to learn before they are overwritten. */
  readonly captures?: readonly (readonly [Uint8Array, Old])[]
}

export function isSameOwner(stored: unknown, owner: Owner): boolean {
  const { epoch, token } = (stored ?? {}) as Partial<Owner>
  return epoch === owner.epoch && token === owner.token
}

/**
 * Operations in one transaction, resolved when it is complete; rejects with {@link NotOwner} when somebody else owns the
 * database by now. That is asked first and waited for by nobody: without an explicit `commit()` a transaction ends only
 * after its last answer was heard, so an answer that comes meanwhile aborts all of it; and no owner changes meanwhile, as
 * that record is in this transaction's scope.
 */
export function write(
  database: IDBDatabase,
  operations: Iterable<KeyValueOperation>,
  { owner, durability, store: name, captures = [] }: WriteOptions
): Promise<void> {
  const transaction = begin(database, [name, STORES.meta], { mode: 'readwrite', durability })
  const done = completed(transaction)
  const store = transaction.objectStore(name)
  let failure: { readonly error: unknown } | null = null
  let isOurs = false
  let isIssued = false

  const guarded = (step: () => void) => () => {
    if (failure) return
    try {
      step()
    } catch (error) {
      failure = { error }
      transaction.abort()
    }
  }
  // all is asked for and the owner is known: the database need not wait for this page to hear the rest
  const end = () => {
    if (isOurs && isIssued) transaction.commit()
  }

  const asked = transaction.objectStore(STORES.meta).get('owner')
  asked.onsuccess = guarded(() => {
    if (!isSameOwner(asked.result, owner)) throw new NotOwner()
    isOurs = true
    end()
  })
  const rest = operations[Symbol.iterator]()
  const issueNext = guarded(() => {
    if (isIssued) return
    for (let count = 0; count < AT_ONCE; count++) {
      const next = rest.next()
      if (next.done) {
        isIssued = true
        return end()
      }
      const request = issue(store, next.value)
      // at the first answer, not the last: the database always has something to do
      if (request && count === 0) request.onsuccess = issueNext
      else if (!request) count--
    }
  })
  guarded(() => {
    for (const [key, old] of captures) {
      const request: IDBRequest<unknown> = store.get(ownBytes(key))
      request.onsuccess = guarded(() => old.learn(bytesIn(request.result)))
    }
  })()
  issueNext()
  return done.catch(error => {
    throw failure ? failure.error : error
  })
}

/** null when there is nothing to do. */
function issue(store: IDBObjectStore, operation: KeyValueOperation): IDBRequest | null {
  if (operation.type === 'put') return store.put(ownBytes(operation.value), ownBytes(operation.key))
  if (operation.type === 'delete') return store.delete(ownBytes(operation.key))
  const range = keyRange({ lower: ownBytes(operation.start), upper: ownBytes(operation.end) })
  return range === 'empty' || range === null ? null : store.delete(range)
}

/** A commit as those who read beside it see it. */
export class Effects {
  /** Values after the commit, null for a key that was deleted by itself. */
  readonly values = new Map<string, Uint8Array | null>()
  readonly ranges: { readonly start: string; readonly end: string }[] = []

  constructor(operations: readonly KeyValueOperation[]) {
    for (const operation of operations) {
      if (operation.type === 'put') this.values.set(textOf(operation.key), ownBytes(operation.value))
      else if (operation.type === 'delete') this.values.set(textOf(operation.key), null)
      else this.#deleteRange(textOf(operation.start), textOf(operation.end))
    }
  }

  touches(key: string): boolean {
    return this.values.has(key) || this.ranges.some(({ start, end }) => key >= start && key < end)
  }

  #deleteRange(start: string, end: string): void {
    if (start >= end) return
    for (const key of this.values.keys()) if (key >= start && key < end) this.values.delete(key)
    this.ranges.push({ start, end })
  }
}
