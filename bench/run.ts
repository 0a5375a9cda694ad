/**
 * npm run bench: how fast it is beside Autobase and a bare Hypercore, on files. Prints tables; a full run writes them to
 * bench/RESULTS.md as well.
 *
 *   npm run bench -- --quick                small sizes, one round: does it run at all?
 *   npm run bench -- --only=fork            only the cases whose name contains that
 *   npm run bench -- --rounds=9             medians of more
 *   npm run bench -- --only=growth          that table alone, or comparison, counts, browser, relay, page; --growth=100000: up to so many entries
 *   npm run bench -- --profile --only=fork  where the time goes in these cases; --of=autobase: the other's
 */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { browserTables } from './browser/browser.ts'
import { allCases } from './cases/all.ts'
import { BARE } from './cases/appends.ts'
import type { Case } from './cases/case.ts'
import { compare, comparison } from './compare.ts'
import { removeDatasets } from './datasets.ts'
import { measureGrowth } from './growth/growth.ts'
import { growthTables } from './growth/tables.ts'
import { Counter, type Counts, countStores, probed, timed } from './measure.ts'
import { pageTables } from './page/page.ts'
import { autobase } from './peers/autobase.ts'
import { autobee } from './peers/autobee.ts'
import { openHypercore } from './peers/hypercore.ts'
import { Profile } from './profile.ts'
import { relayTables } from './relay/relay.ts'
import { Scope } from './scope.ts'
import { save, table, whole } from './table.ts'
import { valueFor } from './values.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    rounds: { type: 'string' },
    profile: { type: 'boolean', default: false },
    growth: { type: 'string' },
    of: { type: 'string', default: 'autobee' },
    out: { type: 'string', default: 'bench/RESULTS.md' }
  }
})
const { quick, only } = options
const rounds = Number(options.rounds ?? (quick ? 1 : 5))
const size = (full: number, small: number) => (quick ? small : full)

const CASES = allCases({ quick })

async function countTable(): Promise<string[]> {
  const units = size(512, 128)
  const count = async (append: (value: Uint8Array) => Promise<unknown>) => {
    await append(valueFor('first'))
    const counter = new Counter()
    await probed(counter, () =>
      timed(async () => {
        for (let i = 0; i < units; i++) await append(valueFor(`key ${i}`))
      })
    )
    return counter.per(units)
  }
  const cells = (name: string, { reads, gets, writes, puts, bytes }: Counts) => [
    name,
    ...[reads, gets, writes, puts].map(n => n.toFixed(2)),
    whole(bytes)
  ]
  return Scope.run(async scope => {
    const rows = [cells(BARE, await count(await openHypercore(scope)))]
    for (const kind of [autobee, autobase]) {
      const peer = await scope.peer(kind)
      rows.push(cells(kind.name, await count(value => peer.append(value))))
    }
    return table(
      [
        'one sequential append',
        'read batches',
        'keys read',
        'write batches',
        'keys written',
        'bytes written'
      ],
      ['left', 'right', 'right', 'right', 'right', 'right'],
      rows
    )
  })
}

async function printProfiles(cases: readonly Case[]): Promise<void> {
  const kind = options.of === 'autobase' ? autobase : autobee
  countStores()
  for (const one of cases) {
    for (let i = 0; i < one.warmups; i++) await one.round([kind])
    const run = async (times: number) => {
      for (let i = 0; i < times; i++) await one.round([kind])
    }
    const counter = new Counter()
    await probed(counter, () => run(1))
    const profile = new Profile()
    await probed(profile, () => run(rounds))
    const { reads, gets, writes, puts, bytes } = counter.per(one.entries)
    const counts = [
      `${reads.toFixed(2)} read batches with ${gets.toFixed(2)} keys`,
      `${writes.toFixed(2)} write batches with ${puts.toFixed(2)} keys and ${whole(bytes)} bytes`,
      `${whole(counter.cpuPer(one.entries))} µs of all processors`
    ]
    console.log(`${kind.name}, ${one.name}\nper entry: ${counts.join('; ')}\n${profile.report()}\n`)
  }
}

async function report(section: string, lines: readonly string[]): Promise<void> {
  console.log(`\n${lines.join('\n')}`)
  if (!quick && sections.includes(section)) await save(options.out, { section, lines })
}

async function growth(): Promise<string[]> {
  const most = Number(options.growth ?? size(1_000_000, 2000))
  const sizes = [1000, 10_000, 100_000, 1_000_000].filter(one => one <= most)
  return growthTables(await measureGrowth({ sizes, readUpTo: 100_000, say }))
}

function say(line: string): void {
  console.error(line)
}

/** The tables: what `--only` names is one of these, or part of the name of a case. */
const SECTIONS = ['comparison', 'growth', 'counts', 'browser', 'relay', 'page'] as const
const sections: readonly string[] = SECTIONS.filter(name => !only || name === only)
const chosen = sections.includes('comparison')
  ? CASES
  : CASES.filter(({ name }) => only && name.includes(only))

if (options.profile) await printProfiles(chosen)
else {
  if (chosen.length > 0) {
    const machine = `${cpus().length} cores, Node ${process.version}, ${process.platform}; medians of ${rounds} rounds (hub: 3), each case warmed up.`
    const results = await compare(chosen, { rounds, quick, say })
    await report('comparison', [machine, '', ...comparison(results)])
    if (results.some(({ failure }) => failure !== null)) process.exitCode = 1
  }
  if (sections.includes('growth')) await report('growth', await growth())
  if (sections.includes('counts')) {
    countStores()
    await report('counts', await countTable())
  }
  if (sections.includes('browser')) await report('browser', await browserTables({ quick, rounds, say }))
  if (sections.includes('relay')) await report('relay', await relayTables({ quick, rounds, say }))
  if (sections.includes('page')) await report('page', await pageTables({ quick, rounds, say }))
}
await removeDatasets()
