import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { random } from '../durability/random.mjs'
import { newSeed } from '../durability/rounds.ts'
import type { Site } from '../support/chromium.ts'
import { expectKept, Heard } from './kept.ts'
import { insecure, launchProfile, type Profile } from './profile.ts'
import { clientSite, Tab } from './tab.ts'

const ROUNDS = 4

let site: Site
let profile: Profile
let name = ''

beforeAll(async () => {
  site = await clientSite()
  profile = await launchProfile()
})

afterAll(async () => {
  await profile?.close()
  await site?.close()
})

let cases = 0
beforeEach(() => {
  name = `case-${cases++}`
})

afterEach(async () => {
  for (const page of profile.context.pages().slice(1)) await page.close()
})

type End = (tab: Tab, opened: () => Promise<Tab>) => Promise<Tab>

/** What happens to a page in the middle of appends; gives the page that there is then. */
const ENDS: Record<string, End> = {
  reloaded: async tab => {
    await tab.reload()
    return tab
  },
  'closed, and another one opened,': async (tab, opened) => {
    await tab.close()
    return opened()
  },
  'left for another address, and come back to,': async tab => {
    await tab.page.goto(`${site.url}/elsewhere`)
    await tab.goto()
    return tab
  }
}

const CASES = [
  ...Object.entries(ENDS).map(([what, end]) => ({ what, end, url: () => site.url })),
  { what: 'reloaded, without Web Locks,', end: ENDS.reloaded as End, url: () => insecure(site.url) }
]

for (const { what, end, url } of CASES) {
  test(`a page that is ${what} in the middle of appends has all that was acknowledged`, async () => {
    const rng = random(newSeed(`page, ${what}`))
    const heard = new Heard()
    const opened = () => Tab.open(profile.context, url(), { onTold: said => heard.hear(said) })
    let tab = await opened()
    for (let round = 0; round < ROUNDS; round++) {
      // the page before may not be gone yet
      await tab.open({ name, wait: true })
      expectKept(await tab.read(), heard.appends)
      expect(await tab.call('troubles')).toEqual([])
      const enough = heard.count(1 + Math.floor(rng() * 60))
      await tab.call('run', { prefix: `round${round}`, seed: Math.floor(rng() * 2 ** 32) })
      await tab.whileCalm(enough)
      tab = await end(tab, opened)
    }
    await tab.open({ name, wait: true })
    expectKept(await tab.read(), heard.appends)
    await tab.append('last.0.0.1')
    tab.expectCalm()
  })
}
