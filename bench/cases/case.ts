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

/** ms for each row, by the name of what took so long. */
export type Times = ReadonlyMap<string, readonly number[]>

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
  round(kinds: readonly Kind[]): Promise<Times>
}

/** One after the other, garbage taken out before, so that none pays for another's. */
export function inTurn(run: (kind: Kind) => Promise<readonly number[]>): Case['round'] {
  return async kinds => {
    const times = new Map<string, readonly number[]>()
    for (const kind of kinds) {
      globalThis.gc?.()
      times.set(kind.name, await run(kind))
    }
    return times
  }
}
