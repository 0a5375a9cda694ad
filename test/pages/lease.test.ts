import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Site } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import type { Acknowledged } from './client.ts'
import { expectKept, expectWhole } from './kept.ts'
import { LiveBrowser, type LiveTab } from './live.ts'
import { insecure } from './profile.ts'
import { clientSite } from './tab.ts'

let browser: LiveBrowser
let site: Site

beforeAll(async () => {
  site = await clientSite()
  browser = await LiveBrowser.launch()
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
})

interface Way {
  stop(tab: LiveTab): Promise<void>
  wake(tab: LiveTab): Promise<void>
}

const FROZEN: Way = { stop: tab => tab.freeze(), wake: tab => tab.thaw() }
const HUNG: Way = { stop: tab => tab.hang(), wake: tab => tab.goOn() }

/** The tab is in the middle of appends; another one opens its store and appends, and then it wakes. */
async function takenOverMeanwhile(url: string, { name, way }: { name: string; way: Way }): Promise<void> {
  const sleeper = await browser.open(url)
  await sleeper.call('open', { name })
  await sleeper.call('run', { prefix: 'sleeper', seed: 1, mayFail: true })
  const acknowledged = async () => (await sleeper.call('untold')) as readonly Acknowledged[]
  await until(async () => (await acknowledged()).length >= 20)
  const other = await browser.open(url)
  await way.stop(sleeper)
  await other.call('open', { name, wait: true })
  const found = await other.call('read')
  await other.append('other.0.0.1')
  await way.wake(sleeper)
  await until(async () => (await sleeper.call('failure')) !== null)
  expect(await sleeper.call('failure')).toMatchObject({ code: 'STORE_LOCKED', reason: 'TAKEN_OVER' })
  await expect(sleeper.append('late')).rejects.toMatchObject({ code: 'STORE_LOCKED', reason: 'TAKEN_OVER' })
  expectKept(found, await acknowledged())

  await other.append('other.1.0.1')
  const contents = await other.call('read')
  expect(contents.oplog).toEqual([...found.oplog, 'other.0.0.1', 'other.1.0.1'])
  expectWhole(contents)
  await sleeper.call('close')
  await other.call('close')
  await sleeper.call('open', { name, wait: true })
  expect(await sleeper.call('read')).toEqual(contents)
  await sleeper.append('sleeper.last.0.1')
  await sleeper.page.close()
  await other.page.close()
}

/** Some wait for the end of a lease, at the same time. */
describe.concurrent.each([
  { where: 'with Web Locks', hasLocks: true },
  { where: 'without Web Locks', hasLocks: false }
])('$where', ({ where, hasLocks }) => {
  const url = () => (hasLocks ? site.url : insecure(site.url))

  test('a tab that was frozen, and wakes after another took over, rejects and wrote nothing', async () => {
    await takenOverMeanwhile(url(), { name: `frozen ${where}`, way: FROZEN })
    browser.expectCalm()
  })

  // who hangs keeps its lock
  if (!hasLocks) {
    test('a tab that hung for its lease, and wakes after another took over, rejects and wrote nothing', async () => {
      await takenOverMeanwhile(url(), { name: `hung ${where}`, way: HUNG })
      browser.expectCalm()
    })
  }

  test('a tab that is frozen in the middle of a transaction keeps nobody from the store', async () => {
    const name = `toil ${where}`
    const toils = async (tab: LiveTab) => {
      const before = await tab.call('toils')
      await until(async () => (await tab.call('toils')) >= before + 5)
    }
    for (let round = 0; round < 5; round++) {
      const sleeper = await browser.open(url())
      await sleeper.call('toil', { name })
      await toils(sleeper)
      const other = await browser.open(url())
      await sleeper.freeze()
      await other.call('toil', { name })
      await toils(other)
      await sleeper.thaw()
      await until(async () => (await sleeper.call('failure')) !== null)
      expect(await sleeper.call('failure')).toMatchObject({ code: 'STORE_LOCKED', reason: 'TAKEN_OVER' })
      await sleeper.page.close()
      await other.page.close()
    }
    browser.expectCalm()
  })

  test('a tab that was frozen, and nobody took its store, goes on', async () => {
    const name = `woken ${where}`
    const tab = await browser.open(url())
    await tab.call('open', { name })
    await tab.call('run', { prefix: 'run', seed: 1 })
    const acknowledged = async () => (await tab.call('untold')) as readonly Acknowledged[]
    await until(async () => (await acknowledged()).length >= 20)
    // in front of it
    const other = await browser.open(url())
    await tab.freeze()
    await tab.thaw()
    await until(async () => (await tab.call('thaws')) === 1)
    const before = await acknowledged()
    await until(async () => (await acknowledged()).length >= before.length + 20)
    const all = await acknowledged()
    await tab.page.close()
    await other.call('open', { name, wait: true })
    expectKept(await other.call('read'), all)
    await other.page.close()
    browser.expectCalm()
  })

  test('a tab that crashed is in nobody’s way for longer than its lease', async () => {
    const name = `crashed ${where}`
    const [crashing, other] = [await browser.open(url()), await browser.open(url())]
    await crashing.call('open', { name })
    await crashing.append('a')
    await crashing.crash()
    await other.call('open', { name, wait: true })
    await other.append('b')
    const contents = await other.call('read')
    expect(contents.oplog).toEqual(['a', 'b'])
    expectWhole(contents)
    await other.page.close()
    await crashing.page.close()
    browser.expectCalm()
  })
})
