import { ratio, table, whole } from '../table.ts'
import type { Size } from './growth.ts'
import { Failure } from './run-child.ts'

const MIB = 1024 * 1024
const mib = (bytes: number) => `${whole(bytes / MIB)} MiB`

/** Of the rate of a small database, within this. */
const FLAT = 0.15
/** The longest beside the shortest. */
const OPENING_FLAT = 0.5
const MOST_MEMORY = 250 * MIB
/** Bytes of heap for one more entry; what is kept per entry, however small, is more than that. */
const MOST_PER_ENTRY = 16

export function growthTables(sizes: readonly Size[]): string[] {
  return [...appends(sizes), '', ...opening(sizes), '', ...verdicts(sizes)]
}

function appends(sizes: readonly Size[]): string[] {
  const heads = ['entries', 'single appends', '× small', '× bare', 'CPU', 'read batches', 'bytes written']
  const more = ['100 at a time', 'memory', 'its heap', 'peak']
  const rows = sizes.map(({ size, grown }) => {
    if (grown instanceof Failure) return [whole(size), grown.reason, ...Array(9).fill('')]
    const { ours, toSmall, toBare, cpu, readBatches, bytesWritten, growing, memory, peak } = grown
    return [
      whole(size),
      `${whole(ours)}/s`,
      ratio(toSmall),
      ratio(toBare),
      `${whole(cpu)} µs`,
      readBatches.toFixed(2),
      whole(bytesWritten),
      `${whole(growing)}/s`,
      mib(memory.rss),
      mib(memory.heap),
      mib(peak)
    ]
  })
  return table([...heads, ...more], Array(11).fill('right'), rows)
}

function opening(sizes: readonly Size[]): string[] {
  const heads = ['entries', 'disk per entry', 'store opens', 'database opens', 'memory', 'its heap']
  const more = ['a reader replays', 'its memory', 'its peak']
  const rows = sizes
    .filter(({ disk }) => disk !== null)
    .map(({ size, disk, opened, read, grown }) => {
      const cells = [whole(size), `${whole(disk!)} B`]
      if (opened instanceof Failure || opened === null) cells.push(opened?.reason ?? '', '', '', '')
      else {
        const { store, database, memory } = opened
        cells.push(`${store.toFixed(1)} ms`, `${database.toFixed(1)} ms`, mib(memory.rss), mib(memory.heap))
      }
      if (read instanceof Failure || read === null) cells.push(read?.reason ?? '', '', '')
      else {
        const entries = grown instanceof Failure ? size : grown.entries
        cells.push(`${whole((entries * 1000) / read.ms)}/s`, mib(read.memory.rss), mib(read.peak))
      }
      return cells
    })
  return table([...heads, ...more], Array(9).fill('right'), rows)
}

/** The targets, from the first size to the last. */
function verdicts(sizes: readonly Size[]): string[] {
  const failed = sizes.find(({ grown }) => grown instanceof Failure)
  const done = sizes.flatMap(({ size, grown, opened }) =>
    grown instanceof Failure || opened === null || opened instanceof Failure ? [] : [{ size, grown, opened }]
  )
  const [first, last] = [done[0], done.at(-1)]
  if (!first || !last) return ['Nothing to compare.']
  const range = `from ${whole(first.size)} to ${whole(last.size)}`
  const rate = Math.min(...done.map(({ grown }) => grown.toSmall))
  const before = done.at(-2) ?? first
  const perEntry = (last.grown.memory.heap - before.grown.memory.heap) / Math.max(1, last.size - before.size)
  const most = Math.max(...done.map(({ grown }) => grown.peak))
  const opening = done.map(({ opened }) => opened.database)
  const [soonest, latest] = [Math.min(...opening), Math.max(...opening)]
  const met = (isMet: boolean) => (isMet && !failed ? 'met' : '**not met**')
  return table(
    ['target', 'measured', ''],
    ['left', 'left', 'left'],
    [
      [
        'appends flat within 15 %, beside a small Autobee',
        `at least × ${ratio(rate)} ${range}`,
        met(rate >= 1 - FLAT)
      ],
      ['memory under 250 MiB, at its peak', `at most ${mib(most)}`, met(most < MOST_MEMORY)],
      [
        'memory not proportional to the entries',
        `${perEntry.toFixed(1)} B of heap per entry from ${whole(before.size)} to ${whole(last.size)}`,
        done.length > 1 ? met(perEntry < MOST_PER_ENTRY) : 'takes two sizes'
      ],
      [
        'opening flat within 50 %',
        `${soonest.toFixed(1)} ms to ${latest.toFixed(1)} ms ${range}`,
        met(latest <= soonest * (1 + OPENING_FLAT))
      ]
    ]
  )
}
