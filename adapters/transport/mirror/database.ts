import b4a from 'b4a'
import type { CoreHandlers, MirroredCore } from './core.ts'

/** What a block costs beside its bytes: its place in the tree, in the bitfield and in the store. */
export const BLOCK_COST = 128

/** How much of one core may be here, and what that costs. */
interface Grant {
  readonly length: number
  readonly bytes: number
}

const NOTHING: Grant = { length: 0, bytes: 0 }

export interface DatabaseHandlers {
  /** Bytes. */
  readonly quota: number
  /** More of a core is here. */
  onheld(database: MirroredDatabase, core: MirroredCore): void
  /** A core grew beyond the quota. */
  onfull(database: MirroredDatabase, core: MirroredCore): void
  onconflict(core: MirroredCore): void
  onfailed(error: unknown): void
}

/**
 * The cores of one database, under one quota. A core is downloaded up to a length that its writer signed, and only if all of that
 * fits: what does not fit is not begun.
 */
export class MirroredDatabase {
  readonly key: Uint8Array
  readonly id: string
  readonly #handlers: DatabaseHandlers
  readonly #cores = new Map<MirroredCore, CoreHandlers>()
  readonly #grants = new Map<MirroredCore, Grant>()
  #bytes = 0
  /** Blocks that were here when it was complete the last time. */
  #completeAt = 0

  constructor(key: Uint8Array, handlers: DatabaseHandlers) {
    this.key = key
    this.id = b4a.toString(key, 'hex')
    this.#handlers = handlers
  }

  get cores(): Iterable<MirroredCore> {
    return this.#cores.keys()
  }

  get size(): number {
    return this.#cores.size
  }

  /** What it takes of its quota. */
  get bytes(): number {
    return this.#bytes
  }

  /** What it would take if all were here that its writers signed. */
  get wanted(): number {
    let wanted = 0
    for (const core of this.#cores.keys()) wanted += Math.max(costOf(core), this.#grantOf(core).bytes)
    return wanted
  }

  get isFull(): boolean {
    for (const core of this.#cores.keys()) if (this.exceeds(core)) return true
    return false
  }

  /** Is there more of the core than may be here? */
  exceeds(core: MirroredCore): boolean {
    return core.length > this.#grantOf(core).length
  }

  /** Is everything here that this mirror knows to exist? */
  get isComplete(): boolean {
    for (const { held, length } of this.#cores.keys()) if (held < length) return false
    return true
  }

  /** Is it complete, with more than when this was true the last time? */
  becameComplete(): boolean {
    if (!this.isComplete) return false
    let blocks = 0
    for (const { held } of this.#cores.keys()) blocks += held
    const isNew = blocks !== this.#completeAt
    this.#completeAt = blocks
    return isNew
  }

  /** Cores that are open. Those that were here before the mirror started take their place first. */
  async add(cores: readonly MirroredCore[]): Promise<void> {
    for (const core of cores) {
      if (this.#cores.has(core)) continue
      const handlers: CoreHandlers = {
        isFull: () => this.exceeds(core),
        ongrown: () => this.#grant(core),
        onheld: () => this.#handlers.onheld(this, core),
        onconflict: () => this.#handlers.onconflict(core),
        ondropped: error => {
          this.#set(core, NOTHING)
          this.#handlers.onfailed(error)
        },
        onfailed: (error: unknown) => this.#handlers.onfailed(error)
      }
      this.#cores.set(core, handlers)
    }
    if (this.wanted > this.#handlers.quota) await this.#count(cores)
    for (const core of cores) {
      const handlers = this.#cores.get(core)
      if (handlers) core.use(handlers)
      this.#grant(core)
    }
  }

  /** Lets go of all cores. */
  leave(): void {
    for (const [core, handlers] of this.#cores) core.leave(handlers)
    this.#cores.clear()
    this.#grants.clear()
    this.#bytes = 0
  }

  /** Not everything fits: what is here already is known by looking only. */
  async #count(cores: readonly MirroredCore[]): Promise<void> {
    for (const core of cores) {
      if (core.length === 0 || this.#grants.has(core)) continue
      const { blocks, bytes } = await core.stored()
      this.#set(core, { length: core.held, bytes: bytes + blocks * BLOCK_COST })
    }
  }

  #grant(core: MirroredCore): void {
    const { length, bytes } = this.#grantOf(core)
    if (core.length <= length) return
    const cost = costOf(core)
    if (this.#bytes - bytes + cost > this.#handlers.quota) {
      core.stop()
      this.#handlers.onfull(this, core)
      return
    }
    this.#set(core, { length: core.length, bytes: cost })
    core.want(core.length)
  }

  #set(core: MirroredCore, grant: Grant): void {
    this.#bytes += grant.bytes - this.#grantOf(core).bytes
    this.#grants.set(core, grant)
  }

  #grantOf(core: MirroredCore): Grant {
    return this.#grants.get(core) ?? NOTHING
  }
}

function costOf({ byteLength, length }: MirroredCore): number {
  return byteLength + length * BLOCK_COST
}
