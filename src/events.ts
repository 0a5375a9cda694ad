import { EventEmitter } from 'events'
import type { AutobeeError } from './errors.ts'
import type { Head } from './keys.ts'

/** Every event of an Autobee, with its arguments. All repeat, unless it says once. */
export interface AutobeeEvents {
  /** Once: the database is open. */
  ready: []
  /** An apply cycle changed the view or the order; what it did is durable. */
  update: []
  /** This instance became a writer. */
  writable: []
  /** This instance is a writer no more. */
  unwritable: []
  /** A writer was added, removed, or changed its role. */
  writer: [{ key: Uint8Array; isIndexer: boolean; isRemoved: boolean }]
  /**
   * Entries of a writer from `length` on are not taken: `INVALID_ENTRY`, `UPGRADE_REQUIRED`, `BACK_DATED`, `FORKED`,
   * `CONFLICT`, `ORIGIN`, `ENCRYPTION_KEY_MISMATCH` (its first block is no Autobee's, or has another encryption
   * key). Everyone else goes on. Found again at each opening, so a repair thaws it.
   */
  'writer-frozen': [{ key: Uint8Array; length: number; reason: string; message: string }]
  /** A unit was skipped: `NOT_A_WRITER`, `NOT_ACKNOWLEDGED`, `APPLY_FAILED` (a stranger's unit) or `INVALID_VALUE`. */
  rejected: [{ key: Uint8Array; length: number; reason: string }]
  /** Units that were applied moved: `undone` units from `position` on were taken back and applied again. */
  reorg: [{ position: number; undone: number }]
  /** A peer with exactly the same entries has ordered them differently: a bug, a fork or an `apply` that is not deterministic. */
  diverged: [{ key: Uint8Array; length: number; position: number }]
  /** Two versions of an oplog are signed by its writer. For the own one the way out is `setLocal`. */
  conflict: [{ key: Uint8Array; length: number; isLocal: boolean }]
  /** The own oplog got back a tail that this store had lost (a power cut): it went on from `from` to `to`. */
  recovered: [{ from: number; to: number }]
  'fast-forward': [{ from: number; to: number }]
  /** `apply` called `host.interrupt(reason)` on a remote unit; `update()` tries it again. */
  interrupt: [reason: string]
  /** Entries are here that cannot be ordered yet: `CLOCK`, `LINKS` or `RECOVERING`. */
  waiting: [{ reason: string; key: Uint8Array; length: number }]
  /** Something failed that no call waits for. After `APPLY_FAILED`, `STORE_*` or a mismatch nothing more is applied. */
  error: [AutobeeError]
  /** Once: the database is closed. */
  close: []
}

export type { Head }

/** The slice of Node's EventEmitter that holds in both runtimes, typed. */
export interface TypedEmitter<E extends { [K in keyof E]: unknown[] }> {
  on<K extends keyof E>(event: K, listener: (...args: E[K]) => void): this
  once<K extends keyof E>(event: K, listener: (...args: E[K]) => void): this
  off<K extends keyof E>(event: K, listener: (...args: E[K]) => void): this
  addListener<K extends keyof E>(event: K, listener: (...args: E[K]) => void): this
  removeListener<K extends keyof E>(event: K, listener: (...args: E[K]) => void): this
  removeAllListeners(event?: keyof E): this
  emit<K extends keyof E>(event: K, ...args: E[K]): boolean
  listenerCount(event: keyof E): number
}

/** The emitter classes extend this; the cast gives the untyped base its typed face. */
export function typedEmitter<E extends { [K in keyof E]: unknown[] }>(): new () => TypedEmitter<E> {
  return EventEmitter as never
}

/**
 * Emits, from the middle of something that must go on: an `error` that nobody listens for is dropped, where EventEmitter
 * would throw it, and what a listener throws is thrown where nothing else is under way.
 */
export function tell<E extends { [K in keyof E]: unknown[] }, K extends keyof E>(
  emitter: TypedEmitter<E>,
  event: K,
  ...args: E[K]
): void {
  if (event === 'error' && emitter.listenerCount(event) === 0) return
  try {
    emitter.emit(event, ...args)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
