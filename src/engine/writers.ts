import type Hypercore from 'hypercore'
import { fromHex, type Head, hexOf } from '../keys.ts'
import type { Unit } from '../oplog/unit.ts'
import { type Freeze, WriterCore } from '../oplog/writer.ts'
import type { Linearizer, Link } from '../order/index.ts'
import type { OplogWatcher } from '../sync/ranges/ranges.ts'
import { Stalls } from '../sync/stalls.ts'
import { settled } from './core-internals.ts'

/** Why units that are here are not in the order yet. */
export interface Blocked {
  readonly writer: string
  readonly length: number
  /** `CLOCK`: stamped ahead of the local clock. `LINKS`: what it links to is not here. */
  readonly reason: 'CLOCK' | 'LINKS'
  /** For `CLOCK`: when it may go on, ms since the epoch. */
  readonly until?: number
  /** For `LINKS`: what is missing. */
  readonly missing?: Head
}

export interface Admission {
  readonly added: number
  /** Units of the order that the held-back ones would undo; 0 when none is held back. */
  readonly heldDepth: number
  readonly blocked: readonly Blocked[]
  /** Units that may belong before all that is in memory of the order: held back until more of it is. */
  readonly reaching: readonly Unit[]
}

export interface AdmitOptions {
  readonly linearizer: Linearizer<Unit>
  /** Entries stamped later than this wait. */
  readonly latest: number
  readonly maxClockDrift: number
  /** May units be admitted that change what is ordered already? */
  readonly mayReorder: boolean
  /** Most units to admit; the rest stays for the next cycle. */
  readonly limit: number
}

export interface WriterSetHandlers {
  open(key: Uint8Array, options?: { active?: boolean }): Hypercore
  readonly localId: string
  onnews(): void
  /** A rule that concerns the database as a whole; null when the unit keeps it. */
  check(unit: Unit): { readonly reason: string; readonly message: string } | null
  onfreeze(writer: WriterCore, freeze: Freeze): void
}

/** Entries of a removed writer that are known without being ordered. */
const MOST_UNORDERED = 65_536
/** Times of old entries that are remembered. */
const MOST_TIMES = 4096
/** Oplogs that are followed only because the oplog of someone who is no member refers to them. */
const MOST_DRAGGED = 256

/** All oplogs that this peer follows, and which of their units may enter the order. */
export class WriterSet {
  readonly #writers = new Map<string, WriterCore>()
  readonly #handlers: WriterSetHandlers
  readonly #news = new Set<WriterCore>()
  /** Writers known only because somebody refers to them. */
  readonly #dragged = new Set<string>()
  #lastNews = 0
  /** Of entries too far back to be in memory: when they were stamped, by `idOf`. */
  readonly #times = new Map<string, number>()
  /** Entries whose time is asked for. */
  readonly #unclear = new Map<string, Link>()
  #watcher: OplogWatcher | null = null
  readonly #stalls = new Stalls(() => this.#cores())

  constructor(handlers: WriterSetHandlers) {
    this.#handlers = handlers
  }

  /** When the last block came, in ms of `performance.now()`. */
  get lastNews(): number {
    return this.#lastNews
  }

  get size(): number {
    return this.#writers.size
  }

  [Symbol.iterator](): IterableIterator<WriterCore> {
    return this.#writers.values()
  }

  get(id: string): WriterCore | null {
    return this.#writers.get(id) ?? null
  }

  /** The writer of that id, known from now on; opens nothing. */
  ensure(id: string): WriterCore {
    const known = this.#writers.get(id)
    if (known) return known
    const writer = new WriterCore(fromHex(id), {
      open: (key, options) => this.#handlers.open(key, options),
      onnews: from => this.#onnews(from),
      onfreeze: (from, freeze) => {
        this.#handlers.onfreeze(from, freeze)
        this.#watcher?.onchange(from)
        // entries that link to what it took back need not wait for it any more
        this.#handlers.onnews()
      }
    })
    this.#writers.set(id, writer)
    return writer
  }

  /** Follows a writer's oplog to wherever it grows. */
  follow(id: string): WriterCore {
    const writer = this.ensure(id)
    this.#endTrial(writer)
    writer.want()
    this.#watcher?.onfollow(writer)
    return writer
  }

