import b4a from 'b4a'
import type { HyperbeeView } from '../../../src/index.ts'
import { type Ending, faultOf, placeOf, SENTENCES } from './cause.ts'
import { type Difference, differences, Fingerprint } from './contents.ts'
import type { Past } from './history.ts'
import type { Oplogs } from './oplogs.ts'
import { type Replayed, Replays, type Way } from './replays.ts'
import type { Make } from './replica.ts'
import type { ApplyReport, ReplayDifference, ReplayPosition, ReplayRun } from './report.ts'

const MOST_DIFFERENCES = 20
const MOST_BYTES = 1024

interface Reference {
  readonly view: HyperbeeView
  readonly fingerprint: Fingerprint
}

/** Runs all replays of one past, one after the other, and compares. */
export class Checking {
  readonly #past: Past
  readonly #replays: Replays
  readonly #runs: ReplayRun[] = []
  readonly #endings: (Ending & Way & { readonly print: string })[] = []
  readonly #found: (Difference & Way)[] = []

  constructor(options: { past: Past; source: Oplogs; make: Make }) {
    this.#past = options.past
    this.#replays = new Replays(options)
  }

  async run(seeds: readonly number[]): Promise<ApplyReport> {
    const first = await this.#replays.run({ kind: 'at once', seed: null })
    try {
      const reference = await this.#referenceOr(first)
      await this.#compare(first, reference)
      const others: Way[] = [
        { kind: 'again', seed: null },
        { kind: 'unit by unit', seed: null },
        ...seeds.map((seed): Way => ({ kind: 'shuffled', seed }))
      ]
      for (const way of others) {
        const replayed = await this.#replays.run(way)
        try {
          await this.#compare(replayed, reference)
        } finally {
          await this.#replays.release(replayed)
        }
      }
      return await this.#report(reference)
    } finally {
      await this.#replays.close()
      await this.#replays.release(first)
    }
  }

  /** The original's view, if no other peer could have another one. */
  async #referenceOr(first: Replayed): Promise<Reference> {
    const { view, tentative } = this.#past
    if (tentative > 0) return { view: first.replica.view, fingerprint: first.fingerprint }
    return { view, fingerprint: await Fingerprint.of(view) }
  }

  async #compare(replayed: Replayed, reference: Reference): Promise<void> {
    const { kind, seed, replica, fingerprint, orderDiffersAt, failure, ms } = replayed
    const { applied, undone } = replica
    let differing = 0
    if (fingerprint.text !== reference.fingerprint.text) {
      for await (const difference of differences(reference.view, replica.view))
        if (differing++ < MOST_DIFFERENCES) this.#found.push({ kind, seed, ...difference })
    }
    const { keys, text: print } = fingerprint
    this.#runs.push({ kind, seed, applied, undone, keys, differing, orderDiffersAt, failure, ms })
    const result = `${print} ${orderDiffersAt}`
    this.#endings.push({ kind, seed, result, print, isFailure: failure !== null })
  }

  async #report({ fingerprint }: Reference): Promise<ApplyReport> {
    const { order, tentative } = this.#past
    const runs = this.#runs
    const ok = runs.every(run => run.differing === 0 && run.orderDiffersAt === null && run.failure === null)
    const found: ReplayDifference[] = []
    for (const one of this.#found) found.push(await this.#toDifference(one))
    const firstAt = ok ? null : await this.#firstApart()
    const orderAt = runs.find(run => run.orderDiffersAt !== null)?.orderDiffersAt ?? null
    const fault = ok ? null : faultOf(this.#endings)
    const cause = fault && `${SENTENCES[fault]}. ${placeOf(found, { firstAt, orderAt })}`
    const { keys } = fingerprint
    return { ok, units: order.length, tentative, keys, runs, differences: found, firstAt, fault, cause }
  }

  /** Where a replay begins to differ from the one that had all units one by one. */
  async #firstApart(): Promise<ReplayPosition | null> {
    if (this.#endings.some(({ isFailure }) => isFailure)) return null
    const slow = this.#endings.find(({ kind }) => kind === 'unit by unit')
    const other = this.#endings.find(({ print }) => print !== slow?.print)
    return other ? this.#replays.firstApart(other) : null
  }

  async #toDifference({ kind, seed, key, expected, actual }: Difference & Way): Promise<ReplayDifference> {
    const changedAt = await this.#replays.lastToChange(key)
    return {
      kind,
      seed,
      key: cut(key),
      expected: expected && cut(expected),
      actual: actual && cut(actual),
      changedAt
    }
  }
}

/** A copy: the bytes may be part of a block. */
function cut(bytes: Uint8Array): Uint8Array {
  return b4a.from(bytes.subarray(0, MOST_BYTES))
}
