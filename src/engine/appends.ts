import { type AutobeeError, toAutobeeError } from '../errors.ts'
import type { Head } from '../keys.ts'
import type { Unit } from '../oplog/unit.ts'
import type { Placement } from '../order/index.ts'
import type { CycleOptions } from './cycle-options.ts'
import type { Draft } from './local-writer.ts'
import type { Append } from './queue.ts'
import { interrupted, notWritable } from './refusals.ts'

/** Most local units, and bytes of their values, in one flush. */
const FLUSH_UNITS = 4096
const FLUSH_BYTES = 32 * 1024 * 1024

/** An append that is in the order and in the view, and not written yet. */
export interface Accepted {
  readonly append: Append
  readonly draft: Draft
}

type Parts = 'applier' | 'linearizer' | 'local' | 'now' | 'once' | 'queue' | 'refusal' | 'stats'

/** What the cycle that the appends are placed in does for them. */
export interface AppendsOptions extends Pick<CycleOptions, Parts> {
  /** Is all that may be ordered applied? */
  isComplete(): boolean
  /** So much of the past is in memory afterwards that these units can be added. */
  reach(units: readonly Unit[]): Promise<void>
  settle(): void
  /** Applies what is not the append itself. Returns false when applying has to stop. */
  applyOne(placement: Placement<Unit>): Promise<boolean>
  onapplied(placement: Placement<Unit>): void
  /** What made `apply` stop for good; null while it goes on. */
  failure(): AutobeeError | null
  /** Takes the units out again, and applies anew what they had moved. */
  withdraw(units: readonly Unit[]): Promise<void>
  /** Lets others have their turn. */
  breathe(): Promise<void>
}

/** Local appends: from the queue into the order and the view, one after another, and their answers. */
export class Appends {
  readonly #o: AppendsOptions

  constructor(options: AppendsOptions) {
    this.#o = options
  }

  /** As many of the queue as one flush takes. Those that are refused are answered here, the others by who writes them. */
  async take(): Promise<Accepted[]> {
    const { queue, once } = this.#o
    const accepted: Accepted[] = []
    let bytes = 0
    while (this.#o.isComplete() && bytes < FLUSH_BYTES && accepted.length < FLUSH_UNITS) {
      const append = queue.shift()
      if (!append) break
      if (once.answer(append)) continue
      try {
        const placed = this.#o.refusal(append) ?? (await this.#place(append))
        if ('draft' in placed) accepted.push(placed)
        else once.refuse(append, placed)
      } catch (error) {
        // the store failed: nothing of this cycle will be written
        const fatal = toAutobeeError(error, { code: 'STORE_FAILED', message: 'the store could not be read' })
        append.reject(fatal)
        this.reject(accepted, fatal)
        throw fatal
      }
      for (const value of append.values) bytes += value?.byteLength ?? 0
      await this.#o.breathe()
    }
    return accepted
  }

  /** To be called before they are written, so that their numbers are written with them. */
  record(accepted: readonly Accepted[]): void {
    for (const { append, draft } of accepted) this.#o.once.done(append, headOf(draft))
  }

  /** They are durable. */
  resolve(accepted: readonly Accepted[]): void {
    for (const { append, draft } of accepted) append.resolve(headOf(draft))
  }

  reject(accepted: readonly Accepted[], error: AutobeeError): void {
    for (const { append } of accepted) append.reject(error)
  }

  /** Nothing was written: when the database is open anew, they are tried again or refused for what happened. */
  giveBack(accepted: readonly Accepted[]): void {
    const appends = accepted.map(({ append }) => append)
    // a stranger's unit belongs to the order that is being given up
    for (const append of appends) if (append.extra) append.reject(interrupted('the database is opened anew'))
    this.#o.queue.giveBack(appends.filter(({ extra }) => !extra))
  }

  /** Puts one append into the order and applies it. Returns why it was refused; then it left no trace. */
  async #place(append: Append): Promise<Accepted | AutobeeError> {
    const { linearizer } = this.#o
    const local = this.#o.local()
    if (!local) return notWritable()
    const { extra } = append
    const isNew = extra !== null && !linearizer.knows(extra.writer, extra.length)
    let draft: Draft
    try {
      // one link for each writer: an earlier head of the stranger's is in the past of the new one
      const heads = linearizer.heads().filter(({ writer }) => writer !== local.id && writer !== extra?.writer)
      if (extra) heads.push(extra)
      heads.sort((a, b) => (a.writer < b.writer ? -1 : 1))
      draft = local.draft({ ...append, heads, now: this.#o.now() })
    } catch (error) {
      return toAutobeeError(error, { code: 'INVALID_ARGUMENT', message: 'the value cannot be appended' })
    }
    await this.#o.reach(extra && isNew ? [extra, draft.unit] : [draft.unit])
    if (extra && isNew) linearizer.add(extra)
    linearizer.add(draft.unit)
    this.#o.settle()
    const error = await this.#apply(draft)
    if (!error) {
      local.accept(draft)
      return { append, draft }
    }
    await this.#o.withdraw(isNew ? [draft.unit, extra] : [draft.unit])
    return error
  }

  async #apply({ unit }: Draft): Promise<AutobeeError | null> {
    const { linearizer, applier, stats } = this.#o
    for (let placement = linearizer.next(); placement; placement = linearizer.next()) {
      if (placement.unit !== unit) {
        if (!(await this.#o.applyOne(placement))) return this.#o.failure() ?? interrupted('by a remote entry')
        continue
      }
      const outcome = await applier.apply(placement)
      stats.applies++
      if (outcome.kind === 'failed') return outcome.error
      if (outcome.kind === 'interrupted') return interrupted(outcome.reason)
      if (!outcome.applied) return notWritable(outcome.reason)
      this.#o.onapplied(linearizer.at(placement.position))
    }
    return linearizer.orderedLength(unit.writer) >= unit.length ? null : notWritable()
  }
}

function headOf({ unit }: Draft): Head {
  return { key: unit.key, length: unit.length }
}
