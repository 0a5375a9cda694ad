import { AutobeeError } from '../../../src/index.ts'
import { fromHex, hexOf } from '../../../src/keys.ts'
import { Fingerprint } from './contents.ts'
import { firstOther, type Past, readOrder } from './history.ts'
import type { Oplogs } from './oplogs.ts'
import { atOnce, limited, type Step, shuffled, unitByUnit } from './plan.ts'
import { type Make, Replica } from './replica.ts'
import type { ReplayKind, ReplayPosition } from './report.ts'

/** Histories that are not longer are searched for the place where replays part. */
const MOST_SEARCHED = 20_000

/** One way to feed a replay. */
export interface Way {
  readonly kind: ReplayKind
  readonly seed: number | null
}

/** A replay that has come to its end, still open. */
export interface Replayed extends Way {
  readonly replica: Replica
  readonly orderDiffersAt: number | null
  readonly fingerprint: Fingerprint
  readonly failure: AutobeeError | null
  readonly ms: number
}

/** Replays one database's past. */
export class Replays {
  readonly #past: Past
  readonly #source: Oplogs
  readonly #make: Make
  /** What the view was after so many units, when they came one by one. */
  #prints: string[] = ['']
  /** Which unit was the last to change a key then, by the key in hex. */
  readonly #changedAt = new Map<string, number>()

  constructor({ past, source, make }: { past: Past; source: Oplogs; make: Make }) {
    this.#past = past
    this.#source = source
    this.#make = make
  }

  /** @throws AutobeeError what keeps a replay from going on, but for a failure of `apply` */
  async run(way: Way): Promise<Replayed> {
    const started = performance.now()
    const replica = await Replica.open({ make: this.#make, source: this.#source })
    try {
      const failure = await failureOf(async () => {
        if (way.kind === 'unit by unit') await this.#runSlowly(replica)
        else for (const step of this.#steps(way)) await replica.take(step)
      })
      const { interrupted } = replica
      const end = failure ?? (interrupted === null ? null : interruption(interrupted))
      if (!end) replica.checkEnd()
      const orderDiffersAt = firstOther(this.#past.order, await readOrder(replica.db))
      const fingerprint = await Fingerprint.of(replica.view)
      const ms = performance.now() - started
      return { ...way, replica, orderDiffersAt, fingerprint, failure: end, ms }
    } catch (error) {
      await replica.close()
      throw error
    }
  }

  /** The unit that was the last to change a key when they came one by one. */
  lastToChange(key: Uint8Array): ReplayPosition | null {
    const index = this.#changedAt.get(hexOf(key))
    return index === undefined ? null : this.#position(index)
  }

  /**
   * Of a way that ended elsewhere than unit by unit: the first unit with which it does. Both have the same units each time, and so
   * the same order. null when it is not found.
   */
  async firstApart(way: Way): Promise<ReplayPosition | null> {
    const { length } = this.#past.units
    if (length > MOST_SEARCHED || this.#prints.length <= length) return null
    if (!(await this.#isApart(way, length))) return null
    let [low, high] = [0, length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (await this.#isApart(way, middle)) high = middle
      else low = middle
    }
    return high === 0 ? null : this.#position(high - 1)
  }

  async #isApart(way: Way, count: number): Promise<boolean> {
    const units = this.#past.units.slice(0, count)
    const replica = await Replica.open({ make: this.#make, source: this.#source })
    try {
      const failure = await failureOf(async () => {
        for (const step of limited(this.#steps(way), units)) await replica.take(step)
      })
      return failure !== null || (await Fingerprint.of(replica.view)).text !== this.#prints[count]
    } finally {
      await replica.close()
    }
  }

  #steps({ kind, seed }: Way): Step[] {
    const { units } = this.#past
    return kind === 'shuffled' ? shuffled(units, seed ?? 0) : atOnce(units)
  }

  async #runSlowly(replica: Replica): Promise<void> {
    const print = new Fingerprint()
    this.#prints = [print.text]
    let before = replica.view.snapshot()
    for (const [i, step] of unitByUnit(this.#past.units).entries()) {
      await replica.take(step)
      if (before.head()?.length !== replica.view.head()?.length) {
        const after = replica.view.snapshot()
        for (const key of await print.follow(before, after)) this.#changedAt.set(hexOf(key), i)
        before = after
      }
      this.#prints.push(print.text)
    }
  }

  #position(index: number): ReplayPosition | null {
    const unit = this.#past.order[index]
    return unit ? { position: index, key: fromHex(unit.writer), length: unit.length } : null
  }
}

/** What `apply` threw; everything else is thrown. */
async function failureOf(work: () => Promise<void>): Promise<AutobeeError | null> {
  try {
    await work()
    return null
  } catch (error) {
    if (AutobeeError.is(error, 'APPLY_FAILED')) return error
    throw error
  }
}

function interruption(reason: string): AutobeeError {
  return new AutobeeError('INTERRUPTED', `apply interrupted a replay: ${reason}`, { reason })
}
