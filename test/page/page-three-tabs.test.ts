/** Three tabs of a board, all adding items, while the one that has the store goes, in each of the ways that tabs go. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Site, serveSite } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import { PageBrowser, type PageTab } from './live-page.ts'
import { PageReader } from './page-reader.ts'
import { PageSite } from './page-site.ts'

const WAYS = ['close', 'kill', 'freeze', 'leave', 'reload'] as const
type Way = (typeof WAYS)[number]

const ROUNDS = Number(process.env.TABS_ROUNDS ?? WAYS.length)
/** Items that each tab shows before the next thing happens. */
const MORE = 10

let site: PageSite
let elsewhere: Site
let profile: string
let browser: PageBrowser
let reader: PageReader
let all: PageTab[]
let address: string

beforeAll(async () => {
  site = await PageSite.start()
  elsewhere = await serveSite({ host: 'localhost', files: { '/favicon.ico': '' } })
})

beforeEach(async () => {
  profile = await mkdtemp(join(tmpdir(), 'autobee-page-tabs-'))
  browser = await PageBrowser.launch(profile)
  all = []
  const first = await browser.open('a', site.url)
  all.push(first)
  await first.make('Our flat')
  address = first.page.url()
  reader = await PageReader.follow(address)
  for (const name of ['b', 'c']) await opened(name)
})

afterEach(async () => {
  await reader?.close()
  await browser?.close()
  await rm(profile, { recursive: true, force: true, maxRetries: 10 })
})

afterAll(async () => {
  await elsewhere?.close()
  await site?.close()
})

async function opened(name: string): Promise<PageTab> {
  const tab = await browser.open(name, address)
  await tab.opened()
  all.push(tab)
  return tab
}

async function typing(tabs: readonly PageTab[]): Promise<void> {
  for (const tab of tabs) await tab.type()
  await shownMore(tabs)
}

/** Each shows some more of what it has added. */
async function shownMore(tabs: readonly PageTab[]): Promise<void> {
  const wanted = tabs.map(tab => tab.own + MORE)
  await until(() => tabs.every((tab, i) => tab.own >= (wanted[i] as number)))
}

async function ownerOf(tabs: readonly PageTab[]): Promise<PageTab> {
  let owner: PageTab | undefined
  await until(async () => {
    const roles = await Promise.all(tabs.map(tab => tab.role()))
    owner = tabs[roles.indexOf('owner')]
    // one that was woken just now may not have noticed yet
    return roles.filter(role => role === 'owner').length === 1
  })
  return owner as PageTab
}

/** It has the store no more, and may be back by `back`. Ended, it is replaced by a new tab. */
async function go(tab: PageTab, way: Way): Promise<void> {
  if (way === 'leave') await tab.page.goto(elsewhere.url)
  else if (way === 'reload') await tab.page.reload()
  else await tab[way]()
}

async function back(tab: PageTab, way: Way): Promise<PageTab> {
  if (way === 'close' || way === 'kill') {
    const other = await opened(`t${all.length}x`)
    await other.type()
    return other
  }
  if (way === 'leave') await tab.page.goBack()
  if (way === 'freeze') await tab.thaw()
  else await tab.type()
  return tab
}

/**
 * What any tab has shown is there once in all tabs, and at the reader; so is all that was added in documents that are there
 * still. Of each document it is in its order, without a gap.
 */
async function expectAll(here: readonly PageTab[]): Promise<string[]> {
  for (const tab of here) await tab.stop()
  const added = all
    .flatMap(({ lives }) => lives)
    .flatMap(({ isOver, submitted }) => (isOver ? [] : submitted))
  const shown = all.flatMap(tab => [...tab.shown])
  const texts = await sameIn([...here, reader])
  expect(new Set(texts).size).toBe(texts.length)
  expect([...shown, ...added].filter(text => !texts.includes(text))).toEqual([])
  for (const { prefix } of all.flatMap(({ lives }) => lives)) {
    const numbers = texts
      .filter(text => text.startsWith(`${prefix}.`))
      .map(text => Number(text.split('.')[1]))
    // what is new comes on top
    expect([prefix, numbers]).toEqual([prefix, numbers.map((_, i) => numbers.length - 1 - i)])
  }
  // no entry was written twice, not even one that changed nothing
  expect((await reader.added()).sort()).toEqual([...texts].sort())
  for (const tab of here) expect([tab.name, await tab.leftovers()]).toEqual([tab.name, []])
  expect(all.flatMap(({ returned }) => returned)).toEqual([])
  expect(browser.errors).toEqual([])
  return texts
}

