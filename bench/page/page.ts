/** The demo's page in a real Chromium: first paint with data, the longest task while much merges in, and what it loads. */
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright'
import { PageFiles } from '../../demo/start/page-files.ts'
import { PageServer } from '../../demo/start/server.ts'
import { median } from '../measure.ts'
import { Scope } from '../scope.ts'
import { type Row, rowsTable, whole } from '../table.ts'
import { type Board, makeBoard } from './authors.ts'
import { type Loaded, loadedBy } from './loads.ts'
import { type Longest, longestTask } from './tasks.ts'
import { firstItem, Visitor } from './visitor.ts'

/** Targets, ms. */
const FIRST_PAINT = 1000
const LONGEST_TASK = 100

export interface PageOptions {
  readonly quick: boolean
  readonly rounds: number
  readonly say: (line: string) => void
}

export function pageTables({ quick, rounds, say }: PageOptions): Promise<string[]> {
  return Scope.run(async scope => {
    say('page: building it')
    const root = dirname(createRequire(import.meta.url).resolve('autobee/package.json'))
    await promisify(execFile)(process.execPath, [join(root, '.ci', 'setup.mjs'), '--build'])
    const problem = (sentence: string) => say(sentence)
    const server = await PageServer.listen(PageFiles.open(), { host: '127.0.0.1', port: 0, problem })
    scope.defer(() => server.close())
    const [entries, away] = quick ? [1000, 50] : [10_000, 500]
    say(`page: a board of ${entries} entries`)
    const times = quick ? 1 : rounds
    const board = await makeBoard(scope, { entries, members: 2 * times, relay: server.relayUrl })
    const visitor = await Visitor.create(scope, { page: server.url, id: board.id, relay: server.relayUrl })
    const visits = { visitor, board, rounds: times, say }
    const { version, synced } = await firstVisit(visits)
    const loaded = await loads(visits)
    const paints = await warmVisits(visits)
    const tasks = await mergeVisit(visits, away)
    return [
      `Chromium ${version}, headless, its profile on disk; a board of ${whole(entries)} entries on ten lists, read over the relay of \`npm start\`. Medians of ${visits.rounds}.`,
      '',
      ...rowsTable('the page', [
        {
          name: `first visit: all ${whole(entries)} entries read, merged and kept`,
          value: `${whole(synced)} ms`
        },
        paintRow('first item on the screen, the browser just started', paints.started),
        paintRow('the same, page loaded again', paints.again),
        taskRow(`longest task while ${away} entries merge in before 20 others, board in sight`, tasks.board),
        taskRow('the same, with the order in sight as well', tasks.order),
        ...loaded
      ])
    ]
  })
}

interface Visits {
  readonly visitor: Visitor
  readonly board: Board
  readonly rounds: number
  readonly say: (line: string) => void
}

/** Until the page has it all. */
function firstVisit({ visitor, board, say }: Visits) {
  say('page: first visit')
  return visitor.visit(async (page, context) => {
    const start = performance.now()
    await page.goto(visitor.url)
    await firstItem(page)
    await openOrder(page)
    await hasOrder(page, board.length)
    const synced = performance.now() - start
    return { version: context.browser()?.version() ?? '', synced }
  })
}

function loads({ visitor }: Visits): Promise<Row[]> {
  return visitor.visitAnew(async (page, context) => {
    const take = await loadedBy(page, context)
    await page.goto(visitor.url)
    await firstItem(page)
    const shown = take()
    await openOrder(page)
    await page.waitForLoadState('networkidle')
    return [
      ...rowsOf('to show a board', shown),
      { name: 'loaded to show the order as well', value: `${kilobytes(sum(take()))} KB` }
    ]
  })
}

/** From a warm IndexedDB: the browser is started anew each time. */
async function warmVisits({ visitor, rounds, say }: Visits) {
  const started: number[] = []
  const again: number[] = []
  for (let round = 0; round < rounds; round++) {
    say(`page: visit ${round + 1} of ${rounds}`)
    await visitor.visit(async page => {
      await page.goto(visitor.url)
      started.push(await firstItem(page))
      await page.reload()
      again.push(await firstItem(page))
    })
  }
  return { started, again }
}

function mergeVisit({ visitor, board: authors, rounds, say }: Visits, count: number) {
  const length = () => authors.length

  return visitor.visit(async (page, context) => {
    await page.goto(visitor.url)
    await firstItem(page)
    const browser = context.browser()
    if (!browser) throw new Error('this Chromium cannot be traced')
    const merged = async (member: number) => {
      // what the opening itself took is another matter
      await page.waitForTimeout(1000)
      return longestTask({ browser, page }, async () => {
        await authors.merge(member, count)
        await hasItems(page, { list: `away-${member}`, count })
        await page.waitForTimeout(500)
      })
    }
    const board: Longest[] = []
    const order: Longest[] = []
    for (let round = 0; round < rounds; round++) {
      say(`page: merge ${round + 1} of ${rounds}, board in sight`)
      board.push(await merged(round))
    }
    await openOrder(page)
    for (let round = 0; round < rounds; round++) {
      await hasOrder(page, length())
      say(`page: merge ${round + 1} of ${rounds}, board and order in sight`)
      order.push(await merged(rounds + round))
    }
    return { board, order }
  })
}

async function openOrder(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'History' }).first().click()
  await page.locator('.order-count').waitFor()
}

async function hasOrder(page: Page, length: number): Promise<void> {
  const text = `${length.toLocaleString('en-GB')} entries`
  await page.waitForFunction(
    wanted => document.querySelector('.order-count')?.textContent?.startsWith(wanted),
    text
  )
}

async function hasItems(page: Page, wanted: { list: string; count: number }): Promise<void> {
  await page.waitForFunction(
    ({ list, count }) =>
      document.querySelector(`[data-list="${list}"] .count`)?.textContent?.endsWith(`/${count}`),
    wanted
  )
}

function paintRow(name: string, times: readonly number[]): Row {
  const time = median(times)
  return {
    name,
    value: `${whole(time)} ms`,
    beside: `${whole(Math.min(...times))} to ${whole(Math.max(...times))} ms`,
    target: `${whole(FIRST_PAINT)} ms`,
    met: time <= FIRST_PAINT
  }
}

function taskRow(name: string, merges: readonly Longest[]): Row {
  const longest = median(merges.map(({ wall }) => wall))
  const processor = median(merges.map(({ processor }) => processor))
  return {
    name,
    value: `${whole(longest)} ms`,
    beside: `${whole(processor)} ms of processor`,
    target: `${LONGEST_TASK} ms`,
    met: longest <= LONGEST_TASK
  }
}

function rowsOf(what: string, loaded: Loaded): Row[] {
  return [
    { name: `loaded ${what}, as transferred (gzip)`, value: `${kilobytes(sum(loaded))} KB` },
    ...[...loaded].map(([kind, bytes]) => ({ name: `of that ${kind}`, value: `${kilobytes(bytes)} KB` }))
  ]
}

function sum(loaded: Loaded): number {
  return [...loaded.values()].reduce((total, bytes) => total + bytes, 0)
}

function kilobytes(bytes: number): string {
  return (bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0)
}
