import { expect, test } from 'vitest'
import { entries, harness } from './harness.ts'

const h = harness()

test('what was put is there when the promise resolves', async () => {
  const kv = await h.open()
  await kv.put('a', 1)
  expect(await kv.get('a')).toBe(1)
  await kv.put('b', { deep: [null] })
  await kv.del('a')
  expect(await kv.get('a')).toBe(null)
  expect(await entries(kv)).toEqual([['b', { deep: [null] }]])
})

test('peers agree', async () => {
  const [a, b] = await h.pair()
  await a.put('x', 1)
  const watcher = a.watch()
  await b.put('y', 2)
  for await (const change of watcher) {
    expect(change).toEqual({ type: 'put', key: 'y', value: 2, previous: null })
    break
  }
  expect(await entries(a)).toEqual([
    ['x', 1],
    ['y', 2]
  ])
})