  /** Tells of every oplog that is followed, those that are already first; one watcher at a time. */
  watch(watcher: OplogWatcher | null): void {
    this.#watcher = watcher
    for (const writer of this.#writers.values()) if (writer.isFollowed) watcher?.onfollow(writer)
  }

  /** Blocks are on their way that no core knows of yet. */
  onprogress(): void {
    this.#lastNews = performance.now()
  }

  async forget(id: string): Promise<void> {
    const writer = this.#writers.get(id)
    if (!writer) return
    this.#writers.delete(id)
    this.#news.delete(writer)
    this.#watcher?.onforget(writer)
    await writer.close()
  }

  get inFlight(): boolean {
    for (const writer of this.#writers.values()) if (writer.inFlight) return true
    return false
  }

  /**
   * Reads what came since the last time. Returns whether more is waiting already. `all`: whether or not anything said that
   * it came.
   */
  async read({ all = false }: { all?: boolean } = {}): Promise<boolean> {
    if (all) for (const writer of this.#writers.values()) if (writer.hasNews) this.#news.add(writer)
    const writers = [...this.#news]
    this.#news.clear()
    await Promise.all(writers.map(writer => writer.read()))
    let more = false
    for (const writer of writers) {
      if (!writer.hasNews) continue
      this.#news.add(writer)
      more = true
    }
    return more
  }

  /** Could the first pending unit of a writer enter the order now? */
  async isReady(
    writer: WriterCore,
    options: Pick<AdmitOptions, 'linearizer' | 'latest' | 'maxClockDrift'>
  ): Promise<boolean> {
    do {
      const unit = writer.pending[0]
      // what a stranger links to is not fetched: it may be any amount
      if (unit && this.#obstacle(writer, unit, { ...options, fetch: false }) === null) return true
    } while (await this.#learnTimes())
    return false
  }

  /**
   * Moves units whose links are all known into the linearizer, as far as the options allow.
   * @throws AutobeeError `STORE_CORRUPT` when an entry that is to be looked at again is gone
   */
  async admit(options: AdmitOptions): Promise<Admission> {
    let added = 0
    // not while it goes on: then it might never end
    if (this.#times.size > MOST_TIMES) this.#times.clear()
    for (;;) {
      const admission = this.#admit({ ...options, limit: options.limit - added })
      added += admission.added
      if (!(await this.#learnTimes())) return { ...admission, added }
    }
  }

  #admit(options: AdmitOptions): Admission {
    const waiters = new Map<string, Set<WriterCore>>()
    const blocked = new Map<WriterCore, Blocked>()
    const queue = [...this.#writers.values()].filter(writer => writer.pending.length > 0 && !writer.onTrial)
    const reaching: Unit[] = []
    let added = 0
    let heldDepth = 0
    for (let writer = queue.pop(); writer; writer = queue.pop()) {
      blocked.delete(writer)
      let taken = 0
      for (const read of writer.pending) {
        const unit = this.#withoutForks(read, options.linearizer)
        // a stranger's unit that was let in, or one read again by a writer that had been forgotten
        if (unit.length <= options.linearizer.knownLength(writer.id)) {
          taken++
          continue
        }
        if (added >= options.limit || this.#isAhead(writer, options.linearizer)) break
        const obstacle = this.#obstacle(writer, unit, { ...options, fetch: true })
        if (obstacle === 'frozen' || obstacle === 'unclear') break
        if (obstacle) {
          blocked.set(writer, obstacle)
          if (obstacle.missing) waitFor(waiters, hexOf(obstacle.missing.key), writer)
          break
        }
        const { base, length } = options.linearizer
        if (options.linearizer.reaches(unit)) {
          reaching.push(unit)
          heldDepth = Math.max(heldDepth, length - base + 1)
          break
        }
        const depth = options.mayReorder ? 0 : length - options.linearizer.firstDifference(unit)
        if (depth > 0) {
          heldDepth = Math.max(heldDepth, depth)
          break
        }
        // what is not ordered soon must not fill the memory
        if (options.linearizer.roleOf(writer.id) === 'none') unit.values = null
        options.linearizer.add(unit)
        added++
        taken++
      }
      if (taken === 0) continue
      writer.pending.splice(0, taken)
      if (writer.hasNews) this.#news.add(writer)
      for (const waiter of waiters.get(writer.id) ?? []) queue.push(waiter)
      waiters.delete(writer.id)
    }
    return { added, heldDepth, blocked: [...blocked.values()], reaching }
  }

  /** Puts units taken back from the linearizer in front of what their writers still have pending. */
  giveBack(units: readonly Unit[]): void {
    const byWriter = new Map<string, Unit[]>()
    for (const unit of units) {
      const list = byWriter.get(unit.writer)
      if (list) list.push(unit)
      else byWriter.set(unit.writer, [unit])
    }
    for (const [id, list] of byWriter) this.ensure(id).pending.unshift(...list)
  }

  async close(): Promise<void> {
    this.#stalls.stop()
    await Promise.all([...this.#cores()].map(settled))
    await Promise.all([...this.#writers.values()].map(writer => writer.close()))
    this.#writers.clear()
    this.#news.clear()
  }

  *#cores(): Iterable<Hypercore> {
    for (const { core } of this.#writers.values()) if (core) yield core
  }

  /** What was read on trial enters the order by itself now; no block that comes would say so. */
  #endTrial(writer: WriterCore): void {
    const hasPending = writer.onTrial && writer.pending.length > 0
    writer.onTrial = false
    if (hasPending) this.#handlers.onnews()
  }

  #onnews(writer: WriterCore): void {
    this.#lastNews = performance.now()
    this.#stalls.onnews()
    this.#news.add(writer)
    this.#handlers.onnews()
    this.#watcher?.onchange(writer)
  }

  /**
   * Of an oplog that was forked each peer keeps the version that it had first. Whoever links into another one is not to
   * wait for it for ever, nor to be called back-dated by it: such links are left out.
   */
  #withoutForks(unit: Unit, linearizer: Linearizer<Unit>): Unit {
    const isDead = (link: Link) => {
      if (this.get(link.writer)?.isForked !== true) return false
      const time = this.#timeOf(link, { linearizer, before: unit.timestamp })
      return time === null || (time !== 'unclear' && time >= unit.timestamp)
    }
    return unit.links.some(isDead) ? { ...unit, links: unit.links.filter(link => !isDead(link)) } : unit
  }

  /** A writer that was removed and goes on all the same: what nobody refers to is known only up to here. */
  #isAhead({ id }: WriterCore, linearizer: Linearizer<Unit>): boolean {
    return (
      linearizer.roleOf(id) === 'none' &&
      linearizer.knownLength(id) - linearizer.orderedLength(id) > MOST_UNORDERED
    )
  }

  /** Members may refer to oplogs of others; those may refer to more of them, but not without end. */
  #fetch(link: Link, by: WriterCore): void {
    const known = this.#writers.get(link.writer)
    if (this.#dragged.has(by.id) && !known) {
      if (this.#dragged.size >= MOST_DRAGGED) return
      this.#dragged.add(link.writer)
    }
    const source = known ?? this.ensure(link.writer)
    if (!known) this.#dragged.add(link.writer)
    this.#endTrial(source)
    source.want(link.length)
  }

  #obstacle(
    writer: WriterCore,
    unit: Unit,
    options: Pick<AdmitOptions, 'linearizer' | 'latest' | 'maxClockDrift'> & { fetch: boolean }
  ): Blocked | 'frozen' | 'unclear' | null {
    const { linearizer } = options
    const at = { writer: writer.id, length: unit.length }
    const refusal = this.#handlers.check(unit)
    if (refusal) {
      writer.freeze(refusal.reason, { length: unit.start, message: refusal.message })
      return 'frozen'
    }
    // the own clock may have been set back since: what was appended here stays
    if (unit.timestamp > options.latest && writer.id !== this.#handlers.localId) {
      return { ...at, reason: 'CLOCK', until: unit.timestamp - options.maxClockDrift }
    }
    const times = unit.links.map(link => ({
      link,
      time: this.#timeOf(link, { linearizer, before: unit.timestamp })
    }))
    if (times.some(({ time }) => time === 'unclear')) return 'unclear'
    for (const { link, time } of times) {
      if (time === null) {
        if (options.fetch) this.#fetch(link, writer)
        return { ...at, reason: 'LINKS', missing: { key: fromHex(link.writer), length: link.length } }
      }
      if (time !== 'unclear' && time >= unit.timestamp) {
        const message = 'an entry is stamped no later than one that it links to'
        writer.freeze('BACK_DATED', { length: unit.start, message })
        return 'frozen'
      }
    }
    return null
  }

  /** When a known entry was stamped, or some later time if that is before `before` all the same; null: not known. */
  #timeOf(
    link: Link,
    { linearizer, before }: { linearizer: Linearizer<Unit>; before: number }
  ): number | 'unclear' | null {
    if (!linearizer.knows(link.writer, link.length)) return null
    const latest = linearizer.latestTimeOf(link.writer, link.length)
    if (latest < before || linearizer.find(link.writer, link.length)) return latest
    const id = `${link.writer}/${link.length}`
    const time = this.#times.get(id)
    if (time !== undefined) return time
    this.#unclear.set(id, link)
    return 'unclear'
  }

  /** Reads when entries were stamped that are too far back. Returns whether there was anything to learn. */
  async #learnTimes(): Promise<boolean> {
    if (this.#unclear.size === 0) return false
    const unclear = [...this.#unclear]
    this.#unclear.clear()
    for (const [id, { writer, length }] of unclear) {
      this.#times.set(id, await this.ensure(writer).timeOf(length))
    }
    return true
  }
}

function waitFor(waiters: Map<string, Set<WriterCore>>, id: string, writer: WriterCore): void {
  const set = waiters.get(id)
  if (set) set.add(writer)
  else waiters.set(id, new Set([writer]))
}
