import { describe, expect, test } from 'vitest'
import type { KeyValueOperation } from '../../../adapters/storage/key-value.ts'
import { bytes, del, delRange, filled, keyOf, put } from '../../../adapters/testing/bytes.ts'
import { Disk, type DiskOptions, dump } from './log-disk.ts'

const COMMITS: readonly (readonly KeyValueOperation[])[] = [
  [put(keyOf(1), bytes(1)), put(keyOf(2), bytes()), put(keyOf(3), filled(40, 3))],
  [del(keyOf(2)), put(keyOf(1), bytes(2, 2))],
  [put(keyOf(4), filled(20, 4)), delRange(keyOf(3), keyOf(4))],
  [put(keyOf(5), bytes(5)), put(keyOf(1), bytes(7))],
  [put(keyOf(6), bytes(6))]
]
const KINDS: DiskOptions[] = [
  { truncates: true, syncs: true },
  { truncates: false, syncs: false }
]

interface Written {
  readonly disk: Disk
  /** Where the record of a commit begins; the last is the end. */
  readonly begins: readonly number[]
  /** What there was before each commit; the last is after all. */
  readonly states: readonly string[]
}

/** A killed process left these commits; `synced`: it had called `sync` after that many. */
async function written(options: DiskOptions, synced = -1): Promise<Written> {
  const disk = new Disk(options)
  const store = await disk.open()
  const begins = [store.stats.bytes]
  const states = [await dump(store)]
  for (const [i, operations] of COMMITS.entries()) {
    if (i === synced) await store.sync()
    await store.commit(operations)
    begins.push(store.stats.bytes)
    states.push(await dump(store))
  }
  return { disk: disk.copy(), begins, states }
}

async function stateOf(disk: Disk): Promise<string> {
  const store = await disk.open({ chunk: 64 })
  const state = await dump(store)
  await store.close()
  return state
}

describe.each(KINDS)('on a disk of %o', options => {
  test('cut at every byte of its records, a log has what was committed before the cut', async () => {
    const { disk, begins, states } = await written(options)
    for (let size = begins[0]!; size <= begins.at(-1)!; size++) {
      const whole = begins.findLastIndex(begin => begin <= size)
      expect([size, await stateOf(disk.copy().cut(0, size))]).toEqual([size, states[whole]])
    }
  })

  test('with any bit of its unsettled records flipped, a log has what was committed before them', async () => {
    const { disk, begins, states } = await written(options)
    for (let at = begins[0]!; at < begins.at(-1)!; at++) {
      const damaged = begins.findLastIndex(begin => begin <= at)
      const mask = 1 << (at % 8)
      expect([at, await stateOf(disk.copy().flip(0, at, mask))]).toEqual([at, states[damaged]])
    }
  })

  test('what is left behind a cut never comes back, also when the same is written over it', async () => {
    const { disk, begins, states } = await written(options)
    for (const [i, operations] of COMMITS.entries()) {
      const again = disk.copy().flip(0, begins[i]! + 41)
      let store = await again.open()
      expect(await dump(store)).toBe(states[i])
      await store.commit(operations)
      expect(await dump(store)).toBe(states[i + 1])
      // not closed: a killed process
      store = await again.copy().open()
      expect(await dump(store)).toBe(states[i + 1])
      await store.close()
    }
  })
})

test('with any byte of what was synced damaged, and a record after it whole, a log is STORE_CORRUPT', async () => {
  const { disk, begins } = await written({}, 4)
  for (let at = 0; at < begins[4]!; at++) {
    await expect(disk.copy().flip(0, at, 0xff).open(), `byte ${at}`).rejects.toMatchObject({
      code: 'STORE_CORRUPT'
    })
  }
})

test('what was written more than a minute before something that is there is STORE_CORRUPT when damaged', async () => {
  const disk = new Disk({ syncs: false })
  const store = await disk.open()
  const begin = store.stats.bytes
  await store.commit(COMMITS[0]!)
  disk.time = 62_000
  await store.commit(COMMITS[1]!)
  await store.commit(COMMITS[2]!)
  const state = await dump(store)
  expect(await stateOf(disk.copy())).toBe(state)
  await expect(disk.copy().flip(0, begin).open()).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
})

test('damage to anything but the last record of a store that was closed is STORE_CORRUPT', async () => {
  const disk = new Disk()
  const store = await disk.open()
  for (const operations of COMMITS) await store.commit(operations)
  const end = store.stats.bytes
  await store.close()
  for (let at = 0; at < end; at++) {
    await expect(disk.copy().flip(0, at).open(), `byte ${at}`).rejects.toMatchObject({
      code: 'STORE_CORRUPT'
    })
  }
})

test('a store whose log is missing is STORE_CORRUPT, and is not what it was a generation before', async () => {
  const disk = new Disk()
  for (let closed = 1; closed < 30; closed++) {
    const store = await disk.open({ minGarbage: 0 })
    for (let i = 0; i < closed; i++) await store.commit([put(keyOf(1), bytes(closed, i))])
    await store.close()
    const current = (await disk.copy().open()).stats.bytes
    const slot = disk.slots[0].length === current ? 0 : 1
    await expect(disk.copy().cut(slot, 0).open(), `closing ${closed}`).rejects.toMatchObject({
      code: 'STORE_CORRUPT'
    })
    const other = disk.copy().cut(slot === 0 ? 1 : 0, 0)
    expect(await stateOf(other)).toBe(await stateOf(disk.copy()))
  }
})

test('a creation that was cut at any byte is a fresh store', async () => {
  const disk = new Disk()
  await disk.open()
  const size = disk.slots[0].length
  for (let cut = 0; cut < size; cut++) expect(await stateOf(disk.copy().cut(0, cut))).toBe('')
})

test('a value that is not what was written is STORE_CORRUPT when it is read', async () => {
  const disk = new Disk()
  let store = await disk.open()
  await store.commit([put(keyOf(1), filled(100, 1)), put(keyOf(2), filled(100, 2))])
  await store.close()
  store = await disk.open()
  disk.flip(0, Buffer.from(disk.slots[0]).indexOf(filled(100, 1)) + 50)
  await expect(store.getMany([keyOf(1)])).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  await expect(dump(store)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  expect(await store.getMany([keyOf(2)])).toEqual([filled(100, 2)])
  await store.close()
})

test('garbage opens as STORE_CORRUPT, whatever it is, and reads no more than twice its size', async () => {
  const { disk, begins } = await written({}, 3)
  const random = lcg(7)
  for (let round = 0; round < 400; round++) {
    const garbage = disk.copy()
    const [slot] = garbage.slots
    const kind = round % 4
    if (kind === 0) garbage.slots[0] = Uint8Array.from({ length: 100 + random(4000) }, () => random(256))
    if (kind === 1) for (let i = 0; i < 20; i++) slot[random(slot.length)] = random(256)
    // pieces of good records in wrong places
    if (kind === 2) slot.copyWithin(random(slot.length), random(slot.length), slot.length)
    if (kind === 3) slot.set(slot.slice(begins[1], begins[2]), begins[random(3)])
    const size = garbage.slots[0].length
    const opened = await garbage.open({ chunk: 100 }).catch(error => error)
    if (opened instanceof Error) expect(opened).toMatchObject({ name: 'AutobeeError', code: 'STORE_CORRUPT' })
    else await opened.close()
    expect(garbage.bytesRead).toBeLessThanOrEqual(size * 2 + 200)
  }
})

function lcg(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
