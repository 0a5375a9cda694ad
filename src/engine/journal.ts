import type Hyperbee from 'hyperbee2'
import type { Checkpoint } from '../oplog/entry.ts'
import type { Unit } from '../oplog/unit.ts'
import type { Linearizer, Role, RoleChange } from '../order/index.ts'
import { BOOT_KEY, encodeBoot } from '../system/boot.ts'
import type { OrderHashes } from '../system/order-hash.ts'
import { type Placed, SEGMENT } from '../system/segment.ts'
import { type SystemUpdate, writeSystem } from '../system/tree.ts'
import type { UndoPoint } from '../system/undo-points.ts'
import type { AtomicCores, CommitPhase } from './atomic.ts'
import type { History } from './history.ts'
import type { Draft, LocalWriter } from './local-writer.ts'
import { ONCE_KEY, type OnceRecord } from './once.ts'

/** The places inside one flush at which a test kills the process. */
export type FlushPhase =
  | 'view-flushed'
  | 'system-flushed'
  | 'oplog-appended'
  | 'boot-written'
  | 'written'
  | CommitPhase

export interface JournalOptions {
  readonly cores: AtomicCores
  readonly linearizer: Linearizer<Unit>
  readonly hashes: OrderHashes
  local(): LocalWriter | null
  /** Key of the local oplog, which the boot record names even while nothing is written to it. */
  readonly localKey: Uint8Array
  readonly localFrozen: boolean
  /** First position that the system tree does not hold. */
  readonly indexed: number
  /** Segments in the system tree. */
  readonly segments: number
  /** Positions of the segment that the order in memory begins in, as far as they lie before it. */
  readonly segment: readonly Placed[]
  readonly history: () => History
  /** What became of numbered appends. */
  readonly once: OnceRecord
  readonly onphase: (phase: FlushPhase) => void
}

/** What a flush is to write. */
export interface JournalEntry {
  readonly drafts: readonly Draft[]
  /** Roles were given, taken or undone since the last flush. */
  readonly rolesMoved: boolean
  readonly undoPoints: readonly UndoPoint[]
  /** The last one before closing. Default false. */
  readonly isClean?: boolean
}

/** Writes everything that a cycle produced as one atomic batch. */
export class Journal {
  readonly #o: JournalOptions
  #indexed: number
  #segments: number
  /** Ends where the order in memory begins. */
  #segment: readonly Placed[]
  /** Roles as the system tree has them. */
  readonly #roles = new Map<string, Role>()

  constructor(options: JournalOptions) {
    this.#o = options
    this.#indexed = options.indexed
    this.#segments = options.segments
    this.#segment = options.segment
  }

  /** The order in memory begins elsewhere. */
  rebase(segment: readonly Placed[]): void {
    this.#segment = segment
  }

  /** The order changed from `position` on: that part of the index is to be written again. */
  undo(position: number): void {
    const segment = position - (position % SEGMENT)
    if (segment < this.#indexed) this.#indexed = segment
  }

  /** The view's tree was flushed into the atom. */
  viewFlushed(): void {
    this.#o.cores.keepContext(this.#o.cores.view)
    this.#o.onphase('view-flushed')
  }

  /**
   * Trees first (flushed before), then the entries with the checkpoint, then the records; one batch.
   * @throws AutobeeError of {@link AtomicCores.commit}: fatal, memory is ahead of the store
   */
  async write(entry: JournalEntry): Promise<{ bytes: number }> {
    const { cores, linearizer, onphase } = this.#o
    const length = linearizer.length
    const isSegmentFull = Math.floor(length / SEGMENT) > Math.floor(this.#indexed / SEGMENT)
    const members = entry.rolesMoved ? this.#changedMembers() : []
    if (isSegmentFull || members.length > 0 || this.#o.history().mustWrite) {
      await this.#writeIndex({ length, members, undoPoints: entry.undoPoints })
      this.#seal(length, entry.drafts)
      onphase('system-flushed')
    }
    const blocks = entry.drafts.flatMap(draft => draft.blocks)
    if (blocks.length > 0) await cores.append(blocks)
    onphase('oplog-appended')
    const once = this.#o.once.take()
    if (once) await cores.putRecord(ONCE_KEY, once)
    await cores.putRecord(BOOT_KEY, this.#boot(length, entry))
    onphase('boot-written')
    await cores.commit()
    onphase('written')
    return { bytes: blocks.reduce((sum, block) => sum + block.byteLength, 0) }
  }

  /** Members whose role is not what the tree has; a role that was undone stands there as removed. */
  #changedMembers(): RoleChange[] {
    const now = new Map([...this.#o.linearizer.members()].map(({ writer, role }) => [writer, role]))
    const changed: RoleChange[] = []
    for (const writer of this.#roles.keys()) if (!now.has(writer)) now.set(writer, 'none')
    for (const [writer, role] of now) if (this.#roles.get(writer) !== role) changed.push({ writer, role })
    return changed
  }

  async #writeIndex(update: Pick<SystemUpdate, 'length' | 'members' | 'undoPoints'>): Promise<void> {
    const { cores } = this.#o
    const history = this.#o.history()
    this.#segments = await writeSystem(cores.system, {
      ...update,
      from: this.#indexed,
      segments: this.#segments,
      bases: history.update(),
      at: position => this.#placedAt(position)
    })
    history.written()
    for (const { writer, role } of update.members) this.#roles.set(writer, role)
    this.#indexed = update.length
    cores.keepContext(cores.system)
  }

  #placedAt(position: number): Placed {
    const { linearizer } = this.#o
    if (position < linearizer.base) {
      const placed = this.#segment[this.#segment.length - (linearizer.base - position)]
      if (!placed) throw new RangeError(`position ${position} is not in memory`)
      return placed
    }
    const { unit, applied, changes, verdict } = linearizer.at(position)
    const { writer, start, length } = unit
    return { writer, start, length, applied, changes, tried: verdict === 'try' }
  }

  /** The checkpoint rides the last entry, if that entry is the last of the order and of a member. */
  #seal(length: number, drafts: readonly Draft[]): void {
    const { cores, linearizer, hashes } = this.#o
    const local = this.#o.local()
    const last = drafts[drafts.length - 1]
    if (!last || !local || linearizer.at(length - 1).unit !== last.unit) return
    if (linearizer.roleOf(local.id) === 'none') return
    const checkpoint: Checkpoint = {
      system: headOf(cores.system),
      view: headOf(cores.view),
      position: length,
      orderHash: linearizer.isExact ? hashes.at(length) : null
    }
    local.seal(last, checkpoint)
  }

  #boot(position: number, { undoPoints, isClean = false }: JournalEntry): Uint8Array {
    const { cores, hashes, localKey, localFrozen } = this.#o
    const recent: Placed[] = []
    for (let at = this.#indexed; at < position; at++) recent.push(this.#placedAt(at))
    return encodeBoot({
      local: localKey,
      localFrozen,
      isClean,
      oplogLength: cores.oplogLength,
      viewLength: cores.view.core.length,
      systemLength: cores.system.core.length,
      viewHead: headOf(cores.view).length,
      systemHead: headOf(cores.system).length,
      position,
      orderHash: hashes.at(position),
      indexed: Math.min(this.#indexed, position),
      recent,
      undoPoints
    })
  }
}

function headOf(bee: Hyperbee): { key: Uint8Array; length: number } {
  return { key: bee.core.key, length: bee.head()?.length ?? 0 }
}