async function sameIn(places: readonly { texts(): Promise<string[]> }[]): Promise<string[]> {
  let boards: string[][] = []
  await until(async () => {
    boards = await Promise.all(places.map(place => place.texts()))
    return new Set(boards.map(board => board.join('\n'))).size === 1
  })
  return boards[0] as string[]
}

/** A browser of the same profile has the same, and goes on. */
async function expectAfterRestart(
  texts: readonly string[],
  { isKilled }: { isKilled: boolean }
): Promise<void> {
  await (isKilled ? browser.kill() : browser.close())
  browser = await PageBrowser.launch(profile)
  const tab = await opened('z')
  await until(async () => (await tab.texts()).length >= texts.length)
  expect(await tab.texts()).toEqual(texts)
  await typing([tab])
  await tab.stop()
  expect((await sameIn([tab, reader])).slice(-texts.length)).toEqual(texts)
  expect(browser.errors).toEqual([])
}

for (const way of WAYS) {
  test(`three tabs add items; the one with the store goes (${way}): all that was shown is there once, everywhere`, async () => {
    await typing(all)
    const owner = await ownerOf(all)
    const others = all.filter(tab => tab !== owner)
    await go(owner, way)
    await ownerOf(others)
    await shownMore(others)
    const here = [...others, await back(owner, way)]
    // it noticed, and adds items through another one
    if (way === 'freeze') await until(async () => (await owner.role()) === 'follower')
    await shownMore(here)
    const texts = await expectAll(here)
    await expectAfterRestart(texts, { isKilled: way === 'kill' })
  })
}

test('one after the other goes, in every way, and comes back while the next one goes', async () => {
  let here = [...all]
  let gone: { tab: PageTab; way: Way } | null = null
  await typing(here)
  for (let round = 0; round < ROUNDS; round++) {
    const way = WAYS[round % WAYS.length] as Way
    const tab = await ownerOf(here)
    here = here.filter(other => other !== tab)
    await go(tab, way)
    if (gone) here.push(await back(gone.tab, gone.way))
    gone = { tab, way }
    await shownMore(here)
  }
  if (gone) here.push(await back(gone.tab, gone.way))
  await shownMore(here)
  const texts = await expectAll(here)
  await expectAfterRestart(texts, { isKilled: true })
  console.log(`${ROUNDS} tabs went: ${texts.length} items, nothing lost, nothing twice`)
})

test('a tab that comes out of the back-forward cache does what was under way, and goes on', async () => {
  const [tab, ...others] = all as [PageTab, ...PageTab[]]
  for (const other of others) await other.close()
  // a page with a connection is not kept there, nor one that others send messages to
  await tab.cut(true)
  await typing([tab])
  await go(tab, 'leave')
  await back(tab, 'leave')
  expect([tab.times.restored, tab.lives.length]).toEqual([1, 1])
  await shownMore([tab])
  await tab.cut(false)
  const other = await opened('d')
  await typing([other])
  await expectAll([tab, other])
})

test('a tab that is hidden before its next frame shows what is new all the same', async () => {
  const [other, , front] = all as [PageTab, PageTab, PageTab]
  // that frame comes when it is seen again: never, here
  await front.page.evaluate(() => {
    globalThis.requestAnimationFrame = () => 0
  })
  expect(await front.page.evaluate(() => document.visibilityState)).toBe('visible')
  await typing([other])
  await until(() => front.shown.size >= MORE)
  await expectAll(all)
})

test('all tabs are frozen at once while they add items: woken, they have and do all that was begun', async () => {
  await typing(all)
  for (const tab of all) await tab.freeze()
  for (const tab of all) await tab.thaw()
  await shownMore(all)
  await expectAll(all)
})
