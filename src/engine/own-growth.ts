import type Hypercore from 'hypercore'
import type { AtomicCores } from './atomic.ts'
import type { OwnCores } from './opening.ts'

interface OwnGrowthOptions {
  readonly own: OwnCores
  readonly atomic: AtomicCores
  onstale(reason: 'GROWN' | 'CONFLICT'): void
  /** The own oplog has forked at that length. */
  onconflict(length: number): void
}

/**
 * Sees own cores change, and not by their engine: a peer gave back a tail that was lost, or has another version of the own oplog.
 * Never append to what is not known.
 */
export class OwnGrowth {
  readonly #o: OwnGrowthOptions
  #isStale = false
  #isStopped = false

  constructor(options: OwnGrowthOptions) {
    this.#o = options
  }

  /** The engine's state is not that of its cores any more. */
  get isStale(): boolean {
    return this.#isStale
  }

  watch(): void {
    const { oplog, view, system } = this.#o.own
    for (const core of [oplog, view, system]) {
      core.on('append', () => this.#look(core))
      // between the opening of the atom and here
      this.#look(core)
    }
    oplog.on('conflict', length => this.#onconflict(length))
  }

  stop(): void {
    this.#isStopped = true
  }

  #look(core: Hypercore): void {
    const { atomic, onstale } = this.#o
    if (this.#isStopped || this.#isStale || atomic.committing || !atomic.hasGrown(core)) return
    this.#isStale = true
    onstale('GROWN')
  }

  #onconflict(length: number): void {
    if (this.#isStopped) return
    this.#isStale = true
    this.#o.onconflict(length)
    this.#o.onstale('CONFLICT')
  }
}
