/**
 * npm run bench: how fast it is beside a bare Hypercore, on file stores. Prints a table; without --quick and --only also writes
 * it to bench/RESULTS.md.
 *
 *   npm run bench -- --quick              small sizes, one round: does it run at all?
 *   npm run bench -- --only=fork          the cases whose name contains that
 *   npm run bench -- --rounds=7           medians of more
 *   npm run bench -- --profile --only=fork  where the time goes in these cases
 */
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import {
  appendSequentially,
  batch,
  fork,
  parallel,
  sequential,
  sequentialOfHypercore,
  withAutobee,
  withHypercore
} from './cases.ts'
import { type Counts, countStores, countsOf, median, probed } from './measure.ts'
import { Profile } from './profile.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    rounds: { type: 'string' },
    profile: { type: 'boolean', default: false },
    out: { type: 'string', default: 'bench/RESULTS.md' }
  }
})
const { quick, only } = options
const rounds = Number(options.rounds ?? (quick ? 1 : 5))
const size = (full: number, small: number) => (quick ? small : full)

interface Case {
  readonly name: string
  /** Values appended in one run, and the run: ms. */
  readonly units: number
  run(): Promise<number>
  /** Told as a duration, not as values per second. */
  readonly isMerge?: true
}

const BARE: Case = {
  name: 'bare Hypercore 11, sequential appends',
  units: size(2000, 200),
  run: () => sequentialOfHypercore(size(2000, 200))
}

const CASES: readonly Case[] = [
  { name: 'sequential appends', units: size(1000, 100), run: () => sequential(size(1000, 100)) },
  { name: `one batch of ${size(2000, 200)}`, units: size(2000, 200), run: () => batch(size(2000, 200)) },
  {
    name: `${size(2000, 200)} parallel appends`,
    units: size(2000, 200),
    run: () => parallel(size(2000, 200))
  },
  ...[size(100, 10), size(500, 20)].map(
    (count): Case => ({
      name: `merge of two forks of ${count}`,
      units: 2 * count,
      run: () => fork(count),
      isMerge: true
    })
  )
].filter(({ name }) => name.includes(only))

/** Rates in values per second, one per round. */
type Rates = Map<Case, number[]>

async function measureCases(): Promise<Rates> {
  // code runs slowly the first time: not what is measured here
  for (const one of [BARE, ...CASES]) for (let i = 0; i < size(2, 1); i++) await one.run()
  const rates: Rates = new Map([BARE, ...CASES].map(one => [one, []]))
  for (let round = 0; round < rounds; round++) {
    for (const one of [BARE, ...CASES]) {
      rates.get(one)!.push((one.units * 1000) / (await one.run()))
    }
  }
  return rates
}

function caseTable(rates: Rates): string[] {
  const rows = ['| case | result | × bare Hypercore | lowest to highest × |', '|---|---:|---:|---:|']
  const bare = rates.get(BARE)!
  for (const [one, list] of rates) {
    // within one round: what slows the machine down slows down both
    const ratios = list.map((rate, round) => rate / bare[round]!)
    const rate = median(list)
    const result = one.isMerge ? `${whole((one.units * 1000) / rate)} ms` : `${whole(rate)}/s`
    const spread = `${ratio(Math.min(...ratios))} to ${ratio(Math.max(...ratios))}`
    rows.push(`| ${one.name} | ${result} | ${ratio(median(ratios))} | ${one === BARE ? '' : spread} |`)
  }
  return rows
}

/** Rates of the last appends before each length, of both, turn by turn. */
async function lengthTable(): Promise<string[]> {
  const lengths = quick ? [200, 400] : [1000, 10_000, 50_000]
  const window = size(1000, 100)
  const rows = ['| length | Autobee | bare Hypercore | × |', '|---:|---:|---:|---:|']
  await withHypercore(bare =>
    withAutobee(async db => {
      let from = 0
      const sides = [(value: Uint8Array) => db.append(value), bare]
      for (const length of lengths) {
        for (const append of sides) await appendSequentially(append, { from, to: length - window })
        const times = [0, 0]
        // by turns of 50, so that both see the same machine
        for (let at = length - window; at < length; at += 50) {
          for (const [side, append] of sides.entries()) {
            const start = performance.now()
            await appendSequentially(append, { from: at, to: at + 50 })
            times[side]! += performance.now() - start
          }
        }
        const [ours, theirs] = times.map(ms => (window * 1000) / ms) as [number, number]
        rows.push(`| ${length} | ${whole(ours)}/s | ${whole(theirs)}/s | ${ratio(ours / theirs)} |`)
        from = length
      }
    })
  )
  return rows
}

async function countTable(): Promise<string[]> {
  const count = size(500, 100)
  const rows = [
    '| sequential appends | read batches | keys read | write batches | keys written | bytes written |',
    '|---|---:|---:|---:|---:|---:|'
  ]
  const row = (name: string, counts: Counts) => {
    const { reads, gets, writes, puts, bytes } = counts
    rows.push(
      `| ${name} | ${[reads, gets, writes, puts].map(n => n.toFixed(2)).join(' | ')} | ${whole(bytes)} |`
    )
  }
  await withHypercore(async append =>
    row('bare Hypercore', await countsOf(count, () => appendSequentially(append, { to: count })))
  )
  await withAutobee(async db => {
    const append = (value: Uint8Array) => db.append(value)
    // a tree of some depth, and past the first undo points
    await appendSequentially(append, { to: count })
    row('Autobee', await countsOf(count, () => appendSequentially(append, { from: count, to: 2 * count })))
  })
  return rows
}

const whole = (n: number) => Math.round(n).toLocaleString('en')
const ratio = (n: number) => n.toFixed(n < 10 ? 2 : 1)

async function printProfiles(): Promise<void> {
  for (const one of CASES) {
    for (let i = 0; i < size(3, 1); i++) await one.run()
    const profile = new Profile()
    await probed(profile, async () => {
      for (let i = 0; i < rounds; i++) await one.run()
    })
    console.log(`${one.name}\n${profile.report()}\n`)
  }
}

if (options.profile) {
  await printProfiles()
  process.exit()
}

const sections = [caseTable(await measureCases())]
if (!only) {
  sections.push(await lengthTable())
  countStores()
  sections.push(await countTable())
}
const text = sections.map(rows => rows.join('\n')).join('\n\n')
console.log(text)
if (!quick && !only) await writeFile(options.out, `${text}\n`)
void cpus
