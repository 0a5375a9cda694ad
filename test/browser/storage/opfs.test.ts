import { describe, expect, test } from 'vitest'
import { opfs } from '../../../adapters/storage/opfs.ts'
import { bytes, contents, filled, keyOf, put } from '../../../adapters/testing/bytes.ts'
import { storageSuite } from '../../../adapters/testing/index.ts'
import { bytesOf, flip, opfsPlace } from './opfs-places.ts'

describe.each(['relaxed', 'strict'] as const)('%s', durability => {
  storageSuite({
    test,
    create: () => opfsPlace({ durability }),
    steps: 150,
    faults: {
      async damage({ name }) {
        const content = await bytesOf(name, 0)
        // the case wrote 2,000 bytes of 1
        const at = content.findIndex(
          (byte, i) => byte === 1 && content.subarray(i, i + 1000).every(b => b === 1)
        )
        expect(at).toBeGreaterThan(0)
        await flip(name, 0, at + 500)
      }
    }
  })
})

test('a store of 20,000 entries, overwritten and compacted, is there when opened again', async () => {
  const place = opfsPlace({ cacheBytes: 100_000 })
  const store = await place.adapter.openKeyValue()
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 20_000; i += 500) {
      await store.commit(Array.from({ length: 500 }, (_, j) => put(keyOf(i + j), filled(100, round))))
    }
  }
  await store.close()
  const sizes = [(await bytesOf(place.name, 0)).length, (await bytesOf(place.name, 1)).length]
  expect(sizes[0]! + sizes[1]!).toBeLessThan(5 * 20_000 * 114)
  const again = await place.adapter.openKeyValue()
  const entries = await contents(again)
  expect(entries.length).toBe(20_000)
  expect(entries.every(({ value }) => value.length === 100 && value[0] === 4)).toBe(true)
  await again.close()
  await place.destroy()
})

test('who goes around the lock is STORE_LOCKED by the handles, and disturbs nobody', async () => {
  const place = opfsPlace()
  const store = await place.adapter.openKeyValue()
  await store.commit([put(keyOf(1), bytes(1))])
  const { openRemote } = await import('../../../adapters/storage/opfs/remote.ts')
  const start = () =>
    new Worker(new URL('../../../adapters/storage/opfs/worker.ts', import.meta.url), { type: 'module' })
  await expect(openRemote(place.name, start)).rejects.toMatchObject({ name: 'NoModificationAllowedError' })
  await store.commit([put(keyOf(2), bytes(2))])
  await store.close()
  const again = await place.adapter.openKeyValue()
  expect((await contents(again)).length).toBe(2)
  await again.close()
  await place.destroy()
})

test('a worker that is ended under a store loses nothing that was acknowledged', async () => {
  const place = opfsPlace()
  let worker: Worker | undefined
  const start = () => {
    worker = new Worker(new URL('../../../adapters/storage/opfs/worker.ts', import.meta.url), {
      type: 'module'
    })
    return worker
  }
  const { openRemote } = await import('../../../adapters/storage/opfs/remote.ts')
  const { LogStore } = await import('../../../adapters/storage/log/store.ts')
  const store = await LogStore.open(await openRemote(place.name, start))
  for (let i = 0; i < 50; i++) await store.commit([put(keyOf(i), bytes(i))])
  for (let i = 50; i < 80; i++) store.commit([put(keyOf(i), bytes(i))]).catch(() => {})
  worker?.terminate()
  // which gives its files free some time after
  const again = await place.adapter.openKeyValue()
  const entries = await contents(again)
  expect(entries.length).toBeGreaterThanOrEqual(50)
  expect(entries.map(({ key }) => key)).toEqual(entries.map((_, i) => keyOf(i)))
  await again.close()
  await place.destroy()
})

test('a worker that cannot be loaded is STORE_FAILED with the reason WORKER, and leaves nothing locked', async () => {
  const place = opfsPlace({ worker: () => new Worker('/there/is/no/worker.js', { type: 'module' }) })
  for (let i = 0; i < 2; i++) {
    await expect(place.adapter.openKeyValue()).rejects.toMatchObject({
      code: 'STORE_FAILED',
      reason: 'WORKER'
    })
  }
  await (await opfs(place.name).openKeyValue()).close()
  await place.destroy()
})

test('wrong arguments are told at once', () => {
  expect(() => opfs('')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  for (const options of [null, { durability: 'some' }, { wait: 1 }, { cacheBytes: -1 }, { worker: 'w.js' }]) {
    expect(() => opfs('name', options as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
  }
})
