import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { random } from '../durability/random.mjs'
import { newSeed } from '../durability/rounds.ts'
import { page, type Site, STRICT_POLICY, serveSite } from '../support/chromium.ts'
import { ChromiumProcess } from './chromium-process.ts'

const dist = fileURLToPath(new URL('../../dist/browser', import.meta.url))
const ROUNDS = 6
const KEYS = 100

/** Commit `n` puts `n` under one of the keys, and under the last one; so that any of its states can be told from another. */
const CLIENT = `import { opfs } from '/lib/storage/opfs.js'
const key = n => Uint8Array.of(n >>> 8, n & 255)
const valueOf = n => {
  const bytes = new Uint8Array(4 + (n * 7919) % 20000).fill(n & 255)
  new DataView(bytes.buffer).setUint32(0, n)
  return bytes
}
const numberIn = value => {
  if (!value) return 0
  const n = new DataView(value.buffer, value.byteOffset).getUint32(0)
  const expected = valueOf(n)
  return value.length === expected.length && value.every((byte, i) => byte === expected[i]) ? n : -1
}
let store
globalThis.open = async () => {
  store = await opfs('killed').openKeyValue()
  const values = await store.getMany(Array.from({ length: ${KEYS} + 1 }, (_, i) => key(i)))
  return { numbers: values.map(numberIn), generation: store.stats.generation }
}
globalThis.run = async from => {
  for (let n = from; ; n++) {
    const value = valueOf(n)
    await store.commit([{ type: 'put', key: key(n % ${KEYS}), value }, { type: 'put', key: key(${KEYS}), value }])
    tell(n)
  }
}
globalThis.outcome = true`

interface Client {
  open(): Promise<{ numbers: number[]; generation: number }>
  run(from: number): Promise<never>
}

let site: Site
let profile: string
let running: ChromiumProcess | null = null

beforeEach(async () => {
  site = await serveSite({
    folders: { '/lib/': dist },
    files: { '/': page('/client.js'), '/client.js': CLIENT },
    policy: STRICT_POLICY
  })
  profile = await mkdtemp(join(tmpdir(), 'autobee-opfs-killed-'))
})

afterEach(async () => {
  await kill()
  await site.close()
  await rm(profile, { recursive: true, force: true, maxRetries: 10 })
})

async function kill(): Promise<void> {
  const gone = running
  running = null
  await gone?.kill()
}

/** What `open` finds, checked, and how to go on. */
async function start(onTold: (n: number) => void) {
  running = await ChromiumProcess.start(profile)
  const tab = await running.context.newPage()
  await tab.exposeFunction('tell', onTold)
  await tab.goto(site.url)
  await tab.waitForFunction(() => 'outcome' in globalThis)
  const { numbers, generation } = await tab.evaluate(() => (globalThis as unknown as Client).open())
  const last = numbers.at(-1) as number
  // the state after commit `last`, and no other
  const expected = Array.from({ length: KEYS }, (_, i) => Math.max(0, last - ((last - i + KEYS) % KEYS)))
  expect(numbers.slice(0, KEYS)).toEqual(expected)
  return { tab, last, generation }
}

test('a browser killed while a page commits to OPFS, through compactions, loses nothing that was acknowledged', async () => {
  const rng = random(newSeed('killed browser, OPFS'))
  let acknowledged = 0
  for (let round = 0; round < ROUNDS; round++) {
    let left = 50 + Math.floor(rng() * 400)
    let enough = () => {}
    const heard = new Promise<void>(resolve => {
      enough = resolve
    })
    const { tab, last } = await start(n => {
      acknowledged = n
      if (--left === 0) enough()
    })
    expect(last).toBeGreaterThanOrEqual(acknowledged)
    // rejects when the browser is killed
    tab.evaluate(from => (globalThis as unknown as Client).run(from), last + 1).catch(() => {})
    await heard
    await kill()
  }
  const { last, generation } = await start(() => {})
  expect(last).toBeGreaterThanOrEqual(acknowledged)
  expect(generation).toBeGreaterThan(1)
})
