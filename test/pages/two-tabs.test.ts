import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Site } from '../support/chromium.ts'
import { expectWhole } from './kept.ts'
import { insecure, launchProfile, type Profile } from './profile.ts'
import { clientSite, crash, Tab } from './tab.ts'

let site: Site
let profile: Profile

beforeAll(async () => {
  site = await clientSite()
  profile = await launchProfile()
})

afterAll(async () => {
  await profile?.close()
  await site?.close()
})

/** How the first tab lets go of its store. */
const ENDS: Record<string, (tab: Tab) => Promise<void>> = {
  'closes it': async tab => {
    await tab.call('close')
    await tab.close()
  },
  'is closed': tab => tab.close(),
  'goes to another address': async tab => {
    await tab.page.goto('about:blank')
  },
  crashes: crash
}

describe.each([
  { where: 'where pages have Web Locks', hasLocks: true },
  { where: 'on a page that is not secure, without Web Locks', hasLocks: false }
])('$where', ({ hasLocks }) => {
  const openTab = () => Tab.open(profile.context, hasLocks ? site.url : insecure(site.url))

  test('a second tab gets STORE_LOCKED, and the first one goes on', async () => {
    const [first, second] = [await openTab(), await openTab()]
    expect(await second.page.evaluate(() => navigator.locks !== undefined)).toBe(hasLocks)
    const name = `locked-${hasLocks}`
    await first.open({ name })
    await first.append('a')
    await expect(second.open({ name })).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    await first.append('b')
    await expect(second.open({ name })).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    await second.open({ name: `${name}-other` })
    expectWhole(await first.read())
    expect((await first.read()).oplog).toEqual(['a', 'b'])
    await first.close()
    await second.close()
  })

  for (const [what, end] of Object.entries(ENDS)) {
    // without a lock, one that crashed is waited for as long as it might be alive: see lease.test.ts
    if (what === 'crashes' && !hasLocks) continue
    test(`one that waits opens the store when the first tab ${what}, and has all of it`, async () => {
      const [first, second] = [await openTab(), await openTab()]
      const name = `waits-${what}-${hasLocks}`
      await first.open({ name })
      await first.append('a')
      const opening = second.open({ name, wait: true })
      const won = await Promise.race([opening.then(() => 'opened'), first.append('b').then(() => 'waits')])
      expect(won).toBe('waits')
      await end(first)
      await opening
      await second.append('c')
      const contents = await second.read()
      expect(contents.oplog).toEqual(['a', 'b', 'c'])
      expectWhole(contents)
      await second.close()
      first.expectCalm()
      await first.page.close()
    })
  }
})
