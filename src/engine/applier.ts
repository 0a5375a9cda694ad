import { type ApplyHost, Interruption } from '../apply/host.ts'
import type { Bytes } from '../bytes.ts'
import { AutobeeError, messageOf, toAutobeeError } from '../errors.ts'
import type { SkipReason } from '../listing/types.ts'
import type { Unit } from '../oplog/unit.ts'
import type { Linearizer, Placement, RoleChange } from '../order/index.ts'
import type { OrderHashes } from '../system/order-hash.ts'
import { START, thin, type UndoPoint } from '../system/undo-points.ts'
import type { Codec } from '../value-encoding.ts'
import type { ViewWriter } from './view-writer.ts'

/** One value of a unit, as `apply` gets it. */
export interface ApplyNode<Value = Bytes> {
  /** Key of the writer. */
  readonly key: Bytes
  readonly value: Value
  /** Length of the writer's oplog after this value. */
  readonly length: number
  /** ms since the epoch, by the hybrid clock. */
  readonly timestamp: number
  readonly optimistic: boolean
}

export type Outcome =
  | { readonly kind: 'done'; readonly applied: boolean; readonly reason: SkipReason | null }
  | { readonly kind: 'failed'; readonly error: AutobeeError }
  | { readonly kind: 'interrupted'; readonly reason: string }

export interface ApplierOptions {
  readonly linearizer: Linearizer<Unit>
  readonly hashes: OrderHashes
  readonly writer: ViewWriter
  readonly host: ApplyHost
  readonly codec: Codec
  readonly undoPoints: readonly UndoPoint[]
  /** Runs the user's `apply`. */
  run(nodes: ApplyNode[], host: ApplyHost): unknown
  /** Reads a unit's values again. */
  load(unit: Unit): Promise<readonly (Uint8Array | null)[]>
}

/** Most units, and most bytes in memory, between two flushes of the view's tree. */
const CHUNK_UNITS = 4096
const CHUNK_BYTES = 8 * 1024 * 1024
/** Bytes of values kept for applying again soon, and what keeping a unit costs beside them. */
const KEPT_BYTES = 4 * 1024 * 1024
const UNIT_BYTES = 512

/** Applies units in the linearizer's order, and takes them back. */
export class Applier {
  readonly #o: ApplierOptions
  #chunkStart: number
  /** Bytes of the values applied since: savepoints keep what later units of the chunk overwrote. */
  #chunkBytes = 0
  #marks: number[] = []
  #undoPoints: UndoPoint[]
  #kept: Unit[] = []
  #keptBytes = 0
  /** Why units were skipped, as far as that was found out here. */
  readonly #reasons = new WeakMap<Unit, SkipReason>()

  constructor(options: ApplierOptions) {
    this.#o = options
    this.#undoPoints = options.undoPoints.length ? [...options.undoPoints] : [START]
    this.#chunkStart = this.#lastPoint().position
  }

  /** Length of the view's tree as it was last flushed. */
  get head(): number {
    return this.#o.writer.head
  }

  get undoPoints(): readonly UndoPoint[] {
    return this.#undoPoints
  }

