import { randomBytes } from 'node:crypto'
import type { CDPSession } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Site } from '../support/chromium.ts'
import type { Value } from './apply.ts'
import type { Acknowledged } from './client.ts'
import { expectKept } from './kept.ts'
import { launchProfile, type Profile } from './profile.ts'
import { clientSite, Tab } from './tab.ts'

/** Bytes of what the origin may store. */
const QUOTA = 4_000_000

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

test('over its quota, appends reject with STORE_FULL and write nothing, reads go on, and so do appends after reopening with room', async () => {
  const name = 'full'
  const tab = await Tab.open(profile.context, site.url)
  const session = await profile.context.newCDPSession(tab.page)
  // first: when a database is open, Chromium asks seldom how much room there is
  await limit(session, QUOTA)
  await tab.open({ name })
  const { kept, rejected } = await appendUntilFull(tab)
  expect(kept.length).toBeGreaterThan(0)
  expect(rejected.length).toBeGreaterThan(0)
  expect(await tab.call('troubles')).toEqual(['error STORE_FULL'])
  await expect(tab.append('more')).rejects.toMatchObject({ code: 'STORE_FULL' })
  expectKept(await tab.read(), kept)

  // there may not be room to open it, either; what is there stays as it is
  await tab.reload()
  const opening = await tab.open({ name, wait: true }).catch((error: unknown) => error)
  if (opening instanceof Error) expect(opening).toMatchObject({ code: 'STORE_FULL' })
  else expectKept(await tab.read(), kept)

  await limit(session, undefined)
  await tab.call('close')
  await tab.open({ name, wait: true })
  const { oplog } = await tab.read()
  expectKept(await tab.read(), kept)
  expect(oplog.filter(id => rejected.includes(id))).toEqual([])
  const ids = ['again.0.0.2', 'again.0.1.2']
  await tab.append(...ids)
  await tab.reload()
  await tab.open({ name, wait: true })
  expectKept(await tab.read(), [...kept, { length: oplog.length + 2, ids }])
  await tab.close()
})

async function limit(session: CDPSession, quotaSize: number | undefined): Promise<void> {
  const origin = new URL(site.url).origin
  await session.send('Storage.overrideQuotaForOrigin', {
    origin,
    ...(quotaSize === undefined ? {} : { quotaSize })
  })
}

/** Three units at a time; the random text cannot be made smaller on disk. */
async function appendUntilFull(tab: Tab): Promise<{ kept: Acknowledged[]; rejected: string[] }> {
  const kept: Acknowledged[] = []
  const rejected: string[] = []
  for (let round = 0; rejected.length === 0; round++) {
    const units = [1, 3, 1].map((size, unit) =>
      Array.from(
        { length: size },
        (_, place): Value => ({
          id: `${round}/${unit}.0.${place}.${size}`,
          fill: randomBytes(60_000).toString('base64')
        })
      )
    )
    const outcomes = await tab.call('appendEach', units)
    for (const [i, outcome] of outcomes.entries()) {
      const ids = (units[i] as Value[]).map(({ id }) => id)
      if (typeof outcome === 'number') kept.push({ length: outcome, ids })
      else {
        expect(outcome).toMatchObject({ code: 'STORE_FULL' })
        rejected.push(...ids)
      }
    }
  }
  return { kept, rejected }
}
