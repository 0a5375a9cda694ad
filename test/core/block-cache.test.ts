import b4a from 'b4a'
import Hyperbee from 'hyperbee2'
import { afterEach, expect, test } from 'vitest'
import { cacheBlocks } from '../../src/engine/block-cache.ts'
import { type TempStore, tempStore } from '../support/store.ts'

const stores: TempStore[] = []
afterEach(async () => {
  await Promise.all(stores.splice(0).map(store => store.close()))
})

const keyOf = (i: number) => b4a.from(`key ${String(i).padStart(4, '0')}`)
const contentOf = (i: number) => b4a.from(`value ${i} `.repeat(i % 10 === 0 ? 200 : 1))

/** A tree of 600 keys, written in bulk and then here and there, and opened again; `reads` counts its core's reads. */
async function tree(options?: { keptBytes: number } | null): Promise<{ bee: Hyperbee; reads: () => number }> {
  const temp = await tempStore()
  stores.push(temp)
  const written = new Hyperbee(temp.store, { core: temp.store.get({ name: 'tree' }) })
  await written.ready()
  for (let from = 0; from < 600; from += 100) {
    const batch = written.write()
    for (let i = from; i < from + 100; i++) batch.tryPut(keyOf((i * 7) % 600), contentOf((i * 7) % 600))
    await batch.flush()
  }
  const core = temp.store.get({ name: 'tree' })
  await core.ready()
  let reads = 0
  const get = core.get.bind(core)
  core.get = ((...args: Parameters<typeof get>) => {
    reads++
    return get(...args)
  }) as never
  const bee = new Hyperbee(temp.store, { core, maxCacheSize: 2 })
  if (options !== null) cacheBlocks(bee, options)
  await bee.ready()
  return { bee, reads: () => reads }
}

async function readAll(bee: Hyperbee): Promise<void> {
  for (let i = 0; i < 600; i++) {
    const entry = await bee.get(keyOf((i * 11) % 600))
    expect(b4a.equals(entry?.value as Uint8Array, contentOf((i * 11) % 600))).toBe(true)
  }
}

test('a block is read once, however many keys of however many nodes it holds', async () => {
  const cached = await tree()
  await readAll(cached.bee)
  expect(cached.reads()).toBeLessThanOrEqual(cached.bee.core.length)
  await readAll(cached.bee)
  expect(cached.reads()).toBeLessThanOrEqual(cached.bee.core.length)
  const plain = await tree(null)
  await readAll(plain.bee)
  expect(plain.reads()).toBeGreaterThan(10 * cached.reads())
})

test('what is kept stays within its bounds, and what is dropped is read again', async () => {
  const { bee, reads } = await tree({ keptBytes: 1 })
  await readAll(bee)
  expect(reads()).toBeGreaterThan(bee.core.length)
})

test('a snapshot shares the cache, and sees what is written after', async () => {
  const { bee } = await tree()
  const before = bee.snapshot()
  const batch = bee.write()
  batch.tryPut(keyOf(3), b4a.from('new'))
  await batch.flush()
  expect(b4a.toString((await bee.get(keyOf(3)))?.value as Uint8Array)).toBe('new')
  expect(b4a.equals((await before.get(keyOf(3)))?.value as Uint8Array, contentOf(3))).toBe(true)
})

test('a read that fails is tried again', async () => {
  const { bee } = await tree()
  const get = bee.core.get.bind(bee.core)
  bee.core.get = (() => Promise.reject(new Error('not now'))) as never
  await expect(bee.get(keyOf(1))).rejects.toThrow('not now')
  bee.core.get = get
  expect(await bee.get(keyOf(1))).not.toBe(null)
})
