import { Counter, probed } from '../measure.ts'
import type { Kind } from '../peers/peer.ts'

/** One line of the table. */
export interface Row {
  readonly name: string
  /** So many units in the time: told as units per second. Without: told as ms. */
  readonly units?: number
  /** At least so many times as fast as the other. */
  readonly target?: number
  /** Whom ours is set beside; default: autobase. */
  readonly beside?: string
}

/** What one of them took in one round. */
export interface Took {
  /** ms for each row. */
  readonly ms: readonly number[]
  /** µs of all processors, for all rows together. */
  readonly cpu: number
}

/** By the name of what took it. */
export type Results = ReadonlyMap<string, Took>

export interface Case {
  readonly name: string
  /** Values written, or read, in one round. */
  readonly entries: number
  readonly rows: readonly Row[]
  /** Rounds before the first that counts: code runs slowly the first time. */
  readonly warmups: number
  /** At most; default: as many as the others. */
  readonly rounds?: number
  /** One round: the same work by each of the kinds, in their order. */
  round(kinds: readonly Kind[]): Promise<Results>
}

/** One after the other. */
export function inTurn(run: (kind: Kind) => Promise<readonly number[]>): Case['round'] {
  return async kinds => {
    const results = new Map<string, Took>()
    for (const kind of kinds) {
      const counter = new Counter()
      const ms = await probed(counter, () => run(kind)).catch(error => {
        throw new Error(`${kind.name}: ${(error as Error).message}`, { cause: error })
      })
      results.set(kind.name, { ms, cpu: counter.cpuPer(1) })
    }
    return results
  }
}
