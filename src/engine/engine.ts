import b4a from 'b4a'
import type Hyperbee from 'hyperbee2'
import { createAnchor } from '../apply/anchor.ts'
import { ApplyHost } from '../apply/host.ts'
import { AutobeeError } from '../errors.ts'
import { type Head, hexOf } from '../keys.ts'
import type { OrderSource } from '../listing/place.ts'
import { sourceOfEngine } from '../listing/source-of.ts'
import type { Unit } from '../oplog/unit.ts'
import type { WriterCore } from '../oplog/writer.ts'
import { Linearizer, type Role } from '../order/index.ts'
import { type Boot, readBoot } from '../system/boot.ts'
import { OrderHashes } from '../system/order-hash.ts'
import { Applier } from './applier.ts'
import { AtomicCores } from './atomic.ts'
import { BackgroundSync } from './background-sync.ts'
import { Cycle } from './cycle.ts'
import type { EngineOptions } from './engine-options.ts'
import { History } from './history.ts'
import { type Inspection, inspect } from './inspection.ts'
import { Journal } from './journal.ts'
import { LocalOplog, originOf } from './local-oplog.ts'
import { Obstacles } from './obstacles.ts'
import { OnceRecord } from './once.ts'
import {
  checkFirst,
  checkLengths,
  checkOrigin,
  isFrozen,
  membersOf,
  type OwnCores,
  openOplog,
  readStoredOrder,
  type StoredOrder,
  undoPointsOf
} from './opening.ts'
import { OwnGrowth } from './own-growth.ts'
import type { Append } from './queue.ts'
import { notWritable } from './refusals.ts'
import type { CycleReport } from './report.ts'
import { restore } from './restore.ts'
import { BufferedWriter, RawWriter, type ViewWriter } from './view-writer.ts'
import { type Blocked, WriterSet } from './writers.ts'

/** What opening finds in the store. */
interface EngineParts {
  readonly own: OwnCores
  readonly boot: Boot | null
  readonly atomic: AtomicCores
  readonly stored: StoredOrder
  readonly once: OnceRecord
}

/**
 * An open database: cores, order, view and the cycle over them. It is replaced as a whole when the local writer is
 * rotated or when own cores change underneath.
 */
export class Engine {
  readonly linearizer: Linearizer<Unit>
  readonly writers: WriterSet
  readonly cycle: Cycle
  readonly own: OwnCores
  readonly localKey: Uint8Array
  readonly localId: string
  /** The user's view on the writable bee. */
  readonly view: unknown
  readonly #o: EngineOptions
  readonly #parts: EngineParts
  readonly #writer: ViewWriter
  readonly #hashes: OrderHashes
  readonly #history: History
  readonly #applier: Applier
  readonly #journal: Journal
  readonly #local: LocalOplog
  readonly #obstacles: Obstacles
  readonly #growth: OwnGrowth
  #closed = false
  #loaded = false
  #hasWritten = false
  readonly #sync = new BackgroundSync(() => this.sync())

  /** @throws AutobeeError `ENCRYPTION_KEY_MISMATCH`, `OPTIONS_MISMATCH`, `STORE_CORRUPT`, `UPGRADE_REQUIRED` */
  static async open(options: EngineOptions): Promise<Engine> {
    const { cores, key } = options
    const system = await cores.system(key)
    const boot = await readBoot(system)
    const once = await OnceRecord.read(system)
    const own: OwnCores = { system, oplog: await openOplog(options, boot), view: await cores.view(key) }
    await checkOrigin(options, own.oplog)
    if (boot) checkLengths(own, boot)
    const atomic = await AtomicCores.open({
      ...own,
      store: cores.store,
      oplog: own.oplog.writable && !isFrozen(options, boot, own) ? own.oplog : null,
      sync: options.durability === 'sync',
      syncFirst: boot === null || boot.isClean,
      onphase: options.onphase
    })
    atomic.view.move({ length: boot?.viewHead ?? 0 })
    atomic.system.move({ length: boot?.systemHead ?? 0 })
    const stored = await readStoredOrder(atomic.system, { boot, limits: options.history })
    const engine = new Engine(options, { own, boot, atomic, stored, once })
    await engine.#load()
    return engine
  }

