import b4a from 'b4a'
import type Hypercore from 'hypercore'
import { closeCore, hasBlocks, isInConflict, readBlocks, refuseForks } from '../engine/core-internals.ts'
import { skipHints, skipReads } from '../engine/store-traffic.ts'
import { AutobeeError, messageOf } from '../errors.ts'
import { hexOf } from '../keys.ts'
import { decodeEntry } from './entry.ts'
import { type Unit, UnitAssembler } from './unit.ts'

/** Blocks read from one oplog at a time: few at first, more while they are small. */
const READ_FIRST = 64
const READ_MOST = 2048
const READ_BYTES = 4 * 1024 * 1024
/** Bytes of values that wait in memory, per oplog; the values of later units are read again when they are applied. */
const HELD_BYTES = 8 * 1024 * 1024
/** Units of one oplog that wait: whoever is blocked longer than that is not read on. */
const MOST_PENDING = 65_536

/** Why a writer's entries are no longer taken, and from which length on. */
export interface Freeze {
  readonly length: number
  /** `INVALID_ENTRY`, `UPGRADE_REQUIRED`, `BACK_DATED`, `FORKED` or `CONFLICT`. */
  readonly reason: string
  readonly message: string
}

export interface WriterHandlers {
  /** Opens a session of the writer's core; `active: false`: it fetches nothing by itself. */
  open(key: Uint8Array, options?: { active?: boolean }): Hypercore
  /** Blocks came, or a length became known. */
  onnews(writer: WriterCore): void
  onfreeze(writer: WriterCore, freeze: Freeze): void
}

/**
 * One writer's oplog as this peer has it: fetches blocks, turns them into checked units, and hands the units out
 * one after the other. It knows nothing of the order.
 */
export class WriterCore {
  readonly key: Uint8Array
  readonly id: string
  /** Units read and checked by themselves, not yet taken into the order. */
  readonly pending: Unit[] = []
  /** Length that a user or a peer said exists. */
  hinted = 0
  /** Length that is on its way in a range; 0 when none is. */
  expected = 0
  /** Bytes of the blocks read so far, as encoded. */
  bytesRead = 0
  /** A stranger's oplog: its units are tried, and do not enter the order by themselves. */
  onTrial = false
  /** No block of it was in the store when it was opened here: what there is now came since. */
  wasEmpty = false

  readonly #handlers: WriterHandlers
  #core: Hypercore | null = null
  #assembler: UnitAssembler
  #frozen: Freeze | null = null
  #wanted = 0
  #downloading = false
  #closed = false
  #muted = false
  /** Blocks before this one were read long ago, and are not among those that `bytesRead` counts. */
  #beginsAt = 0
  #readLimit = READ_FIRST
  #heldBytes = 0
  #reading: Promise<void> | null = null

  constructor(key: Uint8Array, handlers: WriterHandlers) {
    this.key = b4a.from(key)
    this.id = hexOf(key)
    this.#handlers = handlers
    this.#assembler = new UnitAssembler({ key: this.key, length: 0, timestamp: 0 })
  }

  /** What lies before is known and not to be read: the next block is the one at `length`. Before anything is read. */
  beginAt({ length, timestamp }: { length: number; timestamp: number }): void {
    this.#assembler = new UnitAssembler({ key: this.key, length, timestamp })
    this.#beginsAt = length
  }

  get frozen(): Freeze | null {
    return this.#frozen
  }

  /** Other peers may have another version of this oplog. */
  get isForked(): boolean {
    return this.#frozen?.reason === 'FORKED' || this.#frozen?.reason === 'CONFLICT'
  }

  get core(): Hypercore | null {
    return this.#core
  }

  /** Length of the log as far as its writer's signature vouches for it; grows before the blocks come. */
  get length(): number {
    return this.#core?.opened ? this.#core.length : 0
  }

  /** Blocks turned into entries so far. */
  get readLength(): number {
    return this.#assembler.length
  }

  /** Blocks that are here without a gap. */
  get available(): number {
    return this.#core?.opened ? this.#core.contiguousLength : 0
  }

