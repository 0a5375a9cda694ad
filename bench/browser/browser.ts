/** The same stack in a page: what cryptography, appends, openings and a merge cost in headless Chromium. */
import type { BrowserContext, Page } from 'playwright'
import { median } from '../measure.ts'
import { type Row, ratio, rowsTable, whole } from '../table.ts'
import { call, type Pages, withPages } from './pages.ts'

const MEBIBYTE = 1 << 20

export interface BrowserOptions {
  readonly quick: boolean
  readonly rounds: number
  readonly say: (line: string) => void
}

export function browserTables(options: BrowserOptions): Promise<string[]> {
  return withPages(async pages => [
    `Chromium ${pages.version}, headless, its profile on disk; medians of ${options.rounds} rounds.`,
    '',
    ...rowsTable('in a page', [
      ...(await pages.inPage(page => cryptography(page, options))),
      ...(await appends(pages, options)),
      ...(await openings(pages, options)),
      ...(await pages.inPage(page => merges(page, options)))
    ])
  ])
}

async function cryptography(page: Page, { say }: BrowserOptions): Promise<Row[]> {
  say('browser: cryptography')
  const rates = await call(page)('cryptoRates')
  return rates.map(({ name, ours, javascript }) => {
    const times = ours / javascript
    const target = name.startsWith('hash') ? undefined : 50
    return {
      name,
      value: `${whole(ours)}/s`,
      beside: `${ratio(times)} × sodium-javascript`,
      ...(target ? { target: `${target} ×`, met: times >= target } : {})
    }
  })
}

/** Each beside memory in a page of its own, in turns, in databases that go on through the rounds. */
async function appends({ inPage }: Pages, o: BrowserOptions): Promise<Row[]> {
  const count = o.quick ? 50 : 300
  const rows: Row[] = []
  for (const storage of ['IndexedDB, relaxed', 'IndexedDB, strict', 'OPFS, relaxed', 'OPFS, strict']) {
    // in two pages one would be in the background, where everything is slower
    const rounds = await inPage(page => besideMemory(page, { ...o, storage, count }))
    const times = median(rounds.map(({ memory, other }) => memory / other))
    const isDefault = storage === 'IndexedDB, relaxed'
    if (isDefault) {
      const memory = median(rounds.map(one => one.memory))
      rows.push(
        { name: 'sequential appends, memory', value: rate(count, memory) },
        {
          name: 'the same, each followed by a bare transaction of IndexedDB of 1 KiB',
          value: rate(count, median(rounds.map(one => one.ceiling))),
          beside: `${ratio(median(rounds.map(one => one.memory / one.ceiling)))} × memory`
        }
      )
    }
    rows.push({
      name: `sequential appends, ${storage}`,
      value: rate(count, median(rounds.map(({ other }) => other))),
      beside: `${ratio(times)} × memory`,
      ...(isDefault ? { target: '0.25 ×', met: times >= 0.25 } : {})
    })
  }
  const many = o.quick ? 100 : 6000
  const [memory, relaxed] = await inPage(async page => [
    await call(page)('sequentialAppends', { storage: 'memory', count: many }),
    await call(page)('sequentialAppends', { storage: 'IndexedDB, relaxed', count: many })
  ])
  rows.push({
    name: `${whole(many)} appends without a pause, IndexedDB, relaxed`,
    value: rate(many, relaxed as number),
    beside: `${ratio((memory as number) / (relaxed as number))} × memory`
  })
  return rows
}

async function besideMemory(page: Page, o: BrowserOptions & { storage: string; count: number }) {
  const { storage, count } = o
  const rounds: { memory: number; other: number; ceiling: number }[] = []
  // the first ones warm up
  for (let round = -WARM_UPS; round < o.rounds; round++) {
    const memory = await call(page)('sequentialAppends', { storage: 'memory', count })
    const other = await call(page)('sequentialAppends', { storage, count })
    o.say(`browser: appends, memory ${rate(count, memory)}, ${storage} ${rate(count, other)}`)
    const ceiling = await call(page)('appendsAndTransactions', { count })
    if (round >= 0) rounds.push({ memory, other, ceiling })
  }
  await call(page)('closeAll')
  return rounds
}

const WARM_UPS = 3

function rate(count: number, ms: number): string {
  return `${whole((count * 1000) / ms)}/s`
}

/** Each in a new page, whose heap is looked at before and after. */
async function openings({ context, inPage }: Pages, o: BrowserOptions): Promise<Row[]> {
  const count = o.quick ? 1000 : 50_000
  const rows: Row[] = []
  for (const storage of ['IndexedDB, relaxed', 'OPFS, relaxed']) {
    const name = `opening ${storage}`
    o.say(`browser: ${whole(count)} entries, ${storage}`)
    await inPage(page => call(page)('fill', { storage, name, count }))
    const opened: { store: number; all: number; before: number; after: number }[] = []
    for (let round = 0; round < o.rounds; round++) {
      opened.push(
        await inPage(async page => {
          const before = await heap(context, page)
          const ms = await call(page)('coldOpen', { storage, name })
          return { ...ms, before, after: await heap(context, page) }
        })
      )
      const last = opened.at(-1)
      o.say(`browser: opened in ${whole(last?.all ?? 0)} ms`)
    }
    const all = median(opened.map(one => one.all))
    const after = median(opened.map(one => one.after)) / MEBIBYTE
    const before = median(opened.map(one => one.before)) / MEBIBYTE
    const isDefault = storage.startsWith('IndexedDB')
    rows.push(
      {
        name: `cold opening with ${whole(count)} entries and a first get, ${storage}`,
        value: `${whole(all)} ms`,
        beside: `${whole(median(opened.map(one => one.store)))} ms of it the store`,
        ...(isDefault ? { target: '500 ms', met: all < 500 } : {})
      },
      {
        name: `heap with its buffers after it, ${storage}`,
        value: `${after.toFixed(1)} MiB`,
        beside: `${before.toFixed(1)} MiB before it`,
        ...(isDefault ? { target: '40 MB', met: after * MEBIBYTE < 40e6 } : {})
      }
    )
  }
  return rows
}

async function merges(page: Page, { quick, rounds, say }: BrowserOptions): Promise<Row[]> {
  const count = quick ? 50 : 500
  const rows: Row[] = []
  for (const storage of ['memory', 'IndexedDB, relaxed', 'OPFS, relaxed']) {
    const taken: number[] = []
    for (let round = -1; round < rounds; round++) {
      const ms = await call(page)('merge', { storage, name: `merge ${storage} ${round}`, count })
      say(`browser: merge, ${storage}: ${whole(ms)} ms`)
      if (round >= 0) taken.push(ms)
    }
    const ms = median(taken)
    rows.push({
      name: `merge of two forks of ${count}, both in this page, ${storage}`,
      value: `${whole(ms)} ms`,
      ...(storage.startsWith('IndexedDB') ? { target: '1,000 ms', met: ms < 1000 } : {})
    })
  }
  return rows
}

/** Bytes of the page's heap and of its buffers, of what can still be reached. */
async function heap(context: BrowserContext, page: Page): Promise<number> {
  const session = await context.newCDPSession(page)
  for (let i = 0; i < 2; i++) await session.send('HeapProfiler.collectGarbage')
  const usage = (await session.send('Runtime.getHeapUsage')) as unknown as Record<string, number>
  await session.detach()
  return (usage.usedSize ?? 0) + (usage.backingStorageSize ?? 0)
}
