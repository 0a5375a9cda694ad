import b4a from 'b4a'
import { AutobeeError, type HyperbeeView } from '../../../src/index.ts'
import { fromHex } from '../../../src/keys.ts'
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
  /** The replay unit by unit, open to the end: how long its tree was after so many units says what its view was then. */
  #slow: { readonly replica: Replica; readonly heads: number[] } | null = null

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
      if (this.#slow?.replica === replica) this.#slow = null
      throw error
    }
  }

  /** Closes a replay, unless it is still of use. */
  async release({ replica }: Replayed): Promise<void> {
    if (replica !== this.#slow?.replica) await replica.close()
  }

  async close(): Promise<void> {
    await this.#slow?.replica.close()
    this.#slow = null
  }

  /** The unit that was the last to change a key that is there when they came one by one. */
  async lastToChange(key: Uint8Array): Promise<ReplayPosition | null> {
    const entry = await this.#slow?.replica.view.get(b4a.from(key))
    if (!this.#slow || !entry) return null
    // a pointer to a key stays what it is when the tree around it changes
    const after = this.#slow.heads.findIndex(head => head > entry.seq)
    return after <= 0 ? null : this.#position(after - 1)
  }

  /**
   * Of a way that ended elsewhere than unit by unit: the first unit with which it does. Both have the same units each time, and so
   * the same order. null when it is not found.
   */
  async firstApart(way: Way): Promise<ReplayPosition | null> {
    const { length } = this.#past.units
    if (length > MOST_SEARCHED || (this.#slow?.heads.length ?? 0) <= length) return null
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
      if (failure) return true
      const slow = await Fingerprint.of(this.#slowView(count))
      return (await Fingerprint.of(replica.view)).text !== slow.text
    } finally {
      await replica.close()
    }
  }

  #steps({ kind, seed }: Way): Step[] {
    const { units } = this.#past
    return kind === 'shuffled' ? shuffled(units, seed ?? 0) : atOnce(units)
  }

  async #runSlowly(replica: Replica): Promise<void> {
    const heads = [0]
    this.#slow = { replica, heads }
    for (const step of unitByUnit(this.#past.units)) {
      await replica.take(step)
      heads.push(replica.view.head()?.length ?? 0)
    }
  }

  #slowView(count: number): HyperbeeView {
    const { replica, heads } = this.#slow as { replica: Replica; heads: number[] }
    return replica.view.checkout({ length: heads[count] ?? 0 }) as HyperbeeView
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
