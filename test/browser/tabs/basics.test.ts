import b4a from 'b4a'
import { expect, test } from 'vitest'
import { typed } from '../../../src/index.ts'
import { ids, makeTab, nameOf, numbers, openTab, until } from './tabs.ts'

test('the first tab owns the store; what either appends, both have', async () => {
  const name = nameOf()
  const owner = await openTab(name)
  const follower = await openTab(name)
  expect([owner.role, follower.role]).toEqual(['owner', 'follower'])
  expect(follower.id).toBe(owner.id)
  expect(follower.local).toEqual(owner.local)
  expect(follower.writable).toBe(true)
  const head = await follower.append({ id: 'a' })
  expect(await ids(follower)).toEqual(['a'])
  expect(head).toEqual({ key: owner.local.key, length: 1 })
  await owner.append([{ id: 'b' }, { id: 'c' }])
  await until(() => follower.local.length === 3)
  expect(await ids(follower)).toEqual(['a', 'b', 'c'])
  expect(await ids(owner)).toEqual(['a', 'b', 'c'])
  expect([...follower.writers]).toEqual([...owner.writers])
  expect(follower.oplogs()).toEqual(owner.oplogs())
  expect(follower.views()).toEqual(owner.views())
  expect([...owner.errors, ...follower.errors]).toEqual([])
})

test('when the owner closes, a follower is the owner, with the same view and the same bee', async () => {
  const name = nameOf()
  const owner = await openTab(name)
  const follower = await openTab(name)
  const { bee, view } = follower
  await owner.append({ id: 'a' })
  await owner.close()
  await until(() => follower.role === 'owner')
  expect(follower.bee).toBe(bee)
  expect(follower.view).toBe(view)
  expect(await ids(follower)).toEqual(['a'])
  await follower.append({ id: 'b' })
  expect(await ids(follower)).toEqual(['a', 'b'])
})

test('appends of a tab go on across the hand-over: none lost, none twice, in their order', async () => {
  const name = nameOf()
  const owner = await openTab(name)
  const [a, b] = [await openTab(name), await openTab(name)]
  const wanted = numbers(200)
  const appends = [a, b].flatMap((tab, i) => wanted.map(id => tab.append({ id: `${i}.${id}` })))
  await appends[20]
  await owner.close()
  const heads = await Promise.all(appends)
  expect(new Set(heads.map(({ length }) => length)).size).toBe(400)
  await until(() => [a, b].every(tab => tab.local.length === 400))
  for (const tab of [a, b]) {
    const found = await ids(tab)
    for (const i of [0, 1]) {
      const own = found.filter(id => id.startsWith(`${i}.`))
      expect(own).toEqual(wanted.map(id => `${i}.${id}`))
    }
  }
})

test('a refusal has the same code in every tab', async () => {
  const name = nameOf()
  const owner = await openTab(name)
  const follower = await openTab(name)
  for (const tab of [owner, follower]) {
    await expect(tab.append({ id: 'refused' })).rejects.toMatchObject({ code: 'APPLY_FAILED' })
    await expect(tab.append([])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(() => tab.replicate()).toThrow(expect.objectContaining({ code: 'NOT_OWNER' }))
  }
})

test('a tab that comes while nobody owns the store, and appends at once, does not wait for ready', async () => {
  const tab = makeTab(nameOf())
  await tab.append({ id: 'a' })
  expect(await ids(tab)).toEqual(['a'])
})

test('typed watchers, read streams and update handlers work in a follower', async () => {
  const name = nameOf()
  const changes: string[] = []
  const owner = await openTab(name)
  const follower = await openTab(name, {
    async update(_, { [Symbol.asyncIterator]: iterate }) {
      for (let it = iterate(), next = await it.next(); !next.done; next = await it.next())
        changes.push(b4a.toString(next.value.key))
    }
  })
  const seen: unknown[] = []
  const watcher = await typed(follower.bee, { keyEncoding: 'utf-8', valueEncoding: 'utf-8' }).getAndWatch(
    'id/b'
  )
  watcher.on('update', () => seen.push(watcher.node?.value))
  await owner.append({ id: 'a' })
  await owner.append({ id: 'b' })
  await until(() => seen.length === 1)
  await until(() => changes.length >= 4)
  expect(seen).toEqual(['1'])
  expect(new Set(changes)).toEqual(new Set(['count', 'id/a', 'id/b']))
  await watcher.close()
})