  /** Are the blocks that were not read yet larger than this together, as far as the log's length is known? */
  async exceeds(bytes: number): Promise<boolean> {
    const core = this.#core
    if (!core?.opened || core.byteLength - this.bytesRead <= bytes) return false
    if (this.#beginsAt === 0) return true
    const at = await core.seek(core.byteLength - bytes, { wait: false }).catch(() => null)
    // where that lies in blocks that are not here, it lies behind what was read
    return at === null || at[0] > this.readLength || (at[0] === this.readLength && at[1] > 0)
  }

  /** Is a block on its way: known to exist, wanted, not here, and somebody connected may have it? */
  get inFlight(): boolean {
    return !this.#frozen && !this.onTrial && this.isComing
  }

  /** The same of an oplog that is frozen or on trial. */
  get isComing(): boolean {
    const core = this.#core
    if (!core?.opened || core.peers.length === 0) return false
    return Math.min(Math.max(core.length, this.expected), this.#wanted) > core.contiguousLength
  }

  /** Is it fetched to wherever it grows? */
  get isFollowed(): boolean {
    return this.#wanted === Number.POSITIVE_INFINITY && !this.onTrial
  }

  /** Asks for blocks up to `length` (default: all there will ever be). */
  want(length: number = Number.POSITIVE_INFINITY): void {
    if (this.#closed) return
    if (length > this.#wanted) {
      this.#wanted = length
      if (!this.#core) this.#open()
      else this.#download()
    }
    // blocks that were here all along and are wanted only now come with no event
    if (this.hasNews) this.#handlers.onnews(this)
  }

  /** The local oplog, once all of it is read: what is appended from now on does not come as news. */
  mute(): void {
    this.#muted = true
  }

  /** Has every block been turned into a whole unit? */
  get isRead(): boolean {
    return !!this.#core?.opened && this.#assembler.unitLength === this.#core.length
  }

  async ready(): Promise<void> {
    await this.#core?.ready()
  }

  /** Turns blocks that are here into units. Never throws: what is wrong freezes the writer. */
  read(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null
    })
    return this.#reading
  }

  /** Are there blocks that {@link read} would take? */
  get hasNews(): boolean {
    if (this.pending.length >= MOST_PENDING) return false
    return !this.#frozen && !this.#muted && Math.min(this.available, this.#wanted) > this.#assembler.length
  }

  freeze(reason: string, options: { length: number; message: string }): void {
    if (this.#frozen) return
    this.#frozen = { reason, ...options }
    this.#handlers.onfreeze(this, this.#frozen)
  }

  conflict(length: number): void {
    this.freeze('CONFLICT', { length, message: 'two versions of this oplog are signed by its writer' })
  }

  /**
   * The values of a unit, read again from the oplog.
   * @throws AutobeeError `STORE_CORRUPT` when its blocks are gone
   */
  async values(unit: Unit): Promise<readonly (Uint8Array | null)[]> {
    const core = await this.#readable()
    const blocks = await readBlocks(core, unit.start, unit.length)
    const previous = { length: unit.start, timestamp: 0 }
    const assembler = new UnitAssembler({ key: this.key, ...previous })
    for (const block of blocks) {
      const again = block && assembler.push(block)
      if (again) return again.values as readonly (Uint8Array | null)[]
    }
    throw new AutobeeError('STORE_CORRUPT', `blocks of writer ${this.id} at ${unit.length} are gone`)
  }

  /**
   * Units that were read before, read again without their values: those that `lengths` tells the end of, one after the
   * other, the first of which begins at `from`.
   * @throws AutobeeError `STORE_CORRUPT` when they are not there
   */
  async unitsAgain(from: Pick<Unit, 'length' | 'timestamp'>, lengths: readonly number[]): Promise<Unit[]> {
    const assembler = new UnitAssembler({ key: this.key, ...from })
    const units: Unit[] = []
    const end = lengths.at(-1) ?? 0
    await this.#aside(async core => {
      while (assembler.length < end) {
        const at = assembler.length
        const blocks = await readBlocks(core, at, Math.min(end, at + READ_MOST))
        for (const block of blocks) {
          const unit = block && assembler.push(block)
          if (unit) units.push({ ...unit, values: null })
        }
        if (assembler.length === at) break
      }
    })
    if (units.length === lengths.length && units.every(({ length }, i) => length === lengths[i])) return units
    throw new AutobeeError('STORE_CORRUPT', `entries of writer ${this.id} are not those of the order index`)
  }

  /** When an entry that was read before was stamped, ms. @throws AutobeeError `STORE_CORRUPT` when it is gone */
  async timeOf(length: number): Promise<number> {
    const [block] = await this.#aside(core => readBlocks(core, length - 1, length))
    if (block) return decodeEntry(block, { core: this.key, index: length - 1 }).timestamp
    throw new AutobeeError('STORE_CORRUPT', `entry ${length} of writer ${this.id} is gone`)
  }

  /** Reads without following the oplog. */
  async #aside<T>(read: (core: Hypercore) => Promise<T>): Promise<T> {
    const core = this.#handlers.open(this.key, { active: false })
    try {
      await core.ready()
      return await read(core)
    } finally {
      await core.close()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#wanted = 0
    await this.#reading
    await this.#core?.close()
  }

  /** Hypercore closes every session when it sees a conflict; what was applied stays readable by a new one. */
  async #readable(): Promise<Hypercore> {
    if (!this.#core || (this.#core.closing && !this.#closed)) {
      this.#core = this.#handlers.open(this.key, { active: false })
    }
    await this.#core.ready()
    return this.#core
  }

