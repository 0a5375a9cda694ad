import { expect, test } from 'vitest'
import { checkApply } from '../../adapters/testing/index.ts'
import { apply as board } from '../../demo/board/apply.ts'
import type { Op } from '../../demo/board/ops.ts'
import type { ApplyNode, Host, HyperbeeView } from '../../src/index.ts'
import { act, agreed, BoardHarness } from '../board/harness.ts'
import { harness as keyValueHarness } from '../kv/harness.ts'
import { createApply } from '../simulation/program.ts'
import { Random } from '../simulation/random.ts'
import { someOps } from '../simulation/steps.ts'
import { apply, connect } from '../support/peers.ts'
import { harness, op, sees, until } from './harness.ts'

const h = harness()
const kvs = keyValueHarness()

test("a KeyValue's: two peers who wrote the same keys apart", async () => {
  const [a, b, cut] = await kvs.pair<string, number>()
  await cut()
  for (let i = 0; i < 20; i++) {
    await a.put(`k${i % 7}`, i)
    await b.put(`k${i % 5}`, -i)
    if (i % 6 === 0) await a.del(`k${i % 3}`)
  }
  await a.put('of a', 1)
  await b.put('of b', 1)
  const end = connect(a, b)
  await until(async () => (await a.has('of b')) && (await b.has('of a')))
  for (const kv of [a, b]) {
    const report = await checkApply(kv)
    expect(report.cause).toBe(null)
    expect(report.units).toBe(kv.db.orderLength)
    expect(report.runs.at(-1)?.undone).toBeGreaterThan(0)
  }
  await expect(checkApply(a, { keyEncoding: 'binary' } as never)).rejects.toMatchObject({
    code: 'OPTIONS_MISMATCH'
  })
  await end()
})

test("the board's: three who edited apart, one of whom was expelled", async () => {
  // each peer's times are its own, as by real clocks; none is the same
  let ms = Date.now()
  const boards = new BoardHarness({ now: () => ++ms })
  try {
    const { founder, members, cut } = await boards.board(2)
    const all = [founder, ...members]
    await agreed(...all)
    await cut()
    for (const [i, db] of all.entries()) {
      for (let n = 0; n < 6; n++) {
        await act(db, { op: 'item', id: `${i}-${n}`, list: 'todo', text: `item ${n}` } as Op)
        if (n % 2) await act(db, { op: 'edit', id: `${i}-${n - 1}`, done: true, note: `by ${i}` } as Op)
      }
      await act(db, { op: 'remove', id: `${i}-0` } as Op)
    }
    await act(founder, { op: 'expel', key: members[0]?.local.id } as Op)
    const ends = [
      connect(founder, members[0] as never),
      connect(founder, members[1] as never),
      connect(members[0] as never, members[1] as never)
    ]
    await agreed(...all)
    for (const db of all) {
      const report = await checkApply(db, { apply: board as never, valueEncoding: 'json' })
      expect(report.cause).toBe(null)
      expect(report).toMatchObject({ ok: true, units: db.orderLength })
    }
    for (const end of ends) await end()
  } finally {
    await boards.clean()
  }
})

/** Members who meet and part at random, with the simulation's own apply. */
test.each([1, 2, 3])('random history %i: members that come, go and write apart', async seed => {
  const random = new Random(seed)
  const good = createApply({ onunit() {} })
  const options = { valueEncoding: 'json', apply: good as never, ackInterval: seed === 3 ? 20 : 0 } as const
  const first = await h.peer(null, options)
  const peers = [first]
  for (let i = 0; i < 3; i++) peers.push(await h.peer(first.key, options))
  let next = 0
  const values = () => ({ id: `${next++}`, ops: someOps(random) })
  for (const peer of peers.slice(1)) {
    const end = connect(first, peer)
    await first.append({
      id: `${next++}`,
      ops: [['add', peer.local.id, random.chance(0.5) ? 'indexer' : 'writer']]
    })
    await until(() => peer.writable)
    await end()
  }
  for (let round = 0; round < 6; round++) {
    for (const peer of peers)
      for (let i = random.int(0, 6); i > 0 && peer.writable; i--) await peer.append(values())
    const [one, other] = [random.pick(peers), random.pick(peers)]
    if (one === other) continue
    const end = connect(one, other)
    await until(async () => {
      await Promise.all([one.update(), other.update()])
      return one.orderLength === other.orderLength
    })
    await end()
    const [, , , last] = peers
    // what it goes on writing is known, and has no effect
    if (round === 3) await first.append({ id: `${next++}`, ops: [['remove', last?.local.id]] })
  }
  for (const peer of peers) {
    const report = await checkApply(peer, options, { seeds: [seed, seed + 10] })
    expect(report.cause, `seed ${seed}`).toBe(null)
    expect(report.units).toBe(peer.orderLength)
  }
})

test('while the original goes on: what is compared is one moment of it', async () => {
  const a = await h.peer()
  for (let i = 0; i < 40; i++) await a.append(op({ put: { [`k${i}`]: i } }))
  const before = a.orderLength
  const meanwhile: Promise<unknown>[] = []
  const report = await checkApply(a, {
    apply: (nodes: ApplyNode[], view: HyperbeeView, host: Host) => {
      const i = meanwhile.length
      if (i < 60) meanwhile.push(a.append(op({ put: { [`k${i}`]: 'again', [`more${i}`]: i } })))
      return apply(nodes, view, host)
    }
  })
  await Promise.all(meanwhile)
  expect(report.cause).toBe(null)
  expect(report.units).toBe(before)
  expect(a.orderLength).toBe(before + 60)
  await sees(a, 'more59')
})
