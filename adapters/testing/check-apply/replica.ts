import type Corestore from 'corestore'
import type { Inspection } from '../../../src/engine/inspection.ts'
import { AutobeeError, type HyperbeeView } from '../../../src/index.ts'
import { INSPECT } from '../../../src/options.ts'
import { memory } from '../../storage/memory.ts'
import { openStoreWith } from '../../storage/open-store.ts'
import type { Checked } from './history.ts'
import { copyBlocks, Oplogs } from './oplogs.ts'
import type { Step } from './plan.ts'

/** Makes a database in a fresh store, with the `apply` that is checked. */
export type Make = (store: Corestore) => Checked

const openStore = openStoreWith(memory)

/** A database in memory that gets the original's entries as it is told. */
export class Replica {
  readonly #make: Make
  readonly #source: Oplogs
  readonly #store: Corestore
  readonly #oplogs: Oplogs
  readonly #lengths = new Map<string, number>()
  #db: Checked
  #applied = 0
  #undone = 0
  #interrupted: string | null = null

  private constructor(store: Corestore, { make, source }: { make: Make; source: Oplogs }) {
    this.#store = store
    this.#make = make
    this.#source = source
    this.#oplogs = new Oplogs(store, { createIfMissing: true })
    this.#db = make(store)
  }

  /** @throws AutobeeError as `ready()` */
  static async open(options: { make: Make; source: Oplogs }): Promise<Replica> {
    const store = await openStore(memory())
    const replica = new Replica(store, options)
    try {
      await replica.#open()
    } catch (error) {
      await store.close()
      throw error
    }
    return replica
  }

  get db(): Checked {
    return this.#db
  }

  get view(): HyperbeeView {
    return this.#db.bee as HyperbeeView
  }

  /** Units applied, tried or skipped; again included. */
  get applied(): number {
    return this.#applied + this.#db.stats.applies
  }

  /** Units taken back. */
  get undone(): number {
    return this.#undone + this.#db.stats.reapplied
  }

  /** What `apply` last said when it interrupted; null when it never did. */
  get interrupted(): string | null {
    return this.#interrupted
  }

  /** @throws AutobeeError of `update()`, and `WAITING` */
  async take({ lengths, reopens }: Step): Promise<void> {
    if (reopens) await this.#reopen()
    for (const [writer, to] of lengths) {
      const from = this.#lengths.get(writer) ?? 0
      if (to <= from) continue
      await copyBlocks(await this.#source.of(writer), await this.#oplogs.of(writer), { from, to })
      this.#lengths.set(writer, to)
    }
    await this.#settle()
  }

  /** All units came: does one wait for what nobody has? @throws AutobeeError `WAITING` (reason `LINKS`) */
  checkEnd(): void {
    const blocked = this.#inspect().blocked[0]
    if (!blocked) return
    const { writer, length, reason } = blocked
    // links into an oplog of which there are two versions: what that means was known to the original alone
    const message = `entry ${length} of writer ${writer} cannot be ordered again`
    throw new AutobeeError('WAITING', message, { reason })
  }

  async close(): Promise<void> {
    try {
      await this.#db.close()
      await this.#oplogs.close()
    } finally {
      await this.#store.close()
    }
  }

  async #open(): Promise<void> {
    this.#db.on('interrupt', reason => {
      this.#interrupted = reason
    })
    await this.#db.ready()
  }

  async #reopen(): Promise<void> {
    this.#applied = this.applied
    this.#undone = this.undone
    await this.#db.close()
    this.#db = this.#make(this.#store)
    await this.#open()
  }

  /** Merges until nothing of what is here is left: an oplog that a unit refers to is opened, and read, only then. */
  async #settle(): Promise<void> {
    for (let again = true; again; ) {
      await this.#db.update()
      again = false
      for (const writer of this.#inspect().writers) {
        if (!writer.core?.opened) await writer.ready()
        if (writer.hasNews) again = true
      }
    }
  }

  #inspect(): Inspection {
    return (this.#db as unknown as { [INSPECT](): Inspection })[INSPECT]()
  }
}
