/**
 * npm run bench: how fast it is beside a bare Hypercore, on file stores. Prints a table; without --quick and --only also writes
 * it to bench/RESULTS.md.
 *
 *   npm run bench -- --quick              small sizes, one round: does it run at all?
 *   npm run bench -- --only=fork          the cases whose name contains that
 *   npm run bench -- --rounds=7           medians of more
 *   npm run bench -- --profile --only=fork  where the time goes in these cases
 */
import { readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import {
  type Append,
  appendSequentially,
  batch,
  byTurns,
  fork,
  parallel,
  sequential,
  withAutobee,
  withHypercore
} from './cases.ts'
import { Counter, type Counts, countStores, median, probed, timed } from './measure.ts'
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
  /** Values appended in one run, and the run: ms, the bare Hypercore's too where it appends by turns with it. */
  readonly units: number
  run(): Promise<number | { readonly ours: number; readonly bare: number }>
  /** Told as a duration, not as values per second. */
  readonly isMerge?: true
}

const BARE_NAME = 'bare Hypercore 11, sequential appends'

const SEQUENTIAL: Case = {
  name: 'sequential appends',
  units: size(1000, 100),
  run: () => sequential(size(1000, 100))
}

const CASES: readonly Case[] = [
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
]

/** The sequential appends are always among them: the others are set in relation to the bare Hypercore of their round. */
const CHOSEN = [SEQUENTIAL, ...CASES.filter(({ name }) => name.includes(only))]

/** Values per second in each round. */
interface Rates {
  readonly bare: number[]
  readonly byCase: Map<Case, number[]>
}

async function measureCases(): Promise<Rates> {
  // code runs slowly the first time: not what is measured here
  for (const one of CHOSEN) for (let i = 0; i < size(2, 1); i++) await one.run()
  const rates: Rates = { bare: [], byCase: new Map(CHOSEN.map(one => [one, []])) }
  for (let round = 0; round < rounds; round++) {
    for (const one of CHOSEN) {
      const result = await one.run()
      const { ours, bare } = typeof result === 'number' ? { ours: result, bare: null } : result
      rates.byCase.get(one)!.push((one.units * 1000) / ours)
      if (bare !== null) rates.bare.push((one.units * 1000) / bare)
    }
  }
  return rates
}

function caseTable({ bare, byCase }: Rates): string[] {
  const rows = [
    '| case | result | × bare Hypercore | lowest to highest × |',
    '|---|---:|---:|---:|',
    `| ${BARE_NAME} | ${whole(median(bare))}/s | 1 | |`
  ]
  for (const [{ name, units, isMerge }, rates] of byCase) {
    // within one round: what slows the machine down slows down both
    const ratios = rates.map((rate, round) => rate / bare[round]!)
    const rate = median(rates)
    const result = isMerge ? `${whole((units * 1000) / rate)} ms` : `${whole(rate)}/s`
    const spread = `${ratio(Math.min(...ratios))} to ${ratio(Math.max(...ratios))}`
    rows.push(`| ${name} | ${result} | ${ratio(median(ratios))} | ${spread} |`)
  }
  return rows
}

/** Rates of the last appends before each length, and what one append made the store do there. */
async function lengthTable(): Promise<string[]> {
  const lengths = quick ? [200, 400] : [1000, 10_000, 50_000]
  const window = size(1000, 100)
  const rows = [
    '| length | Autobee | bare Hypercore | × | CPU of Autobee | read batches | bytes written |',
    '|---:|---:|---:|---:|---:|---:|---:|'
  ]
  await withHypercore(bare =>
    withAutobee(async db => {
      const ours = (value: Uint8Array) => db.append(value)
      let from = 0
      for (const to of lengths) {
        for (const append of [bare, ours]) await appendSequentially(append, { from, to: to - window })
        const counter = new Counter()
        const ms = await probed(counter, () => byTurns({ ours, bare }, { from: to - window, to }))
        const rate = (ms: number) => `${whole((window * 1000) / ms)}/s`
        const { reads, bytes } = counter.per(window)
        const cells = [whole(to), rate(ms.ours), rate(ms.bare), ratio(ms.bare / ms.ours)]
        cells.push(`${whole(counter.cpuPer(window))} µs`, reads.toFixed(2))
        rows.push(`| ${cells.join(' | ')} | ${whole(bytes)} |`)
        from = to
      }
    })
  )
  return rows
}

async function countTable(): Promise<string[]> {
  const units = size(512, 128)
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
  const count = async (append: Append, range: { from: number; to: number }) => {
    const counter = new Counter()
    await probed(counter, () => timed(() => appendSequentially(append, range)))
    return counter.per(range.to - range.from)
  }
  await withHypercore(async append => row('bare Hypercore', await count(append, { from: 0, to: units })))
  await withAutobee(async db =>
    row('Autobee', await count(value => db.append(value), { from: 0, to: units }))
  )
  return rows
}

const whole = (n: number) => Math.round(n).toLocaleString('en')
const ratio = (n: number) => n.toFixed(n < 10 ? 2 : 1)

async function printProfiles(): Promise<void> {
  for (const one of [SEQUENTIAL, ...CASES].filter(({ name }) => name.includes(only))) {
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

/** Replaces what was measured before; what is written around it by hand stays. */
async function save(text: string): Promise<void> {
  const file = await readFile(options.out, 'utf8').catch(() => `${BEGIN}\n${END}\n`)
  const [before, rest = ''] = file.split(BEGIN)
  const after = rest.split(END)[1] ?? ''
  await writeFile(options.out, `${before}${BEGIN}\n${text}\n${END}${after}`)
}

const BEGIN = '<!-- measured: npm run bench writes from here -->'
const END = '<!-- measured: to here -->'

const machine = `${cpus().length} cores, Node ${process.version}, ${process.platform}; medians of ${rounds} rounds, each case warmed up.`
const sections = [[machine], caseTable(await measureCases())]
if (!only) {
  countStores()
  sections.push(await lengthTable(), await countTable())
}
const text = sections.map(rows => rows.join('\n')).join('\n\n')
console.log(text)
if (!quick && !only) await save(text)
