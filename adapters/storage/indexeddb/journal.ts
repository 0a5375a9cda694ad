import type { KeyValueOperation } from '../key-value.ts'
import { drain } from './drain.ts'
import { Log } from './log.ts'
import { type Found, LastWins, type Patch } from './patch.ts'
import type { Place } from './place.ts'
import type { Durability } from './requests.ts'
import type { Table } from './table.ts'
import type { Work } from './work.ts'

/** When what is in the log is to be moved to the entries. It is all in memory, and read when the store is opened. */
export interface JournalLimits {
  readonly keys: number
  /** Of keys and values. */
  readonly bytes: number
  /** Bytes of records. */
  readonly logged: number
}

interface JournalOptions {
  readonly work: Work
  readonly table: Table
  readonly durability: Durability
  readonly limits: JournalLimits
}

/** The commits that are in the log and not among the entries: the last of them, and those that are being moved. */
export class Journal {
  readonly #place: Place
  readonly #work: Work
  readonly #table: Table
  readonly #log: Log
  readonly #limits: JournalLimits
  #written = new LastWins()
  /** Bytes of the records that it was taken from. */
  #logged = 0
  /** Taken from the log's records up to `last`. */
  #moving: { readonly patch: LastWins; readonly last: number } | null = null
  /** The last record that is among the entries, and so may go. */
  #moved = 0
  #drain: Promise<void> | null = null
  #isStopped = false

  constructor(place: Place, { work, table, durability, limits }: JournalOptions) {
    this.#place = place
    this.#work = work
    this.#table = table
    this.#log = new Log(place, durability)
    this.#limits = limits
  }

  /** Reads what the last owner left in the log. */
  async open(): Promise<void> {
    await this.#log.replay((operations, bytes) => {
      this.#written.apply(operations)
      this.#logged += bytes
    })
  }

  /** undefined: what the entries say. */
  find(key: string): Found | undefined {
    return this.#written.find(key) ?? this.#moving?.patch.find(key)
  }

  /** As it is now, the newest first. */
  copy(): Patch[] {
    const patches: Patch[] = this.#written.isEmpty ? [] : [this.#written.copy()]
    if (this.#moving) patches.push(this.#moving.patch)
    return patches
  }

  /** Takes effect when it is in the log. One at a time. */
  async commit(operations: readonly KeyValueOperation[]): Promise<void> {
    if (this.#isFull()) {
      while (this.#moving) await this.#move()
      this.#begin()
    }
    await this.#work.write(async () => {
      this.#logged += await this.#log.append(operations)
    })
    this.#written.apply(operations)
    if (this.#isFull()) this.#begin()
  }

  /** Moves everything to the entries, and leaves no record: read again, it would hide what is written there next. */
  async empty(): Promise<void> {
    while (this.#moving) await this.#move()
    this.#begin()
    // at least once: records of what was moved before may be left
    do await this.#move()
    while (this.#moving)
  }

  /** Lets the transaction that runs come to its end. The rest stays in the log. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#drain?.catch(noop)
  }

  /** Begins to move what was written, unless something is being moved: that goes first. */
  #begin(): void {
    // also when nothing is to be written: records that changed nothing are to be removed
    if (!this.#moving && this.#log.last > this.#moved) {
      this.#moving = { patch: this.#written, last: this.#log.last }
      this.#written = new LastWins()
      this.#logged = 0
    }
    // what goes wrong is told to the commit that has to wait for it
    if (this.#moving) this.#move().catch(noop)
  }

  #isFull(): boolean {
    const { points, bytes } = this.#written
    const { keys, bytes: most, logged } = this.#limits
    return points.size >= keys || bytes >= most || this.#logged >= logged
  }

  #move(): Promise<void> {
    this.#drain ??= this.#run().finally(() => {
      this.#drain = null
    })
    return this.#drain
  }

  async #run(): Promise<void> {
    const isStopped = () => this.#isStopped
    const options = { place: this.#place, work: this.#work, table: this.#table, isStopped }
    do {
      if (this.#moving) {
        const { patch, last } = this.#moving
        if (!(await drain(patch, options))) return
        this.#moving = null
        this.#moved = last
      }
      await this.#work.write(() => this.#log.trim(this.#moved))
    } while (this.#moving)
  }
}

function noop(): void {}
