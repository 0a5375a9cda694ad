/** Runs the cases of all kinds in the same rounds, and tells the times as ratios. */
import type { Case, Results, Row, Took } from './cases/case.ts'
import { median } from './measure.ts'
import { autobase } from './peers/autobase.ts'
import { autobee } from './peers/autobee.ts'
import { ratio, table, whole } from './table.ts'

const KINDS = [autobee, autobase] as const

export interface Result {
  readonly row: Row
  /** One per round. */
  readonly ours: readonly Took[]
  readonly theirs: readonly Took[]
  /** Which of the case's rows. */
  readonly index: number
}

/** `say` is told what goes on. */
export async function compare(
  cases: readonly Case[],
  { rounds, say }: { rounds: number; say: (line: string) => void }
): Promise<Result[]> {
  const all: { readonly one: Case; readonly results: Results[] }[] = []
  for (const one of cases) {
    for (let i = 0; i < one.warmups; i++) await one.round(KINDS)
    say(`warm: ${one.name}`)
    all.push({ one, results: [] })
  }
  for (let round = 0; round < rounds; round++) {
    for (const { one, results } of all) {
      if (round >= (one.rounds ?? rounds)) continue
      // who comes first changes, in case that matters
      const result = await one.round(round % 2 === 0 ? KINDS : KINDS.toReversed())
      results.push(result)
      one.rows.forEach((row, i) => {
        const told = [...result].map(([name, { ms }]) => `${name} ${tell(row, ms[i]!)}`)
        say(`${round + 1}/${rounds} ${row.name}: ${told.join(', ')}`)
      })
    }
  }
  return all.flatMap(({ one, results }) =>
    one.rows.map((row, index) => ({
      row,
      index,
      ours: results.map(result => result.get(autobee.name)!),
      theirs: results.map(result => result.get(row.beside ?? autobase.name)!)
    }))
  )
}

export function comparison(results: readonly Result[]): string[] {
  const rows = results.map(({ row, index, ours, theirs }) => {
    const ms = (took: Took) => took.ms[index]!
    // within one round: what slows the machine down slows down both
    const ratios = (of: (took: Took) => number) => theirs.map((took, round) => of(took) / of(ours[round]!))
    const times = ratios(ms)
    const { target } = row
    return [
      row.name,
      tell(row, median(ours.map(ms))),
      tell(row, median(theirs.map(ms))),
      ratio(median(times)),
      `${ratio(Math.min(...times))} to ${ratio(Math.max(...times))}`,
      target === undefined ? '' : String(target),
      target === undefined ? '' : median(times) >= target ? 'met' : '**not met**',
      // of all the case's rows together
      index === 0 || row.beside ? ratio(median(ratios(took => took.cpu))) : ''
    ]
  })
  return table(
    [
      'case',
      'Autobee',
      'the other',
      '× as fast',
      'lowest to highest',
      'target ×',
      '',
      '× less processor time'
    ],
    ['left', 'right', 'right', 'right', 'right', 'right', 'left', 'right'],
    rows
  )
}

function tell({ units }: Row, ms: number): string {
  if (units !== undefined) return `${whole((units * 1000) / ms)}/s`
  return `${ms < 100 ? ms.toFixed(1) : whole(ms)} ms`
}
