import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Site } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import { expectWhole } from './kept.ts'
import { launchProfile, type Profile } from './profile.ts'
import { clientSite, Tab } from './tab.ts'

const GONE = { code: 'STORE_CLOSED', reason: 'DELETED' }

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

/** Who takes the database away. */
const WAYS: Record<string, (other: Tab, name: string) => Promise<void>> = {
  'another tab deletes it': (other, name) =>
    other.page.evaluate(
      name =>
        new Promise<void>((resolve, reject) => {
          const request = indexedDB.deleteDatabase(name)
          request.onsuccess = () => resolve()
          request.onerror = () => reject(request.error)
        }),
      name
    ),
  "the user clears the site's data": async other => {
    const session = await profile.context.newCDPSession(other.page)
    const { origin } = new URL(site.url)
    await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' })
  }
}

for (const [what, takeAway] of Object.entries(WAYS)) {
  test(`when ${what} in the middle of appends, all rejects with STORE_CLOSED, and the next opening is empty`, async () => {
    const name = `deleted when ${what}`
    const tab = await Tab.open(profile.context, site.url)
    const other = await Tab.open(profile.context, site.url)
    const { key } = await tab.open({ name })
    await tab.call('run', { prefix: 'run', seed: 1, mayFail: true })
    await until(async () => (await tab.call('untold')).length >= 20)
    await takeAway(other, name)
    await until(async () => (await tab.call('failure')) !== null)
    // LOST when a commit ran, of which nobody knows what became of it
    const reason = expect.stringMatching(/^(DELETED|LOST)$/)
    expect(await tab.call('failure')).toMatchObject({ code: 'STORE_CLOSED', reason })
    expect(await tab.call('troubles')).toEqual(['error STORE_CLOSED'])
    await expect(tab.append('late')).rejects.toMatchObject({ code: 'STORE_CLOSED' })

    const fresh = await other.open({ name, wait: true })
    expect(fresh.key).not.toBe(key)
    expect(fresh.length).toBe(0)
    await other.append('fresh')
    await expect(tab.append('later')).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    await tab.call('close')
    await other.append('more')
    const contents = await other.read()
    expect(contents.oplog).toEqual(['fresh', 'more'])
    expectWhole(contents)
    await other.close()
    await tab.open({ name, wait: true })
    expect(await tab.read()).toEqual(contents)
    await tab.close()
  })

  test(`when ${what} while nothing runs, the next call rejects with STORE_CLOSED`, async () => {
    const name = `deleted quietly when ${what}`
    const tab = await Tab.open(profile.context, site.url)
    const other = await Tab.open(profile.context, site.url)
    await tab.open({ name })
    await tab.append('a')
    await takeAway(other, name)
    await expect(tab.append('b')).rejects.toMatchObject(GONE)
    await tab.call('close')
    expect(await tab.open({ name })).toMatchObject({ length: 0 })
    await tab.append('c')
    expect((await tab.read()).oplog).toEqual(['c'])
    await tab.close()
    await other.close()
  })
}
