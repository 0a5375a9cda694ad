import { Alarm } from '../alarm.ts'
import { Breath } from '../breath.ts'
import { type AutobeeError, toAutobeeError } from '../errors.ts'
import type { Unit } from '../oplog/unit.ts'
import type { Placement } from '../order/index.ts'
import { type Accepted, Appends } from './appends.ts'
import type { CycleOptions } from './cycle-options.ts'
import { MergePace } from './merge-pace.ts'
import { interrupted } from './refusals.ts'
import { equal, Report } from './report.ts'

/** Units admitted to one cycle while nothing is reordered, so that an append never waits for long. */
const ADMIT_LIMIT = 4096

type State =
  | { readonly state: 'open' }
  /** `isStuck`: on an own entry, which cannot be set aside. */
  | { readonly state: 'interrupted'; readonly isStuck: boolean; readonly reason: string }
  | { readonly state: 'failed'; readonly error: AutobeeError }
  | { readonly state: 'closing' }
  | { readonly state: 'closed' }

/**
 * The one place that decides what happens next. Events only call {@link kick}. Invariants:
 * 1. One cycle at a time; everything that writes happens inside it.
 * 2. What a cycle produced is durable before anyone hears of it.
 * 3. Local appends go on top of the current order; they never wait for a merge to begin.
 * 4. A merge is one undo, then large chunks.
 */
export class Cycle {
  readonly #o: CycleOptions
  #state: State = { state: 'open' }
  #running: Promise<void> | null = null
  #again = false
  #forced = false
  #complete = true
  readonly #alarm = new Alarm(() => this.kick())
  readonly #pace = new MergePace()
  readonly #breath = new Breath()
  readonly #appends: Appends
  #report: Report = new Report()

