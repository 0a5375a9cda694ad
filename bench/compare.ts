/** Runs the cases of all kinds in the same rounds, and tells the times as ratios. */
import type { Case, Results, Row, Took } from './cases/case.ts'
import { median } from './measure.ts'
import { autobase } from './peers/autobase.ts'
import { autobee } from './peers/autobee.ts'
import { ratio, table, whole } from './table.ts'
import { Workers } from './workers.ts'

export interface Result {
  readonly row: Row
  /** Which of the case's rows. */
  readonly index: number
  /** One per round. */
  readonly ours: readonly Took[]
  readonly theirs: readonly Took[]
  /** Why there are no more rounds: not all of the work was done. */
  readonly failure: string | null
}

/** `say` is told what goes on. */
export async function compare(
  cases: readonly Case[],
  { rounds, quick, say }: { rounds: number; quick: boolean; say: (line: string) => void }
): Promise<Result[]> {
  const workers = new Workers({ quick })
  try {
    return await compareBy(workers, { cases, rounds, say })
  } finally {
    await workers.close()
  }
}

async function compareBy(
  workers: Workers,
  { cases, rounds, say }: { cases: readonly Case[]; rounds: number; say: (line: string) => void }
): Promise<Result[]> {
  const runs = cases.map(one => new Run(one, workers))
  for (const run of runs) {
    for (let i = 0; i < run.case.warmups; i++) await run.warm()
    say(`warm: ${run.case.name}`)
  }
  for (let round = 0; round < rounds; round++) {
    // who comes first changes, in case that matters
    for (const run of runs) {
      if (round >= (run.case.rounds ?? rounds)) continue
      const told = await run.measure({ isTurned: round % 2 === 1 })
      say(`${round + 1}/${rounds} ${told}`)
    }
  }
  return runs.flatMap(run => run.results())
}

/** One case through all rounds, until it fails. */
class Run {
  readonly case: Case
  readonly #results: Results[] = []
  #failure: string | null = null
  readonly #workers: Workers

  constructor(one: Case, workers: Workers) {
    this.case = one
    this.#workers = workers
  }

  async warm(): Promise<void> {
    await this.#round({ isTurned: false })
  }

  /** Returns what to say of it. `isTurned`: the last one comes first. */
  async measure(order: { isTurned: boolean }): Promise<string> {
    const result = await this.#round(order)
    if (!result) return `${this.case.name}: ${this.#failure}`
    this.#results.push(result)
    return this.case.rows
      .map((row, i) => {
        const told = [...result].map(([name, { ms }]) => `${name} ${tell(row, ms[i]!)}`)
        return `${row.name}: ${told.join(', ')}`
      })
      .join('; ')
  }

  results(): Result[] {
    return this.case.rows.map((row, index) => ({
      row,
      index,
      ours: this.#results.map(result => result.get(autobee.name)!),
      theirs: this.#results.map(result => result.get(row.beside ?? autobase.name)!),
      failure: this.#failure
    }))
  }

  /** One after the other. */
  async #round({ isTurned }: { isTurned: boolean }): Promise<Results | null> {
    if (this.#failure !== null) return null
    const beside = this.case.rows.flatMap(row => row.beside ?? [])
    const names = [...new Set([...beside, autobee.name, autobase.name])]
    const results = new Map<string, Took>()
    try {
      for (const name of isTurned ? names.toReversed() : names)
        results.set(name, await this.#workers.round(name, { caseName: this.case.name }))
      return results
    } catch (error) {
      this.#failure = (error as Error).message
      return null
    }
  }
}

export function comparison(results: readonly Result[]): string[] {
  const rows = results.map(({ row, index, ours, theirs, failure }) => {
    const { target } = row
    const told = target === undefined ? '' : String(target)
    if (failure !== null) return [row.name, `**failed**: ${failure}`, '', '', '', told, '**not met**', '']
    const ms = (took: Took) => took.ms[index]!
    // within one round: what slows the machine down slows down both
    const ratios = (of: (took: Took) => number) => theirs.map((took, round) => of(took) / of(ours[round]!))
    const times = ratios(ms)
    return [
      row.name,
      tell(row, median(ours.map(ms))),
      tell(row, median(theirs.map(ms))),
      ratio(median(times)),
      `${ratio(Math.min(...times))} to ${ratio(Math.max(...times))}`,
      told,
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
