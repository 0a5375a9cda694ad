import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { random } from '../durability/random.mjs'
import { newSeed } from '../durability/rounds.ts'
import type { Site } from '../support/chromium.ts'
import { ChromiumProcess } from './chromium-process.ts'
import type { Acknowledged } from './client.ts'
import { expectKept, Heard } from './kept.ts'
import { clientSite, Tab } from './tab.ts'

const ROUNDS = { relaxed: 6, strict: 3, opfs: 2 } as const
/** Transactions that it takes, about. */
const TRANSACTIONS = { creating: 20, opening: 11 } as const
/** Where a browser is killed while commits move: in which transaction that writes there, of so many. */
const KILLED_AT = [
  { store: 'entries', most: 8 },
  { store: 'log', most: 100 },
  { store: 'entries', most: 40 },
  { store: 'log', most: 100 }
] as const

let site: Site
let profile: string
let running: ChromiumProcess | null = null

beforeAll(async () => {
  site = await clientSite()
})

beforeEach(async () => {
  profile = await mkdtemp(join(tmpdir(), 'autobee-killed-'))
})

afterEach(async () => {
  await kill()
  await rm(profile, { recursive: true, force: true, maxRetries: 10 })
})

afterAll(() => site.close())

for (const place of ['relaxed', 'strict', 'opfs'] as const) {
  test(`a browser killed while a page appends loses nothing that was acknowledged, ${place}`, async () => {
    const rng = random(newSeed(`killed browser, ${place}`))
    const kept: Acknowledged[] = []
    for (let round = 0; round < ROUNDS[place]; round++) {
      const heard = new Heard()
      const tab = await start(heard)
      await tab.open({ name: 'killed', place })
      expectKept(await tab.read(), kept, running?.complaints)
      expect(await tab.call('troubles')).toEqual([])
      const enough = heard.count(1 + Math.floor(rng() * 120))
      await tab.call('run', { prefix: `round${round}`, seed: Math.floor(rng() * 2 ** 32) })
      await tab.whileCalm(enough)
      await kill()
      tab.expectCalm()
      kept.push(...heard.appends)
    }
    const tab = await start()
    await tab.open({ name: 'killed', place })
    const { oplog } = await tab.read()
    await tab.append('last.0.0.1')
    expectKept(await tab.read(), [...kept, { length: oplog.length + 1, ids: ['last.0.0.1'] }])
    tab.expectCalm()
  })
}

test('a browser killed while commits move from the log to the entries loses nothing that was acknowledged', async () => {
  const rng = random(newSeed('killed while moving'))
  const kept: Acknowledged[] = []
  // the moves begin when 4 MiB are in the log, and make some transactions while appends go on
  for (const [round, { store, most }] of KILLED_AT.entries()) {
    const heard = new Heard()
    const tab = await start(heard)
    await tab.open({ name: 'moved' })
    expectKept(await tab.read(), kept, running?.complaints)
    const there = heard.transaction()
    const n = 1 + Math.floor(rng() * most)
    await tab.call('tellAtTransaction', { n, store })
    await tab.call('run', { prefix: `round${round}`, seed: Math.floor(rng() * 2 ** 32), fill: 80_000 })
    await tab.whileCalm(there)
    await kill()
    tab.expectCalm()
    kept.push(...heard.appends)
  }
  const tab = await start()
  await tab.open({ name: 'moved' })
  expectKept(await tab.read(), kept, running?.complaints)
  await tab.append('last.0.0.1')
  tab.expectCalm()
})

test('a browser killed while a database is created or opened leaves one that opens, with all that it had', async () => {
  const rng = random(newSeed('killed while opening'))
  const kept = { length: 2, ids: ['a.0.0.2', 'a.0.1.2'] }
  const names = ['first', 'second']
  for (const name of names) {
    await killInOpening(name, 1 + Math.floor(rng() * TRANSACTIONS.creating))
    const tab = await start()
    expect(await tab.open({ name })).toMatchObject({ length: 0 })
    await tab.append(...kept.ids)
    await kill()
    tab.expectCalm()
    await killInOpening(name, 1 + Math.floor(rng() * TRANSACTIONS.opening))
  }
  const tab = await start()
  for (const name of names) {
    await tab.open({ name })
    expectKept(await tab.read(), [kept], running?.complaints)
    await tab.call('close')
  }
  tab.expectCalm()
})

/** Kills when the page makes its `n`th transaction; opening may be over by then. */
async function killInOpening(name: string, n: number): Promise<void> {
  const heard = new Heard()
  const tab = await start(heard)
  const there = heard.transaction()
  await tab.call('tellAtTransaction', { n })
  // rejects when the browser is killed
  const opening = tab.open({ name }).catch(() => {})
  await Promise.race([there, opening])
  await kill()
  tab.expectCalm()
}

async function start(heard = new Heard()): Promise<Tab> {
  running = await ChromiumProcess.start(profile)
  return Tab.open(running.context, site.url, { onTold: what => heard.hear(what) })
}

async function kill(): Promise<void> {
  const gone = running
  running = null
  await gone?.kill()
}