  private constructor(options: EngineOptions, parts: EngineParts) {
    const { own, boot, atomic, stored } = parts
    const base = stored.record?.base ?? null
    this.#o = options
    this.#parts = parts
    this.own = own
    this.localKey = own.oplog.key
    this.localId = hexOf(this.localKey)
    this.linearizer = new Linearizer<Unit>({ bootstrap: hexOf(options.key), local: this.localId, base })
    this.#hashes = OrderHashes.from(base?.position ?? 0, stored.record?.orderHash ?? b4a.alloc(32))
    this.writers = this.#createWriters()
    this.#obstacles = new Obstacles({ ...options, localId: this.localId, writers: this.writers })
    this.#growth = new OwnGrowth({
      own,
      atomic,
      onstale: options.onstale,
      onconflict: length => this.writers.ensure(this.localId).conflict(length)
    })
    this.#local = this.#createLocal()
    this.#writer = options.raw ? new RawWriter(atomic.view) : new BufferedWriter(atomic.view)
    this.view = options.openView(this.#writer.bee)
    this.#applier = this.#createApplier()
    this.#journal = new Journal({
      cores: atomic,
      linearizer: this.linearizer,
      hashes: this.#hashes,
      local: () => this.#local.writer,
      localKey: this.localKey,
      localFrozen: isFrozen(options, boot, own),
      indexed: boot?.indexed ?? 0,
      segments: stored.segments,
      segment: stored.segment,
      history: () => this.#history,
      once: parts.once,
      onphase: options.onphase
    })
    this.#history = new History({
      ...stored,
      linearizer: this.linearizer,
      hashes: this.#hashes,
      writers: this.writers,
      system: atomic.system,
      limits: options.history,
      stats: options.stats,
      onmove: ({ points, segment }) => {
        this.#applier.rebase(points)
        this.#journal.rebase(segment)
      }
    })
    this.cycle = this.#createCycle()
  }

  /** The tree of the view as it was last flushed and written. */
  get bee(): Hyperbee {
    return this.#parts.atomic.view
  }

  get localLength(): number {
    return this.own.oplog.length
  }

  /** What became of numbered appends. */
  get once(): OnceRecord {
    return this.#parts.once
  }

  /** Why entries that are here are not in the order. */
  get blocked(): readonly Blocked[] {
    return this.#obstacles.blocked
  }

  views(): Head[] {
    const { system, view } = this.#parts.atomic
    return [system, view].map(bee => ({ key: bee.core.key, length: bee.head()?.length ?? 0 }))
  }

  /** Oplogs that peers should know of. */
  announcement(): Head[] {
    const heads: Head[] = []
    for (const { writer } of this.linearizer.members()) {
      const length = this.linearizer.knownLength(writer)
      if (length > 0) heads.push({ key: this.writers.ensure(writer).key, length })
    }
    const { localKey: key, localLength: length } = this
    if (this.roleOfLocal() === 'none' && length > 0) heads.push({ key, length })
    return heads
  }

  /** What the order is made of: members' oplogs, and those of strangers who were let in or whom somebody refers to. */
  oplogs(): Head[] {
    return [...this.linearizer.writers()].map(id => ({
      key: this.writers.ensure(id).key,
      length: this.linearizer.knownLength(id)
    }))
  }

  roleOfLocal(): Role {
    return this.linearizer.roleOf(this.localId)
  }

  /** Tries a stranger's unit on top of the order; only inside a cycle. */
  wouldAcknowledge(unit: Unit): Promise<boolean> {
    return this.#applier.wouldAcknowledge(unit)
  }

  /** Can that writer's first pending unit enter the order? */
  isReady(writer: WriterCore): Promise<boolean> {
    const { maxClockDrift, now } = this.#o
    const { linearizer } = this
    return this.writers.isReady(writer, { linearizer, latest: now() + maxClockDrift, maxClockDrift })
  }

  inspect(): Inspection {
    return inspect(this, { hashes: this.#hashes, history: this.#history })
  }

  /** The order as it stands; of use only between two cycles, or at the end of one. */
  order(): OrderSource {
    const systemHead = this.#parts.atomic.system.head()?.length ?? 0
    return sourceOfEngine(this, { systemHead, reasonOf: unit => this.#applier.reasonOf(unit) })
  }

  /** Brings everything that is written to the disk. */
  async sync(): Promise<void> {
    await this.#parts.atomic.sync()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#growth.stop()
    await this.cycle.close()
    this.#sync.stop()
    this.#local.close()
    await this.#markClean()
    await this.#o.closeView(this.view)
    await this.writers.close()
    await this.#parts.atomic.close()
    await Promise.allSettled(Object.values(this.own).map(core => core.close()))
  }

  /** Says on disk that nothing is lost, so that the next opening need not believe peers who claim to have more. */
  async #markClean(): Promise<void> {
    const { boot } = this.#parts
    const isWhole =
      this.#loaded && !this.#growth.isStale && this.cycle.state === 'closed' && this.#applier.unflushed === 0
    const isWritten = this.#hasWritten || (boot !== null && !boot.isClean)
    if (!isWhole || !isWritten || (this.linearizer.length === 0 && !boot)) return
    try {
      const { undoPoints } = this.#applier
      await this.#journal.write({ drafts: [], rolesMoved: false, undoPoints, isClean: true })
      await this.sync()
    } catch {
      // the store was closed first, or is full: then the next opening is careful
    }
  }

  async #load(): Promise<void> {
    const { boot, stored, own } = this.#parts
    this.#growth.watch()
    const known = membersOf(stored, hexOf(this.#o.key))
    const keep = await restore({
      base: stored.record?.base ?? null,
      placed: stored.placed,
      linearizer: this.linearizer,
      hashes: this.#hashes,
      writers: this.writers,
      localId: this.localId,
      localLength: own.oplog.length,
      known,
      latest: this.#o.now() + this.#o.maxClockDrift,
      maxClockDrift: this.#o.maxClockDrift
    })
    const position = boot?.position ?? 0
    if (keep === position && boot && !b4a.equals(this.#hashes.at(position), boot.orderHash)) {
      throw new AutobeeError('STORE_CORRUPT', 'the order in this store is not the one it was closed with')
    }
    if (keep < position) {
      this.#applier.undo(keep)
      this.#journal.undo(this.linearizer.length)
    }
    if (isFrozen(this.#o, boot, own)) this.#o.forked.add(this.localId)
    const forked = [...this.#o.forked].map(id => this.writers.ensure(id))
    for (const writer of forked) writer.conflict(writer.readLength)
    this.#local.read()
    const isRotated =
      !!boot && (!b4a.equals(boot.local, this.localKey) || this.#o.localFrozen !== boot.localFrozen)
    // tentative units of the oplog before are gone, and perhaps nothing else is left to write
    if (isRotated) {
      const rolesMoved = this.linearizer.length < position
      await this.#journal.write({ drafts: [], rolesMoved, undoPoints: this.#applier.undoPoints })
    }
    const members = [...this.linearizer.members()].map(({ writer }) => writer)
    for (const id of new Set([...members, ...known])) if (id !== this.localId) this.writers.follow(id)
    this.#loaded = true
  }

  #refusal(append: Append): AutobeeError | null {
    const refusal = this.#o.refusal(append)
    if (refusal) return refusal
    const dead = this.#local.refusal()
    if (dead) return dead
    if (this.roleOfLocal() === 'none' && !append.optimistic) return notWritable()
    return null
  }

  #createLocal(): LocalOplog {
    const { own, boot } = this.#parts
    const { emit, encrypted, codec, key } = this.#o
    const isSame = !!boot && b4a.equals(boot.local, this.localKey)
    return new LocalOplog({
      oplog: own.oplog,
      reader: () => this.writers.ensure(this.localId),
      linearizer: this.linearizer,
      key,
      // of an oplog that is new to this database nothing is known to be lost
      bootLength: isSame ? boot.oplogLength : boot ? own.oplog.length : 0,
      isDead: !own.oplog.writable || isFrozen(this.#o, boot, own),
      // the first flush ever is synced, so without a boot record nobody has anything of an oplog that is our own
      isSuspect: boot ? !isSame || !boot.isClean : this.#o.local !== null,
      origin: originOf({ encrypted, valueEncoding: codec.name }),
      onlook: () => {
        if (!this.#closed) this.cycle.kick()
      },
      onwaiting: () =>
        emit('waiting', { reason: 'RECOVERING', key: this.localKey, length: own.oplog.length }),
      onrecovered: range => emit('recovered', range)
    })
  }

  #createWriters(): WriterSet {
    return new WriterSet({
      localId: this.localId,
      open: (key, session) => this.#o.cores.writer(key, session),
      // while the stored order is rebuilt, nothing else may touch the linearizer
      onnews: () => {
        if (this.#loaded) this.cycle.kick()
      },
      check: unit => checkFirst(unit, this.#o),
      onfreeze: (writer, freeze) => this.#obstacles.froze(writer, freeze)
    })
  }

  #createApplier(): Applier {
    const { cores, key, discoveryKey, codec } = this.#o
    const host = new ApplyHost({
      key,
      discoveryKey,
      isGenesis: () => this.linearizer.length <= 1,
      createAnchor: () => createAnchor(cores.store, this.linearizer.heads())
    })
    return new Applier({
      linearizer: this.linearizer,
      hashes: this.#hashes,
      writer: this.#writer,
      host,
      codec,
      undoPoints: undoPointsOf(this.#parts),
      run: nodes => this.#o.apply(nodes, this.view, host),
      load: unit => this.writers.ensure(unit.writer).values(unit)
    })
  }

  #createCycle(): Cycle {
    const { queue, stats, maxClockDrift, emit } = this.#o
    return new Cycle({
      linearizer: this.linearizer,
      hashes: this.#hashes,
      applier: this.#applier,
      journal: this.#journal,
      history: this.#history,
      writers: this.writers,
      localId: this.localId,
      queue,
      once: this.#parts.once,
      maxClockDrift,
      stats,
      local: () => this.#local.writer,
      now: () => this.#o.now(),
      isStale: () => this.#growth.isStale,
      mayAppend: () => this.#local.mayAppend(),
      refusal: append => this.#refusal(append),
      onready: () => this.#o.onready(this),
      onreport: report => this.#onreport(report),
      onblocked: blocked => this.#obstacles.met(blocked),
      oninterrupt: reason => emit('interrupt', reason),
      onapplyfailed: error => emit('error', error),
      onfatal: error => this.#o.onfatal(error)
    })
  }

  #onreport(report: CycleReport): void {
    for (const { writer } of report.changes) if (writer !== this.localId) this.writers.follow(writer)
    if (report.written || report.appended > 0) this.#hasWritten = true
    if (report.written && this.#o.durability === 'relaxed') this.#sync.soon()
    this.#o.onreport(report)
  }
}