  constructor(options: CycleOptions) {
    this.#o = options
    this.#appends = new Appends({
      ...options,
      isComplete: () => this.#complete,
      reach: units => this.#reach(units),
      settle: () => this.#settle(),
      applyOne: placement => this.#applyOne(placement),
      onapplied: placement => this.#report.done(placement, null),
      failure: () => this.failure,
      withdraw: units => this.#withdraw(units),
      breathe: () => this.#breath.take()
    })
  }

  get state(): State['state'] {
    return this.#state.state
  }

  get failure(): AutobeeError | null {
    return this.#state.state === 'failed' ? this.#state.error : null
  }

  get isIdle(): boolean {
    return this.#running === null
  }

  /** Something changed: look what to do. `force`: merge now, and go on after an interrupt. */
  kick({ force = false }: { force?: boolean } = {}): void {
    if (force) {
      this.#forced = true
      if (this.#state.state === 'interrupted') this.#state = { state: 'open' }
    }
    // the cores are being closed; appends wait for the next engine
    if (this.#state.state === 'closed') return
    this.#again = true
    if (!this.#running) this.#start()
  }

  /** Resolves when no cycle runs. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  /** Finishes what is under way, appends included, and merges nothing more. */
  async close(): Promise<void> {
    if (this.#state.state === 'open' || this.#state.state === 'interrupted')
      this.#state = { state: 'closing' }
    this.#alarm.stop()
    if (this.#o.queue.length > 0 && this.#complete && !this.#o.isStale()) this.kick()
    await this.idle()
    if (this.#state.state !== 'failed') this.#state = { state: 'closed' }
    this.#alarm.stop()
  }

  #start(): void {
    this.#running = this.#loop().finally(() => {
      this.#running = null
      // kicked between the loop's last look and here
      if (this.#again && this.#state.state !== 'failed' && !this.#o.isStale()) this.#start()
    })
  }

  async #loop(): Promise<void> {
    // callers of one turn join one cycle
    await null
    while (this.#again && this.#state.state !== 'failed' && !this.#o.isStale()) {
      this.#again = false
      try {
        await this.#cycle()
      } catch (error) {
        // its cores grew or were closed underneath: nothing was written, and the owner opens the database anew
        if (this.#o.isStale()) break
        this.#fatal(toAutobeeError(error, { code: 'STORE_FAILED', message: 'the database cannot go on' }))
      }
    }
    if (this.#state.state === 'failed') this.#o.queue.rejectAll(this.#state.error)
  }

  async #cycle(): Promise<void> {
    if (this.#state.state === 'interrupted' && this.#state.isStuck) {
      this.#o.once.refuseAll(this.#o.queue, interrupted(this.#state.reason))
      return
    }
    const started = performance.now()
    this.#breath.begin()
    const report = new Report()
    this.#report = report
    const goesOn = !this.#complete
    if (!goesOn && this.#state.state === 'open') await this.#takeNews()
    this.#settle()
    this.#complete = await this.#applyReady()
    let accepted: readonly Accepted[] = []
    if (this.#complete) {
      if (this.#state.state === 'open') await this.#o.onready()
      if (this.#o.mayAppend()) {
        accepted = await this.#appends.take()
        if (this.#o.queue.length > 0) this.#again = true
      }
      this.#compareOrder()
    }
    // one that goes on with a merge takes no news: what came meanwhile is for the cycle after it
    const mayGoOn = this.#state.state === 'open' || this.#state.state === 'interrupted'
    if (mayGoOn && (goesOn || !this.#complete)) this.#again = true
    if (!report.isEmpty || accepted.length > 0) await this.#write(accepted)
    if (report.undone > 0) this.#pace.rest(performance.now() - started)
    this.#o.onreport(report.end({ complete: this.#complete, appended: accepted.length }))
    // last: whoever waits for an append is to find it in the view
    await this.#o.history.trim()
  }

  async #takeNews(): Promise<void> {
    const { writers, linearizer } = this.#o
    const forced = this.#forced
    this.#forced = false
    const options = {
      linearizer,
      latest: this.#o.now() + this.#o.maxClockDrift,
      maxClockDrift: this.#o.maxClockDrift
    }
    let more = await writers.read({ all: forced })
    let admission = await writers.admit({ ...options, mayReorder: false, limit: ADMIT_LIMIT })
    if (admission.heldDepth > 0) {
      // a merge is one undo: take all that is here before it begins
      while (more) more = await writers.read()
      const { inFlight, lastNews } = writers
      const wait = forced ? 0 : this.#pace.delay({ depth: admission.heldDepth, inFlight, lastNews })
      if (wait > 0) this.#alarm.set(wait)
      else {
        this.#pace.begin()
        await this.#reach(admission.reaching)
        const limit = Number.POSITIVE_INFINITY
        admission = await writers.admit({ ...options, mayReorder: true, limit })
        // what became free only now may go deeper still
        if (admission.reaching.length > 0) this.#again = true
      }
    } else this.#pace.begin()
    if (more || admission.added >= ADMIT_LIMIT) this.#again = true
    this.#o.onblocked(admission.blocked)
    for (const { until } of admission.blocked) if (until) this.#alarm.set(until - this.#o.now() + 1)
  }

  /** So much of the past is in memory afterwards that these units can be added. */
  async #reach(units: readonly Unit[]): Promise<void> {
    const { linearizer, history } = this.#o
    if (!units.some(unit => linearizer.reaches(unit))) return
    this.#settle()
    await history.reach(() => !units.some(unit => linearizer.reaches(unit)))
  }

  #settle(): void {
    const { linearizer } = this.#o
    const before = linearizer.length
    const first = this.#o.history.settle()
    if (first < before) this.#undo(first, before)
  }

  #undo(first: number, before: number): void {
    const { applier, journal, stats } = this.#o
    const target = applier.undo(first)
    journal.undo(target)
    stats.undos++
    stats.reapplied += before - target
    this.#report.undo(first, before - first)
  }

  /** Applies what the order gives. Returns whether nothing is left. */
  async #applyReady(): Promise<boolean> {
    const { linearizer, applier } = this.#o
    for (let placement = linearizer.next(); placement; placement = linearizer.next()) {
      if (this.#state.state === 'failed') {
        linearizer.cancel()
        return false
      }
      if (await this.#flushBeforeTail(placement)) continue
      if (!(await this.#applyOne(placement))) return false
      if (applier.chunkIsFull) return false
      await this.#breath.take()
    }
    return true
  }

  /** The tail of ordinary writers' entries moves most: an undo point where it begins saves applying the rest again. */
  async #flushBeforeTail({ position, mode }: Placement<Unit>): Promise<boolean> {
    const { linearizer, applier } = this.#o
    if (mode === 'indexer' || position === linearizer.base) return false
    if (linearizer.at(position - 1).mode !== 'indexer') return false
    // the placement given out counts as unflushed too
    if (applier.unflushed <= 1) return false
    linearizer.cancel()
    await this.#flushView()
    return true
  }

  async #flushView(): Promise<void> {
    const { applier, history, journal } = this.#o
    await applier.flush()
    history.consider(applier.head)
    journal.viewFlushed()
  }

  /** Returns false when applying has to stop. */
  async #applyOne(placement: Placement<Unit>): Promise<boolean> {
    const outcome = await this.#o.applier.apply(placement)
    this.#o.stats.applies++
    if (outcome.kind === 'done') {
      const { position, unit } = placement
      this.#report.done(this.#o.linearizer.at(position), outcome.reason)
      if (unit.checkpoint) this.#report.checkpointAt = position
      return true
    }
    if (outcome.kind === 'failed') {
      this.#state = { state: 'failed', error: outcome.error }
      this.#o.onapplyfailed(outcome.error)
      return false
    }
    this.#interrupt(placement.unit, outcome.reason)
    return false
  }

  /** As if what is not applied had not come yet; the next forced cycle takes it again. */
  #interrupt(unit: Unit, reason: string): void {
    const { linearizer, writers, localId } = this.#o
    const isStuck = unit.writer === localId
    if (!isStuck) {
      writers.giveBack(linearizer.takeBack(known => known.writer === localId))
      this.#settle()
    }
    // an own entry that refers to it keeps it in the order
    const isKept = !isStuck && linearizer.find(unit.writer, unit.length) === unit
    if (this.#state.state === 'open' || this.#state.state === 'interrupted') {
      this.#state = { state: 'interrupted', isStuck: isStuck || isKept, reason }
    }
    this.#o.oninterrupt(reason)
  }

  async #withdraw(units: readonly Unit[]): Promise<void> {
    const { linearizer } = this.#o
    const before = linearizer.length
    for (const unit of units) linearizer.remove(unit)
    const first = this.#o.history.settle()
    if (first < before) this.#undo(first, before)
    if (this.#state.state === 'failed') return
    this.#complete = await this.#applyReady()
    // appends that were accepted before are answered at the end of this cycle, and are to be in the view by then
    while (!this.#complete && this.#state.state === 'open' && this.#o.applier.chunkIsFull) {
      await this.#flushView()
      this.#complete = await this.#applyReady()
    }
  }

  async #write(accepted: readonly Accepted[]): Promise<void> {
    const { applier, journal, stats } = this.#o
    const drafts = accepted.map(({ draft }) => draft)
    try {
      await this.#flushView()
      this.#appends.record(accepted)
      const rolesMoved = this.#report.changes.length > 0 || this.#report.undone > 0
      const { bytes } = await journal.write({ drafts, rolesMoved, undoPoints: applier.undoPoints })
      stats.flushes++
      stats.appends += drafts.length
      stats.bytes += bytes
    } catch (error) {
      const fatal = toAutobeeError(error, { code: 'STORE_FAILED', message: 'the store could not write' })
      if (this.#o.isStale()) this.#appends.giveBack(accepted)
      else this.#appends.reject(accepted, fatal)
      throw fatal
    }
    this.#appends.resolve(accepted)
  }

  /** The order is whole and its one head carries a checkpoint: its writer ordered exactly the same entries. */
  #compareOrder(): void {
    const { linearizer, hashes } = this.#o
    const position = linearizer.length - 1
    if (position < 0 || this.#report.checkpointAt !== position || !linearizer.isExact) return
    const { unit } = linearizer.at(position)
    const checkpoint = unit.checkpoint
    if (!checkpoint?.orderHash || linearizer.heads().length !== 1) return
    const same =
      checkpoint.position === linearizer.length && equal(checkpoint.orderHash, hashes.at(position + 1))
    if (!same) this.#report.diverged = { key: unit.key, length: unit.length, position }
  }

  #fatal(error: AutobeeError): void {
    this.#state = { state: 'failed', error }
    this.#o.queue.rejectAll(error)
    this.#o.onfatal(error)
  }
}
