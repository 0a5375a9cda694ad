import type { Head } from '../keys.ts'
import { hexOf } from '../keys.ts'
import type { Unit } from '../oplog/unit.ts'
import type { WriterCore } from '../oplog/writer.ts'
import { Tokens } from '../tokens.ts'

/** Bounds on what strangers may cost, DESIGN.md "Strangers". */
const MOST_STRANGERS = 64
/** Of these, brought up by one peer. */
const MOST_BY_PEER = 16
const MOST_BYTES = 64 * 1024
/** Beside the values: check value, links, encryption. */
const OVERHEAD = 16 * 1024
const MOST_REMEMBERED = 4096
/** Trials at once, and per second in the long run: each leaves a small record in the store. */
const BURST = 64
const RATE = 16
/** A stranger whose unit does not come makes room for another after this, ms. */
const PATIENCE = 10_000
/** The same when nobody connected has the oplog at all, ms. */
const SHORT_PATIENCE = 1000
/** How long the last blocks of what is refused already are waited for, ms. */
const LAST_BLOCKS = 5000

export interface StrangersOptions {
  /** Does this peer try strangers' units now: is it an indexer, and does its user want it? */
  isTrying(): boolean
  /** Is this key a writer or was it one? */
  isMember(id: string): boolean
  /** Length of the units of that writer that are known to the order. */
  knownLength(id: string): number
  /** The oplog of that id, on trial. */
  open(id: string): WriterCore
  forget(id: string): Promise<void>
  /** Are the links of its first pending unit here, and its clock right? */
  isReady(writer: WriterCore): Promise<boolean>
  /** Optimistic units, known and not ordered, of writers that were removed. */
  removed(): Iterable<Unit>
  wouldAcknowledge(unit: Unit): Promise<boolean>
  /** Refers to the unit at once. Resolves to whether that worked. */
  acknowledge(unit: Unit): Promise<boolean>
  /** Positions ordered: what was refused at one place may be let in at a later one. */
  position(): number
  kick(): void
}

interface Candidate {
  readonly writer: WriterCore
  readonly since: number
  /** Who told of it; null: the user. */
  readonly from: object | null
  isLetIn: boolean
  /** When its unit was refused, in ms of `performance.now()`; null while it is not. */
  refusedAt: number | null
}

/** Tries the optimistic units of those who are no writers, within bounds, and forgets what is refused. */
export class Strangers {
  readonly #o: StrangersOptions
  readonly #candidates = new Map<string, Candidate>()
  /** Refused: up to which length, and at which position. Oldest first. */
  readonly #refused = new Map<string, { readonly length: number; readonly position: number }>()
  readonly #trials = new Tokens({ burst: BURST, rate: RATE })

  constructor(options: StrangersOptions) {
    this.#o = options
  }

  get size(): number {
    return this.#candidates.size
  }