  /** Nothing more is fetched, but what is here is served to others: a core that saw a conflict gives them nothing. */
  async #keepReadable(core: Hypercore): Promise<void> {
    await closeCore(core).catch(noop)
    if (this.#closed || this.#core !== core) return
    this.#core = this.#handlers.open(this.key, { active: false })
  }

  #open(): void {
    const core = this.#handlers.open(this.key)
    this.#core = core
    const news = () => {
      if (!this.#closed && !this.#muted) this.#handlers.onnews(this)
    }
    core.on('append', news)
    core.on('download', news)
    core.on('conflict', (length: number) => {
      this.conflict(length)
      // the own one stays closed to others until it is given up
      if (!this.#muted) core.once('close', () => this.#keepReadable(core))
    })
    core.ready().then(
      () => {
        this.wasEmpty = !core.writable && !hasBlocks(core)
        if (!core.writable) {
          refuseForks(core, () => this.#forked(core.length))
          skipHints(core)
          skipReads(core)
        }
        this.#download()
        if (core.length > 0) news()
      },
      error => this.freeze('INVALID_ENTRY', { length: 0, message: messageOf(error) })
    )
  }

  #download(): void {
    const core = this.#core
    if (!core?.opened || this.#downloading || this.#closed) return
    const endless = this.#wanted === Number.POSITIVE_INFINITY
    const start = Math.min(core.contiguousLength, this.#assembler.length)
    if (endless) this.#downloading = true
    core.download({ start, end: endless ? -1 : this.#wanted })
  }

  /** The writer truncated its log after it had been replicated; what this peer has stays as it is. */
  #forked(length: number): void {
    this.freeze('FORKED', { length, message: 'its writer took back entries that it had handed out' })
  }

  async #read(): Promise<void> {
    const core = this.#core
    if (!core?.opened || this.#frozen || this.#closed || this.#muted) return
    const from = this.#assembler.length
    if (from >= this.available && isInConflict(core)) this.conflict(from)
    const to = Math.min(this.available, this.#wanted, from + this.#readLimit)
    if (to <= from || this.pending.length >= MOST_PENDING) return
    const assembler = this.#assembler
    let blocks: (Uint8Array | null)[]
    try {
      blocks = await readBlocks(core, from, to)
    } catch (error) {
      // a store that is closing, or a conflict that closed the session: the next cycle finds out which
      if (core.closing || this.#closed) return
      this.freeze('INVALID_ENTRY', { length: from, message: messageOf(error) })
      return
    }
    // appended or rewound while the store was read: taking these blocks would decode them twice
    if (this.#assembler !== assembler || assembler.length !== from || this.#closed) return
    this.#take(assembler, blocks)
    const bytes = blocks.reduce((sum, block) => sum + (block?.byteLength ?? 0), 0)
    const fitting = Math.floor((blocks.length * READ_BYTES) / Math.max(1, bytes))
    this.#readLimit = Math.max(1, Math.min(READ_MOST, fitting, 2 * this.#readLimit))
  }

  #take(assembler: UnitAssembler, blocks: readonly (Uint8Array | null)[]): void {
    for (const block of blocks) {
      if (!block) return
      try {
        const unit = assembler.push(block)
        this.bytesRead += block.byteLength
        if (unit) this.#hold(unit)
      } catch (error) {
        const reason = AutobeeError.is(error) ? error.code : 'INVALID_ENTRY'
        this.freeze(reason, { length: assembler.unitLength, message: messageOf(error) })
        return
      }
    }
  }

  #hold(unit: Unit): void {
    if (this.pending.length === 0) this.#heldBytes = 0
    this.#heldBytes += unit.bytes
    if (this.#heldBytes > HELD_BYTES) unit.values = null
    this.pending.push(unit)
  }
}

function noop(): void {}