  /** The order in memory begins elsewhere: these are the places before the present ones. */
  rebase(points: readonly UndoPoint[]): void {
    const [first] = points
    if (!first) return
    const all = new Map([...points, ...this.#undoPoints].map(point => [point.position, point]))
    this.#undoPoints = [...all.values()]
      .filter(({ position }) => position >= first.position)
      .sort((a, b) => a.position - b.position)
  }

  /** Units applied since the view's tree was last flushed. */
  get unflushed(): number {
    return this.#o.linearizer.length - this.#chunkStart
  }

  get chunkIsFull(): boolean {
    return this.unflushed >= CHUNK_UNITS || Math.max(this.#chunkBytes, this.#o.writer.bytes) >= CHUNK_BYTES
  }

  /** Why a unit was skipped; null when it was not, or when it was before this opening. */
  reasonOf(unit: Unit): SkipReason | null {
    return this.#reasons.get(unit) ?? null
  }

  /** Applies, tries or skips what the linearizer emitted, and tells it the result. */
  async apply(placement: Placement<Unit>): Promise<Outcome> {
    const { linearizer, hashes, writer } = this.#o
    const mark = writer.mark()
    const outcome = await this.#attempt(placement)
    if (outcome.kind === 'done') {
      if (!outcome.applied) writer.rollback(mark)
      this.#marks.push(mark)
      hashes.push(placement.unit, outcome.applied)
      linearizer.done({ applied: outcome.applied, changes: outcome.applied ? outcome.changes : [] })
      this.#chunkBytes += placement.unit.bytes
      this.#keep(placement.unit)
      if (outcome.reason) this.#reasons.set(placement.unit, outcome.reason)
      return outcome
    }
    writer.rollback(mark)
    linearizer.cancel()
    return outcome
  }

  /** Would `apply` acknowledge this unit of a stranger on top of the present order? Leaves no trace. */
  async wouldAcknowledge(unit: Unit): Promise<boolean> {
    const mark = this.#o.writer.mark()
    try {
      const outcome = await this.#run(unit, { tentative: true })
      return outcome.kind === 'done' && outcome.applied
    } finally {
      this.#o.writer.rollback(mark)
    }
  }

  /**
   * Takes the view back to where `position` units were applied (no fewer than the base has), or to the nearest point before that the tree
   * can return to. Returns where that is: the linearizer is rewound to it.
   */
  undo(position: number): number {
    const { linearizer, hashes, writer } = this.#o
    let target = position
    if (position >= this.#chunkStart) {
      const mark = this.#marks[position - this.#chunkStart]
      if (mark !== undefined) writer.rollback(mark)
      this.#marks.length = Math.min(this.#marks.length, position - this.#chunkStart)
    } else {
      while (this.#undoPoints.length > 1 && this.#lastPoint().position > position) this.#undoPoints.pop()
      const point = this.#lastPoint()
      target = point.position
      writer.move(point.view)
      this.#chunkStart = target
      this.#chunkBytes = 0
      this.#marks = []
    }
    if (target < linearizer.length) linearizer.rewind(target)
    hashes.truncate(target)
    return target
  }

  /** Flushes the view's tree and remembers the place. */
  async flush(): Promise<void> {
    const position = this.#o.linearizer.length
    await this.#o.writer.flush()
    this.#chunkStart = position
    this.#chunkBytes = 0
    this.#marks = []
    if (this.#lastPoint().position < position) {
      this.#undoPoints.push({ position, view: this.#o.writer.head })
      this.#undoPoints = thin(this.#undoPoints, position)
    }
  }

  async #attempt(placement: Placement<Unit>): Promise<(Outcome & { kind: 'failed' | 'interrupted' }) | Done> {
    if (placement.verdict === 'skip') return skipped('NOT_A_WRITER')
    return this.#run(placement.unit, { tentative: placement.verdict === 'try' })
  }

  async #run(
    unit: Unit,
    { tentative }: { tentative: boolean }
  ): Promise<(Outcome & { kind: 'failed' | 'interrupted' }) | Done> {
    const { host, run } = this.#o
    const nodes = this.#nodesOf(unit, unit.values ?? (await this.#o.load(unit)))
    if (nodes === null) return skipped('INVALID_VALUE')
    if (nodes.length === 0) return tentative ? skipped('NOT_ACKNOWLEDGED') : done([])
    host.begin()
    let thrown: unknown = null
    try {
      await run(nodes, host)
    } catch (error) {
      thrown = error ?? new Error('apply threw nothing')
    }
    const calls = host.end()
    this.#o.writer.endUnit()
    if (calls.interrupted !== null) return { kind: 'interrupted', reason: calls.interrupted }
    if (thrown !== null && !(thrown instanceof Interruption)) {
      if (tentative) return skipped('APPLY_FAILED')
      return { kind: 'failed', error: applyFailed(thrown, unit) }
    }
    if (tentative && !calls.acknowledged.has(unit.writer)) return skipped('NOT_ACKNOWLEDGED')
    return done(this.#effective(calls.changes))
  }

  /** null when a value is not what the value encoding makes: the same on every peer, so the unit is skipped. */
  #nodesOf(unit: Unit, values: readonly (Uint8Array | null)[]): ApplyNode[] | null {
    const nodes: ApplyNode[] = []
    try {
      values.forEach((value, i) => {
        if (value === null) return
        nodes.push({
          key: unit.key as Bytes,
          value: this.#o.codec.decode(value) as Bytes,
          length: unit.start + i + 1,
          timestamp: unit.timestamp,
          optimistic: unit.optimistic
        })
      })
    } catch {
      return null
    }
    return nodes
  }

  /** Drops changes that change nothing, as the last of several for one writer decides. */
  #effective(changes: readonly RoleChange[]): RoleChange[] {
    if (changes.length === 0) return []
    const last = new Map(changes.map(change => [change.writer, change]))
    return [...last.values()].filter(({ writer, role }) => this.#o.linearizer.roleOf(writer) !== role)
  }

  #keep(unit: Unit): void {
    if (!unit.values) return
    this.#kept.push(unit)
    this.#keptBytes += unit.bytes + UNIT_BYTES
    if (this.#keptBytes < KEPT_BYTES) return
    for (const old of this.#kept.splice(0, this.#kept.length >> 1)) {
      this.#keptBytes -= old.bytes + UNIT_BYTES
      old.values = null
    }
  }

  #lastPoint(): UndoPoint {
    return this.#undoPoints[this.#undoPoints.length - 1] ?? START
  }
}

interface Done {
  readonly kind: 'done'
  readonly applied: boolean
  readonly reason: SkipReason | null
  readonly changes: readonly RoleChange[]
}

function done(changes: readonly RoleChange[]): Done {
  return { kind: 'done', applied: true, reason: null, changes }
}

function skipped(reason: SkipReason): Done {
  return { kind: 'done', applied: false, reason, changes: [] }
}

function applyFailed(thrown: unknown, unit: Unit): AutobeeError {
  if (AutobeeError.is(thrown, 'APPLY_FAILED')) return thrown
  const where = `apply threw on entry ${unit.length} of writer ${unit.writer}: ${messageOf(thrown)}`
  return new AutobeeError('APPLY_FAILED', where, { cause: thrown })
}

export function loadFailed(error: unknown): AutobeeError {
  return toAutobeeError(error, {
    code: 'STORE_FAILED',
    message: 'the values of an entry cannot be read again'
  })
}
