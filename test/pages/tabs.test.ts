import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { newSeed } from '../durability/rounds.ts'
import type { Site } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import { viewOf } from './apply.ts'
import { type LiveTab, LiveTabs, tabsSite } from './tabs-live.ts'

/** Owners that go while all append, each in its way. */
const ROUNDS = Number(process.env.TABS_ROUNDS ?? 4)
const WAYS = ['kill', 'close', 'freeze', 'kill'] as const

let site: Site
let browser: LiveTabs
let cases = 0
let name: string

beforeAll(async () => {
  site = await tabsSite()
})

beforeEach(async () => {
  name = `tabs-${++cases}`
  browser = await LiveTabs.launch(site.url)
})

afterEach(() => browser.close())
afterAll(() => site.close())

async function opened(count: number): Promise<LiveTab[]> {
  const tabs: LiveTab[] = []
  for (let i = 0; i < count; i++) {
    const tab = await browser.open(`t${cases}x${i}`)
    await tab.call('open', { name })
    tabs.push(tab)
  }
  return tabs
}

async function running(tabs: readonly LiveTab[]): Promise<void> {
  for (const tab of tabs) await tab.call('run', { prefix: tab.prefix, seed: newSeed(tab.prefix) })
  await hearMore(tabs)
}

/** Each has appended some more. */
async function hearMore(tabs: readonly LiveTab[], more = 15): Promise<void> {
  const wanted = tabs.map(({ told }) => told.length + more)
  await until(() => tabs.every(({ told }, i) => told.length >= (wanted[i] as number)))
}

async function ownerOf(tabs: readonly LiveTab[]): Promise<LiveTab> {
  let owner: LiveTab | undefined
  await until(async () => {
    const roles = await Promise.all(tabs.map(tab => tab.call('role')))
    owner = tabs[roles.indexOf('owner')]
    return owner !== undefined
  })
  return owner as LiveTab
}

/** All that was told is in the oplog, where it was said to be; nothing twice; of each tab in its order; and all show the same. */
async function expectAll(here: readonly LiveTab[], all: readonly LiveTab[]): Promise<string[]> {
  for (const tab of here) await tab.call('stop')
  const lengths = () => Promise.all(here.map(tab => tab.call('length')))
  await until(async () => new Set(await lengths()).size === 1)
  const views = await Promise.all(here.map(tab => tab.call('view')))
  for (const tab of here) expect(await tab.call('troubles')).toEqual([])
  for (const tab of here) await tab.call('close')
  const { oplog, view } = await (here[0] as LiveTab).call('readAlone', { name })
  expect(new Set(oplog).size).toBe(oplog.length)
  expect(view).toEqual(viewOf(oplog))
  for (const other of views) expect(other).toEqual(view)
  for (const { prefix, told } of all) {
    const numbers = oplog.filter(id => id.startsWith(`${prefix}.`)).map(id => Number(id.split('.')[1]))
    expect(numbers).toEqual(numbers.map((_, i) => i))
    expect(told.filter(({ id, length }) => oplog[length - 1] !== id)).toEqual([])
  }
  for (const { prefix, told } of here) {
    expect(oplog.filter(id => id.startsWith(`${prefix}.`)).length).toBe(told.length)
  }
  expect(browser.errors).toEqual([])
  return [...oplog]
}

for (const way of ['close', 'kill', 'freeze'] as const) {
  test(`three tabs append; the owner goes (${way}), and nothing is lost, nothing twice, all in order`, async () => {
    const tabs = await opened(3)
    await running(tabs)
    const owner = await ownerOf(tabs)
    const others = tabs.filter(tab => tab !== owner)
    if (way === 'close') await owner.call('close').catch(() => {})
    else await owner[way]()
    await hearMore(others)
    if (way === 'freeze') {
      await owner.thaw()
      await hearMore(tabs)
      expect(await owner.call('role')).toBe('follower')
      await expectAll(tabs, tabs)
    } else await expectAll(others, tabs)
  })
}

test('owners go, one after the other, killed, closed and frozen among commits, and new tabs come', async () => {
  const all = await opened(3)
  const frozen: LiveTab[] = []
  let here = [...all]
  await running(here)
  for (let round = 0; round < ROUNDS; round++) {
    const owner = await ownerOf(here)
    const way = WAYS[round % WAYS.length] as (typeof WAYS)[number]
    here = here.filter(tab => tab !== owner)
    if (way === 'close') await owner.call('close').catch(() => {})
    else await owner[way]()
    if (way === 'freeze') frozen.push(owner)
    const fresh = await browser.open(`t${cases}x${all.length}`)
    await fresh.call('open', { name })
    all.push(fresh)
    here.push(fresh)
    await running([fresh])
    await hearMore(here)
    const woken = round % 2 === 0 ? frozen.shift() : undefined
    if (woken) {
      await woken.thaw()
      here.push(woken)
    }
  }
  for (const tab of frozen) await tab.thaw()
  here.push(...frozen)
  await hearMore(here)
  const oplog = await expectAll(here, all)
  console.log(
    `${ROUNDS} owners went: ${oplog.length} entries, ${all.length} tabs, nothing lost, nothing twice`
  )
})

test('in a follower, a stream goes on and a watcher is called when its owner is killed', async () => {
  const tabs = await opened(2)
  const [owner, follower] = tabs as [LiveTab, LiveTab]
  await running([owner])
  await hearMore([owner], 300)
  await follower.call('watch', 'count')
  await follower.call('startStream')
  const before = Object.keys(await follower.call('view')).length
  await owner.kill()
  // the view that it began with, with blocks of another owner
  expect(await follower.call('endStream')).toBeLessThanOrEqual(before)
  expect(await ownerOf([follower])).toBe(follower)
  const seen = await follower.call('seen')
  await running([follower])
  await until(async () => (await follower.call('seen')) > seen)
  await expectAll([follower], tabs)
})
