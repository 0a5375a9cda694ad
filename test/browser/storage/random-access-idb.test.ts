import { Buffer } from 'buffer'
import { expect, test } from 'vitest'
import { randomAccess } from '../../../adapters/storage/random-access.ts'
import { bytes, contents, filled, keyOf, put } from '../../../adapters/testing/bytes.ts'
import { storageSuite } from '../../../adapters/testing/index.ts'

// random-access-idb takes a Buffer for granted, also while it is imported
Object.assign(globalThis, { Buffer })
const { default: randomAccessIdb } = await import('random-access-idb')

const databases = new Map<string, ReturnType<typeof randomAccessIdb>>()

/** random-access-idb never closes a connection, so one for all cases: stores in it by a prefix of their files. */
function place() {
  const name = crypto.randomUUID()
  const database = databases.get('idb') ?? randomAccessIdb(`autobee-test-${name}`)
  databases.set('idb', database)
  return { name, adapter: randomAccess(slot => database(`${name}/${slot}`)), destroy: async () => {} }
}

storageSuite({ test, create: place, seeds: [1, 2, 3], steps: 120 })

test('a store that is compacted over and over is there when opened again, though nothing can be truncated', async () => {
  const { adapter } = place()
  let expected = 0
  for (let round = 0; round < 4; round++) {
    const store = await adapter.openKeyValue()
    expect((await contents(store)).map(({ value }) => value[0])).toEqual(Array(expected).fill(round - 1))
    for (let i = 0; i < 40; i++) {
      await store.commit(
        Array.from({ length: 10 }, (_, j) => put(keyOf((i % 4) + j * 4), filled(8000, round)))
      )
    }
    expected = 40
    await store.close()
  }
})

test('without a Buffer a write is not answered: STORE_FAILED in time, and nothing is half there', async () => {
  const { name } = place()
  const database = databases.get('idb')!
  // long enough for writes that are answered, on a machine that has much to do
  const adapter = randomAccess(slot => database(`${name}/${slot}`), { timeout: 3_000 })
  const store = await adapter.openKeyValue()
  await store.commit([put(keyOf(1), bytes(1))])
  // what it throws then, in an event of its own, is that it never answers
  const thrown: string[] = []
  const onerror = (event: ErrorEvent) => {
    thrown.push(event.message)
    event.preventDefault()
    event.stopImmediatePropagation()
  }
  addEventListener('error', onerror, { capture: true })
  Object.assign(globalThis, { Buffer: undefined })
  const failed = store.commit([put(keyOf(2), bytes(2))])
  await expect(failed).rejects.toMatchObject({ code: 'STORE_FAILED', reason: 'TIMEOUT' })
  Object.assign(globalThis, { Buffer })
  removeEventListener('error', onerror, { capture: true })
  expect(thrown.length).toBeGreaterThan(0)
  await store.close()
  const again = await randomAccess(slot => database(`${name}/${slot}`)).openKeyValue()
  expect((await contents(again)).map(({ key }) => key)).toEqual([keyOf(1)])
  await again.close()
})
