import type { OrderedUnit } from '../../../src/index.ts'
import { summarise, type Words } from './describe.ts'

export interface Placed {
  readonly id: string
  readonly writer: string
  readonly unit: OrderedUnit
}

/** What a reorganisation did to what is shown. */
export interface Moves {
  /** Positions before, by the ids of what moved. */
  readonly from: ReadonlyMap<string, number>
  readonly moved: readonly Placed[]
  /** What came in between. */
  readonly inserted: readonly Placed[]
  /** Applied before and skipped now, or the other way round. */
  readonly turned: readonly Placed[]
}

/** null when nothing that was known has another place or another fate. */
export function movesBetween(before: Iterable<Placed>, after: readonly Placed[]): Moves | null {
  const known = new Map([...before].map(placed => [placed.id, placed]))
  const from = new Map<string, number>()
  const turned: Placed[] = []
  const moved: Placed[] = []
  let last = -1
  for (const placed of after) {
    const was = known.get(placed.id)?.unit
    if (!was) continue
    last = Math.max(last, placed.unit.position)
    if (was.verdict !== placed.unit.verdict) turned.push(placed)
    if (was.position === placed.unit.position) continue
    from.set(placed.id, was.position)
    moved.push(placed)
  }
  if (moved.length === 0 && turned.length === 0) return null
  const inserted = after.filter(({ id, unit }) => !known.has(id) && unit.position < last)
  return { from, moved, inserted, turned }
}

/** For those who cannot see it move. */
export function sentenceOf({ moved, inserted, turned }: Moves, words: Words): string {
  const sentences: string[] = []
  if (moved.length > 0) {
    const few = moved
      .slice(0, 2)
      .map(({ unit, writer }) => `${words.nameOf(writer)} ${summarise(unit, words)}`)
    const rest = moved.length - few.length
    sentences.push(
      `${entries(moved.length)} moved: ${few.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}.`
    )
  }
  if (inserted.length > 0) {
    const names = [...new Set(inserted.map(({ writer }) => words.nameOf(writer)))]
    const who = names.length > 3 ? `${names.length} people` : names.join(', ')
    sentences.push(`${entries(inserted.length)} by ${who} came in before.`)
  }
  for (const verdict of ['skipped', 'applied'] as const) {
    const count = turned.filter(({ unit }) => unit.verdict === verdict).length
    if (count > 0) sentences.push(`${entries(count)} ${count === 1 ? 'is' : 'are'} ${verdict} now.`)
  }
  return sentences.join(' ')
}

function entries(count: number): string {
  return count === 1 ? '1 entry' : `${count} entries`
}
