/** Runs the cases of all kinds in the same rounds, and tells the times as ratios. */
import type { Case, Row } from './cases/case.ts'
import { median } from './measure.ts'
import { autobase } from './peers/autobase.ts'
import { autobee } from './peers/autobee.ts'
import { ratio, table, whole } from './table.ts'

const KINDS = [autobee, autobase] as const

/** ms in each round. */
export interface Result {
  readonly row: Row
  readonly ours: readonly number[]
  readonly theirs: readonly number[]
}

/** `say` is told what goes on. */
export async function compare(
  cases: readonly Case[],
  { rounds, say }: { rounds: number; say: (line: string) => void }
): Promise<Result[]> {
  const results = new Map<Row, { ours: number[]; theirs: number[] }>()
  for (const one of cases) {
    for (let i = 0; i < one.warmups; i++) await one.round(KINDS)
    say(`warm: ${one.name}`)
    for (const row of one.rows) results.set(row, { ours: [], theirs: [] })
  }
  for (let round = 0; round < rounds; round++) {
    for (const one of cases) {
      if (round >= (one.rounds ?? rounds)) continue
      // who comes first changes, in case that matters
      const times = await one.round(round % 2 === 0 ? KINDS : KINDS.toReversed())
      one.rows.forEach((row, i) => {
        const { ours, theirs } = results.get(row)!
        ours.push(times.get(autobee.name)![i]!)
        theirs.push(times.get(row.beside ?? autobase.name)![i]!)
        say(`${round + 1}/${rounds} ${row.name}: ${tell(row, ours.at(-1)!)}, ${tell(row, theirs.at(-1)!)}`)
      })
    }
  }
  return [...results].map(([row, { ours, theirs }]) => ({ row, ours, theirs }))
}

export function comparison(results: readonly Result[]): string[] {
  const rows = results.map(({ row, ours, theirs }) => {
    // within one round: what slows the machine down slows down both
    const ratios = theirs.map((ms, round) => ms / ours[round]!)
    const times = median(ratios)
    const verdict = row.target === undefined ? '' : times >= row.target ? 'met' : '**not met**'
    return [
      row.name,
      tell(row, median(ours)),
      tell(row, median(theirs)),
      ratio(times),
      `${ratio(Math.min(...ratios))} to ${ratio(Math.max(...ratios))}`,
      row.target === undefined ? '' : String(row.target),
      verdict
    ]
  })
  return table(
    ['case', 'Autobee', 'the other', '× as fast', 'lowest to highest', 'target ×', ''],
    ['left', 'right', 'right', 'right', 'right', 'right', 'left'],
    rows
  )
}

function tell({ units }: Row, ms: number): string {
  if (units !== undefined) return `${whole((units * 1000) / ms)}/s`
  return `${ms < 100 ? ms.toFixed(1) : whole(ms)} ms`
}
