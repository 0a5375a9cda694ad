import { describe, expect, test } from 'vitest'
import type { KeyValueOperation } from '../../../adapters/storage/key-value.ts'
import type { LogStoreOptions } from '../../../adapters/storage/log/store.ts'
import { bytes, contents, del, delRange, filled, keyOf, put } from '../../../adapters/testing/bytes.ts'
import { Model } from '../../../adapters/testing/model.ts'
import { Random } from '../../../adapters/testing/random.ts'
import { Disk, type DiskOptions, dump, type Step } from './log-disk.ts'

/** Compacts as often as it can, in many steps. */
const EAGER: LogStoreOptions = { minGarbage: 0, chunk: 150 }
const KINDS: DiskOptions[] = [
  { truncates: true, syncs: true },
  { truncates: false, syncs: true },
  { truncates: true, syncs: false },
  { truncates: false, syncs: false }
]

/** Steps that make a store: its header, and the record that completes it. */
const CREATION = 2

interface Session {
  readonly disk: Disk
  /** What there was after so many commits. */
  readonly states: readonly string[]
  /** When a commit had resolved, in order. */
  readonly acknowledged: readonly Moment[]
  /** When a sync had resolved, and how many commits had before it was called. */
  readonly synced: readonly (Moment & { readonly commits: number })[]
  readonly generations: number
}

interface Moment {
  /** So many steps of the journal had been done. */
  readonly steps: number
  readonly time: number
}

function someOperations(random: Random): KeyValueOperation[] {
  return Array.from({ length: 1 + random.below(3) }, () => {
    const key = keyOf(random.below(12))
    if (random.below(6) === 0) return del(key)
    if (random.below(12) === 0) return delRange(key, keyOf(random.below(12)))
    return put(key, filled(random.below(60), random.below(256)))
  })
}

/** Commits, some at once, with syncs and time in between, on a disk that is compacted all the while. */
async function session(seed: number, options: DiskOptions): Promise<Session> {
  const random = new Random(seed)
  const disk = new Disk(options)
  const store = await disk.open(EAGER)
  const states = ['']
  const acknowledged: Moment[] = []
  const synced: (Moment & { commits: number })[] = []
  let model = new Model()
  const moment = () => ({ steps: disk.journal.length, time: disk.time })
  for (let i = 0; i < 40; i++) {
    const group = Array.from({ length: 1 + random.below(3) }, async () => {
      const operations = someOperations(random)
      model = model.after(operations)
      states.push(textOf(model))
      await store.commit(operations)
      acknowledged.push(moment())
    })
    await Promise.all(group)
    if (random.below(4) === 0) disk.time += random.below(40_000)
    if (random.below(6) > 0) continue
    const commits = acknowledged.length
    await store.sync()
    synced.push({ ...moment(), commits })
  }
  const generations = store.stats.generation
  await store.close()
  return { disk, states, acknowledged, synced, generations }
}

function textOf(model: Model): string {
  const hex = (array: Uint8Array) => Buffer.from(array).toString('hex')
  return model
    .list()
    .map(({ key, value }) => `${hex(key)}=${hex(value)}`)
    .join(' ')
}

/** Opens what is left, compares it, and sees that it goes on. */
async function check(
  left: Disk,
  { states, from, to }: { states: readonly string[]; from: number; to: number }
) {
  const store = await left.open(EAGER)
  const state = await dump(store)
  const possible = states.slice(from, to + 1)
  expect(possible).toContain(state)
  await store.commit([put(bytes(255), bytes(1))])
  const copy = await left.copy().open(EAGER)
  expect(await dump(copy)).toBe(`${state} ff=01`.trim())
  await copy.close()
  await store.close()
}

describe.each(KINDS)('on a disk of %o', options => {
  test('killed at every step, and within it, a store has what was acknowledged, whole and in order', async () => {
    const { disk, states, acknowledged, generations } = await session(1, options)
    expect(generations).toBeGreaterThan(options.syncs ? 4 : 2)
    const now = new Disk(options)
    now.time = disk.time
    for (const [i, step] of disk.journal.entries()) {
      const from = acknowledged.filter(({ steps }) => steps <= i).length
      const range = { states, from, to: Math.min(from + 3, states.length - 1) }
      await check(now.copy(), range)
      if (step.type === 'write') {
        for (const part of partsOf(step.bytes)) await check(now.copy().apply({ ...step, bytes: part }), range)
      }
      now.apply(step)
    }
    await check(now, { states, from: acknowledged.length, to: acknowledged.length })
  })

  test.each([1, 2, 3, 4, 5, 6])(
    'after a power cut that loses any late writes, no more than those: seed %i',
    async seed => {
      const random = new Random(seed)
      const { disk, states, acknowledged, synced } = await session(seed, options)
      for (let round = 0; round < 60; round++) {
        const steps = 1 + random.below(disk.journal.length)
        const done = disk.journal.slice(0, steps)
        const now = done.at(-1)!.time
        const settled = acknowledged.filter(one => one.steps <= steps && one.time < now - 60_000).length
        const safe = synced.findLast(one => one.steps <= steps)?.commits ?? 0
        const left = new Disk(options)
        for (const step of survivors(done, { now, random })) left.apply(step)
        await check(left, {
          states,
          from: Math.max(settled, options.syncs ? safe : 0),
          to: states.length - 1
        })
      }
    }
  )
})

