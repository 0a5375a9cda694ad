import { expect, test } from 'vitest'
import { until } from '../support/peers.ts'
import type { Child } from './child.ts'
import { readDisk } from './disk.ts'
import { random } from './random.mjs'
import { expectCalm, expectSame, newSeed } from './rounds.ts'
import { workshop } from './workshop.ts'

const ROUNDS = 3

const shop = workshop()

test('two processes that append apart, are killed and merge have the same order and view', async () => {
  const rng = random(newSeed('two processes'))
  const dirs = [await shop.dir(), await shop.dir()] as const
  let key: string | null = null
  let runs = 0
  const start = async (side: 0 | 1): Promise<Child> => {
    const child = shop.child({
      dir: dirs[side],
      key,
      name: `${side}.${runs++}`,
      seed: Math.floor(rng() * 2 ** 32)
    })
    key = (await child.ready()).key
    return child
  }
  const some = () => 20 + Math.floor(rng() * 60)

  let a = await start(0)
  let b = await start(1)
  await a.append({ id: 'add', addWriter: (await b.ready()).local })
  await b.call('connect', { port: await portOf(a) })
  await b.hears(({ event }) => event === 'writable' || undefined)

  const acked = [a, b].map(() => new Set<string>())
  const end = async (child: Child, side: 0 | 1) => {
    await child.end()
    expectCalm(child)
    for (const { ids } of child.acked) for (const id of ids) acked[side]?.add(id)
  }

  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all([end(a, 0), end(b, 1)])
    // apart: both append, one is killed in the middle of it and goes on
    a = await start(0)
    b = await start(1)
    await Promise.all([appendSome(a, some()), appendSome(b, some())])
    await end(b, 1)
    b = await start(1)
    await appendSome(b, some())
    // together: one is killed while they merge
    await b.call('connect', { port: await portOf(a) })
    const undone = rng() < 0.5 ? a : b
    const { position } = await undone.status()
    await until(async () => (await undone.status()).position > position)
    if (undone === a) {
      await end(a, 0)
      a = await start(0)
      await b.call('connect', { port: await portOf(a) })
    } else {
      await end(b, 1)
      b = await start(1)
      await b.call('connect', { port: await portOf(a) })
    }
    await Promise.all([appendSome(a, 5), appendSome(b, 5)])
    await expectSame(a, b)
  }

  const [one, other] = [await a.status(), await b.status()]
  expect(one.position).toBe(other.position)
  for (const [side, child] of [a, b].entries()) {
    for (const { ids } of child.acked) for (const id of ids) acked[side]?.add(id)
    await child.close()
    expectCalm(child)
  }
  const [left, right] = [await readDisk(dirs[0], key ?? ''), await readDisk(dirs[1], key ?? '')]
  expect(left?.places).toEqual(right?.places)
  expect(left?.boot.orderHash).toEqual(right?.boot.orderHash)
  expect(left?.view).toEqual(right?.view)
  const ids = new Set(left?.ids)
  for (const side of acked) for (const id of side) expect(ids.has(id), id).toBe(true)
})

async function portOf(child: Child): Promise<number> {
  return (await child.call<{ port: number }>('listen')).port
}

async function appendSome(child: Child, count: number): Promise<void> {
  const before = child.acked.length
  await child.call('run', { count })
  await child.hears(() => (child.acked.length >= before + count ? true : undefined))
}
