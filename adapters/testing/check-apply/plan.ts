import { Random } from '../random.ts'
import type { PastUnit } from './history.ts'

/** What comes before the next merge: of some writers' oplogs, up to these lengths. */
export interface Step {
  readonly lengths: ReadonlyMap<string, number>
  /** The database is closed and opened again before it. */
  readonly reopens: boolean
}

/** Merges of a shuffled replay, more or less. */
const MERGES = 96
const MOST_REOPENED = 3

/** Everything in one merge. */
export function atOnce(units: readonly PastUnit[]): Step[] {
  return units.length === 0 ? [] : [{ lengths: lengthsOf(units), reopens: false }]
}

/** One merge per unit, as they were ordered. */
export function unitByUnit(units: readonly PastUnit[]): Step[] {
  return units.map(({ writer, length }) => ({ lengths: new Map([[writer, length]]), reopens: false }))
}

/** Pieces of the oplogs in any order: what comes late belongs earlier. */
export function shuffled(units: readonly PastUnit[], seed: number): Step[] {
  const random = new Random(seed)
  const ends = new Map<string, number[]>()
  for (const { writer, length } of units) {
    const list = ends.get(writer)
    if (list) list.push(length)
    else ends.set(writer, [length])
  }
  const left = [...ends].map(([writer, lengths]) => ({ writer, lengths, next: 0 }))
  const most = Math.max(1, Math.ceil((2 * units.length) / MERGES))
  const steps: Step[] = []
  let reopened = 0
  while (left.length > 0) {
    const one = random.of(left)
    // now and then much at once: what the others have written beside it comes late
    const count = 1 + random.below(random.oneIn(8) ? 8 * most : most)
    one.next = Math.min(one.lengths.length, one.next + count)
    const reopens = reopened < MOST_REOPENED && steps.length > 0 && random.oneIn(12)
    if (reopens) reopened++
    steps.push({ lengths: new Map([[one.writer, one.lengths[one.next - 1] as number]]), reopens })
    if (one.next === one.lengths.length) left.splice(left.indexOf(one), 1)
  }
  return steps
}

/** The same steps, with the given units alone. */
export function limited(steps: readonly Step[], units: readonly PastUnit[]): Step[] {
  const most = lengthsOf(units)
  return steps.map(({ lengths, reopens }) => ({
    lengths: new Map(
      [...lengths].map(([writer, length]) => [writer, Math.min(length, most.get(writer) ?? 0)])
    ),
    reopens
  }))
}

function lengthsOf(units: readonly PastUnit[]): Map<string, number> {
  const lengths = new Map<string, number>()
  for (const { writer, length } of units) lengths.set(writer, Math.max(length, lengths.get(writer) ?? 0))
  return lengths
}