  /** Somebody says that this oplog exists. */
  consider({ key, length }: Head, from: object | null = null): void {
    const id = hexOf(key)
    if (length === 0 || this.#candidates.has(id) || this.#o.isMember(id) || !this.#o.isTrying()) return
    if (this.#o.knownLength(id) >= length) return
    const refused = this.#refused.get(id)
    if (refused && refused.length >= length && refused.position === this.#o.position()) return
    if (!this.#makeRoom(from) || !this.#trials.takeIfAny()) return
    const writer = this.#o.open(id)
    this.#candidates.set(id, { writer, from, since: performance.now(), isLetIn: false, refusedAt: null })
    this.#fetch(writer).catch(noop)
    writer.ready().then(() => this.#o.kick(), noop)
  }

  /** Tries what has come. Called inside a cycle, when the order is whole. */
  async tryAll(): Promise<void> {
    await this.#tryRemoved()
    for (const [id, candidate] of this.#candidates) {
      if (this.#o.isMember(id)) this.#candidates.delete(id)
      else if (!candidate.isLetIn) await this.#try(id, candidate)
    }
  }

  close(): void {
    this.#candidates.clear()
  }

  /** Someone who was removed asks to be let in again: tried once, since the unit is here for good. */
  async #tryRemoved(): Promise<void> {
    if (!this.#o.isTrying()) return
    for (const unit of this.#o.removed()) {
      const refused = this.#refused.get(unit.writer)
      if ((refused && refused.length >= unit.length) || unit.bytes > MOST_BYTES) continue
      if (!this.#trials.takeIfAny()) return
      this.#remember(unit.writer, unit.length)
      if (await this.#o.wouldAcknowledge(unit)) this.#o.acknowledge(unit).catch(noop)
    }
  }

  async #try(id: string, candidate: Candidate): Promise<void> {
    const { writer } = candidate
    if (candidate.refusedAt !== null) return this.#refuse(id, candidate)
    if (writer.frozen || !(await this.#fetch(writer))) return this.#refuse(id, candidate)
    await writer.read()
    const known = this.#o.knownLength(id)
    while (writer.pending[0] && writer.pending[0].length <= known) writer.pending.shift()
    const unit = writer.pending[0]
    if (!unit || !(await this.#o.isReady(writer))) return
    if (!unit.optimistic || unit.bytes > MOST_BYTES) return this.#refuse(id, candidate)
    if (!(await this.#o.wouldAcknowledge(unit))) return this.#refuse(id, candidate)
    candidate.isLetIn = true
    this.#o.acknowledge(unit).then(isIn => {
      this.#candidates.delete(id)
      // outside of a cycle: nothing may be cleared here, since by now somebody else may have let it in
      if (!isIn) this.#remember(id, unit.length)
    }, noop)
  }

  /** Asks for the next unit; false when it is larger than a stranger's may be. */
  async #fetch(writer: WriterCore): Promise<boolean> {
    const core = writer.core
    if (!core?.opened || core.length === 0) return true
    const { length } = core
    if (await writer.exceeds(MOST_BYTES + OVERHEAD)) return false
    writer.want(length)
    return true
  }

  /**
   * Not before all that was asked for is here: a block that came after the others were cleared would be kept without what
   * proves it, and whoever asks for it would be given an error by Hypercore, on the whole stream.
   */
  async #refuse(id: string, candidate: Candidate): Promise<void> {
    const { writer } = candidate
    candidate.refusedAt ??= performance.now()
    if (writer.isComing && performance.now() - candidate.refusedAt < LAST_BLOCKS) return
    this.#candidates.delete(id)
    this.#remember(id, writer.length)
    const core = writer.core
    // what was refused is not kept, so that nobody gets it from here; but somebody may have announced a core that
    // this store has for other reasons, one of its own even
    if (core?.opened && writer.wasEmpty && this.#o.knownLength(id) === 0 && writer.onTrial) {
      await core.clear(0, core.length).catch(noop)
    }
    if (writer.onTrial) await this.#o.forget(id)
  }

  #remember(id: string, length: number): void {
    this.#refused.delete(id)
    this.#refused.set(id, { length, position: this.#o.position() })
    if (this.#refused.size <= MOST_REMEMBERED) return
    for (const oldest of this.#refused.keys()) {
      this.#refused.delete(oldest)
      break
    }
  }

  /** Nobody's inventions may keep the others out: each peer has places of its own, and idle ones are given away. */
  #makeRoom(from: object | null): boolean {
    let own = 0
    for (const candidate of this.#candidates.values()) if (candidate.from === from) own++
    const isOwnFull = from !== null && own >= MOST_BY_PEER
    if (!isOwnFull && this.#candidates.size < MOST_STRANGERS) return true
    for (const [id, candidate] of this.#candidates) {
      if ((isOwnFull && candidate.from !== from) || !isIdle(candidate)) continue
      this.#candidates.delete(id)
      this.#o.forget(id).catch(noop)
      return true
    }
    return false
  }
}

function isIdle({ isLetIn, since, writer }: Candidate): boolean {
  const isUnknown = !writer.core?.opened || writer.core.length === 0
  return !isLetIn && performance.now() - since > (isUnknown ? SHORT_PATIENCE : PATIENCE)
}

function noop(): void {}