function partsOf(all: Uint8Array): Uint8Array[] {
  const sizes = [1, 8, 31, 39, 40, 41, all.length >> 1, all.length - 1]
  return sizes.filter(size => size > 0 && size < all.length).map(size => all.subarray(0, size))
}

/** Of what was written in the last minute and not synced since, any steps, in any part. */
function survivors(done: readonly Step[], { now, random }: { now: number; random: Random }): Step[] {
  return done.flatMap((step, i): Step[] => {
    const isSafe = done.slice(i).some(later => later.type === 'sync' && later.slot === step.slot)
    // without a sync, a store that was made in the last minute is STORE_CORRUPT when that is lost and what followed is not
    if (isSafe || i < CREATION || step.time < now - 60_000) return [step]
    const luck = random.below(4)
    if (luck < 2) return [step]
    if (luck === 2 || step.type !== 'write') return []
    return [{ ...step, bytes: step.bytes.subarray(0, random.below(step.bytes.length)) }]
  })
}

test('a snapshot and a cursor stay readable while compactions replace the log under them', async () => {
  for (const options of KINDS) {
    const disk = new Disk(options)
    const store = await disk.open({ ...EAGER, cacheBytes: 0 })
    await store.commit(Array.from({ length: 30 }, (_, i) => put(keyOf(i), filled(20, i))))
    const before = await contents(store)
    const snapshot = store.snapshot()
    const cursor = store.entries({})
    const first = await cursor.next(10)
    for (let i = 0; i < 300; i++) {
      disk.time += 10_000
      await store.commit([put(keyOf(i % 30), filled(20, 200)), del(keyOf((i + 7) % 30))])
    }
    // one compaction at least, and none that writes over what is still read
    expect(store.stats.generation).toBe(2)
    expect(await contents(snapshot)).toEqual(before)
    expect([...first, ...(await cursor.next(1000))]).toEqual(before)
    cursor.close()
    snapshot.close()
    for (let i = 0; i < 300; i++) {
      disk.time += 10_000
      await store.commit([put(keyOf(i % 30), filled(20, 201))])
    }
    expect(store.stats.generation).toBeGreaterThan(3)
    await store.close()
  }
})

test('the log stays within twice what it holds, and a constant', async () => {
  const disk = new Disk()
  const store = await disk.open({ minGarbage: 10_000, chunk: 5000 })
  for (let i = 0; i < 4000; i++) await store.commit([put(keyOf(i % 50), filled(200, i & 255))])
  const { bytes: size, liveBytes, generation } = store.stats
  expect(generation).toBeGreaterThan(10)
  // what was committed while the last compaction ran is in it too
  expect(size).toBeLessThan(liveBytes * 2 + 30_000)
  await store.close()
  expect(disk.slots[0].length + disk.slots[1].length).toBeLessThan(liveBytes * 4 + 60_000)
})

test('a compaction that finds no room tells so, gives it back, and the store goes on and tries again later', async () => {
  const disk = new Disk()
  const failed: string[] = []
  const store = await disk.open({ ...EAGER, onCompactionError: error => failed.push(error.code) })
  let room = 100
  disk.onwrite = (slot, array) => {
    if (slot === 0) return array.length
    room -= array.length
    return Math.max(0, Math.min(array.length, room))
  }
  for (let i = 0; failed.length === 0; i++) await store.commit([put(keyOf(i % 5), filled(100, i & 255))])
  expect(failed).toEqual(['STORE_FULL'])
  expect(disk.slots[1].length).toBe(0)
  expect(store.stats.generation).toBe(1)
  room = 1_000_000
  for (let i = 0; store.stats.generation === 1; i++)
    await store.commit([put(keyOf(i % 5), filled(100, i & 255))])
  const state = await dump(store)
  await store.close()
  expect(await dump(await disk.open())).toBe(state)
})

test('a compaction whose last write fails and cannot be undone breaks the store: no later commit can be lost', async () => {
  const disk = new Disk({ truncates: false })
  const store = await disk.open(EAGER)
  let isDead = false
  disk.onwrite = async (slot, array) => {
    // the record that completes a generation is a header and one byte
    if (slot === 0 || (!isDead && array.length !== 41)) return array.length
    if (!isDead)
      disk.apply({ type: 'write', slot, at: disk.slots[slot].length, bytes: array.slice(), time: 0 })
    isDead = true
    throw new Error('a dead disk')
  }
  const failures: unknown[] = []
  for (let i = 0; i < 100; i++) {
    await store.commit([put(keyOf(i % 3), bytes(i))]).catch(error => failures.push(error))
  }
  expect(isDead).toBe(true)
  expect(failures.length).toBeGreaterThan(1)
  for (const failure of failures) expect(failure).toMatchObject({ code: 'STORE_FAILED', reason: 'BROKEN' })
  const state = await dump(store)
  await store.close()
  disk.onwrite = null
  const again = await disk.open()
  expect(again.stats.generation).toBe(2)
  expect(await dump(again)).toBe(state)
  await again.close()
})
