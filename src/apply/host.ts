import { AutobeeError } from '../errors.ts'
import { type Head, hexOf, type KeyLike, toKey } from '../keys.ts'
import type { RoleChange } from '../order/index.ts'

/** What `apply` may do beside writing to the view. Everything it does belongs to the unit being applied. */
export interface Host {
  /** Key of the database. */
  readonly key: Uint8Array
  readonly discoveryKey: Uint8Array
  /** Key as hex. */
  readonly id: string
  /** Nothing has been applied before this unit. */
  readonly genesis: boolean
  /**
   * Makes `key` a writer from the next unit on; an indexer (default) or an ordinary writer. Calling it again with
   * another `isIndexer` changes the role. Make indexers only of those you trust: an indexer that was removed can
   * still slip in entries with old timestamps.
   * @throws AutobeeError `INVALID_KEY`
   */
  addWriter(key: KeyLike, options?: { isIndexer?: boolean }): void
  /**
   * From the next unit on, entries of `key` are ordered but no longer applied. What indexers have sequenced stays.
   * A removed ordinary writer cannot slip back in with an old timestamp; a removed indexer can.
   * @throws AutobeeError `INVALID_KEY`
   */
  removeWriter(key: KeyLike): void
  /** Keeps an optimistic unit of someone who is no writer. @throws AutobeeError `INVALID_KEY` */
  ackWriter(key: KeyLike): void
  /** Rolls the current unit back and stops; it is tried again at the next `update()`. Never returns. */
  interrupt(reason?: string): never
  /**
   * A core without signers whose one block holds the heads of the order up to and including this unit. Every peer
   * that applies the unit derives the same key.
   */
  createAnchor(): Promise<Head>
}

/** Thrown by `host.interrupt` to leave `apply`. */
export class Interruption extends Error {}

export interface HostOptions {
  readonly key: Uint8Array
  readonly discoveryKey: Uint8Array
  /** True while nothing has been applied. */
  isGenesis(): boolean
  createAnchor(): Promise<Head>
}

/** What one run of `apply` asked of the host. */
export interface HostCalls {
  readonly changes: readonly RoleChange[]
  readonly acknowledged: ReadonlySet<string>
  /** Set when `interrupt` was called, even if `apply` swallowed the exception. */
  readonly interrupted: string | null
}

/** Collects the calls of one unit at a time. */
export class ApplyHost implements Host {
  readonly key: Uint8Array
  readonly discoveryKey: Uint8Array
  readonly id: string
  readonly #options: HostOptions
  #changes: RoleChange[] = []
  #acknowledged = new Set<string>()
  #interrupted: string | null = null
  #active = false

  constructor(options: HostOptions) {
    this.#options = options
    this.key = options.key
    this.discoveryKey = options.discoveryKey
    this.id = hexOf(options.key)
  }

  get genesis(): boolean {
    return this.#options.isGenesis()
  }

  begin(): void {
    this.#changes = []
    this.#acknowledged = new Set()
    this.#interrupted = null
    this.#active = true
  }

  end(): HostCalls {
    this.#active = false
    return { changes: this.#changes, acknowledged: this.#acknowledged, interrupted: this.#interrupted }
  }

  addWriter(key: KeyLike, { isIndexer = true }: { isIndexer?: boolean } = {}): void {
    this.#change(key, isIndexer ? 'indexer' : 'writer')
  }

  removeWriter(key: KeyLike): void {
    this.#change(key, 'none')
  }

  ackWriter(key: KeyLike): void {
    this.#assertActive()
    this.#acknowledged.add(hexOf(toKey(key)))
  }

  interrupt(reason = 'interrupted'): never {
    this.#assertActive()
    this.#interrupted = String(reason)
    throw new Interruption(this.#interrupted)
  }

  createAnchor(): Promise<Head> {
    this.#assertActive()
    return this.#options.createAnchor()
  }

  #change(key: KeyLike, role: RoleChange['role']): void {
    this.#assertActive()
    this.#changes.push({ writer: hexOf(toKey(key)), role })
  }

  /** A call after `apply` returned would act on another unit on each peer. */
  #assertActive(): void {
    if (!this.#active)
      throw new AutobeeError('INVALID_ARGUMENT', 'host is usable only while apply runs; await what you start')
  }
}
