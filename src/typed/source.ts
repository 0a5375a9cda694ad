import b4a from 'b4a'
import type Hyperbee from 'hyperbee2'
import { AutobeeError, toAutobeeError } from '../errors.ts'
import { type Owner, ownerOf } from '../owner.ts'
import type { HyperbeeView } from '../view.ts'

export interface Listener {
  /** The bee may have moved. */
  onmove(): void
  onclose(): void
}

/** Where a typed bee reads: a bee that moves on with its database, or one that stays as it is. */
export class Source {
  readonly #bee: HyperbeeView
  readonly #owner: Owner | null

  constructor(bee: HyperbeeView) {
    this.#bee = bee
    // the writable bee of `apply` is the database's too, but shows it at one moment only
    this.#owner = bee.writable ? null : ownerOf(bee)
  }

  /** Does it move on with a database? */
  get isLive(): boolean {
    return this.#owner !== null
  }

  get closed(): boolean {
    return this.#owner ? this.#owner.closed : this.#bee.closed
  }

  /** @throws AutobeeError `CLOSED` */
  get bee(): HyperbeeView {
    if (this.closed) throw closed()
    // another one after the database was opened anew
    return this.#owner?.opened ? this.#owner.bee : this.#bee
  }

  /** The bee as it is now; a writable one as it is, with what was written and is not in the tree yet. */
  get pinned(): HyperbeeView {
    const { bee } = this
    return this.isLive ? bee.snapshot() : bee
  }

  /** Returns what ends it. Only for a live one. */
  follow(listener: Listener): () => void {
    return this.#owner ? hubOf(this.#owner).add(listener) : () => {}
  }

  /** Reads that fail because the database closed under them say so. */
  readError(error: unknown): AutobeeError {
    if (AutobeeError.is(error)) return error
    if (this.closed || isSessionClosed(error)) return closed(error)
    return toAutobeeError(error, { code: 'STORE_FAILED', message: 'the tree cannot be read' })
  }
}

export function sameHead(a: Hyperbee.Head | null, b: Hyperbee.Head | null): boolean {
  if (!a || !b) return a === b
  return a.length === b.length && (a.length === 0 || b4a.equals(a.key, b.key))
}

/** One listener per database, however many watch it. */
class Hub {
  readonly #listeners = new Set<Listener>()
  readonly #owner: Owner

  constructor(owner: Owner) {
    this.#owner = owner
  }

  add(listener: Listener): () => void {
    if (this.#listeners.size === 0) {
      this.#owner.on('update', this.#onmove)
      this.#owner.on('close', this.#onclose)
    }
    this.#listeners.add(listener)
    return () => {
      if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return
      this.#owner.off('update', this.#onmove)
      this.#owner.off('close', this.#onclose)
    }
  }

  readonly #onmove = () => {
    for (const listener of this.#listeners) listener.onmove()
  }

  readonly #onclose = () => {
    for (const listener of this.#listeners) listener.onclose()
  }
}

const hubs = new WeakMap<Owner, Hub>()

function hubOf(owner: Owner): Hub {
  const hub = hubs.get(owner) ?? new Hub(owner)
  hubs.set(owner, hub)
  return hub
}

function isSessionClosed(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  if (code === 'SESSION_CLOSED' || code === 'REQUEST_CANCELLED') return true
  // RocksDB's own have no code
  return code === undefined && typeof message === 'string' && /\bclosed\b/i.test(message)
}

function closed(cause?: unknown): AutobeeError {
  return new AutobeeError('CLOSED', 'the database is closed', { cause })
}
