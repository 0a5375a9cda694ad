import b4a from 'b4a'
import { expect, test } from 'vitest'
import { checkApply } from '../../adapters/testing/index.ts'
import type { ApplyNode, Autobee, AutobeeOptions, Host, HyperbeeView } from '../../src/index.ts'
import { apply } from '../support/peers.ts'
import { admit, connect, contents, harness, op, sees, until } from './harness.ts'

const h = harness()

type Apply = (nodes: ApplyNode[], view: HyperbeeView, host: Host) => void | Promise<void>

/** Two indexers who wrote apart twice, and met again. */
async function history(options: AutobeeOptions = {}, units = 12): Promise<{ a: Autobee; b: Autobee }> {
  const a = await h.peer(null, options)
  const b = await h.peer(a.key, options)
  const cut = await admit(a, b)
  for (let round = 0; round < 2; round++) {
    await cut()
    for (let i = 0; i < units; i++) {
      await a.append(op({ put: { [`a${round}/${i}`]: i, both: `a${i}` } }))
      await b.append(op({ put: { [`b${round}/${i}`]: i, both: `b${i}` } }))
    }
    const end = connect(a, b)
    await sees(a, `b${round}/${units - 1}`)
    await sees(b, `a${round}/${units - 1}`)
    await end()
  }
  return { a, b }
}

/** Calls the good apply, and another thing. */
function also(what: (view: HyperbeeView) => unknown): Apply {
  return async (nodes, view, host) => {
    await apply(nodes, view, host)
    const value = await what(view)
    const batch = view.write()
    batch.tryPut(b4a.from('also'), b4a.from(String(value)))
    await batch.flush()
  }
}

test('a good apply: every replay has the order and the view, reorganisations happened, and the original is as it was', async () => {
  const { a, b } = await history()
  const before = [a.views(), a.local.length, a.stats.applies, await contents(a)]
  for (const db of [a, b]) {
    const report = await checkApply(db, { apply, ackInterval: 0 })
    expect(report).toMatchObject({
      ok: true,
      cause: null,
      fault: null,
      differences: [],
      firstAt: null,
      tentative: 0
    })
    expect(report.units).toBe(db.orderLength)
    expect(report.keys).toBe(Object.keys(await contents(db)).length)
    expect(report.runs.map(({ kind, seed }) => [kind, seed])).toEqual([
      ['at once', null],
      ['again', null],
      ['unit by unit', null],
      ['shuffled', 1],
      ['shuffled', 2],
      ['shuffled', 3]
    ])
    for (const run of report.runs.slice(3)) expect(run.undone).toBeGreaterThan(0)
  }
  expect([a.views(), a.local.length, a.stats.applies, await contents(a)]).toEqual(before)
})

test('the same seeds give the same pieces', async () => {
  const { a } = await history()
  const [one, two] = [
    await checkApply(a, { apply }, { seeds: [7] }),
    await checkApply(a, { apply }, { seeds: [7] })
  ]
  const shape = ({ runs }: typeof one) =>
    runs.map(({ kind, seed, applied, undone }) => [kind, seed, applied, undone])
  expect(shape(one)).toEqual(shape(two))
})

test('an empty database, and one that has only been created', async () => {
  expect(await checkApply(await h.peer(), { apply })).toMatchObject({ ok: true, units: 0, keys: 0 })
  const a = await h.peer()
  await a.append(op({ put: { x: 1 } }))
  expect(await checkApply(a, { apply })).toMatchObject({ ok: true, units: 1, keys: 1 })
})

test('an encrypted database; the wrong key is ENCRYPTION_KEY_MISMATCH', async () => {
  const encryptionKey = b4a.alloc(32, 7)
  const { a } = await history({ encryptionKey }, 3)
  expect(await checkApply(a, { apply, encryptionKey })).toMatchObject({ ok: true })
  for (const wrong of [null, b4a.alloc(32, 8)])
    await expect(checkApply(a, { apply, encryptionKey: wrong })).rejects.toMatchObject({
      code: 'ENCRYPTION_KEY_MISMATCH'
    })
})

test('other options are OPTIONS_MISMATCH, other things INVALID_ARGUMENT, a closed database CLOSED', async () => {
  const a = await h.peer()
  await a.append(op({ put: { x: 1 } }))
  await expect(checkApply(a, { apply, valueEncoding: 'json' })).rejects.toMatchObject({
    code: 'OPTIONS_MISMATCH'
  })
  await expect(checkApply({} as never, { apply })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(checkApply(a, null as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(checkApply(a, { apply }, { seeds: [0.5] })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await a.close()
  await expect(checkApply(a, { apply })).rejects.toMatchObject({ code: 'CLOSED' })
})

test('views of open are opened and closed for each replay; update is not called', async () => {
  let opened = 0
  let closed = 0
  let updated = 0
  const options: AutobeeOptions<{ bee: HyperbeeView }> = {
    open: bee => {
      opened++
      return { bee }
    },
    close: () => void closed++,
    update: () => void updated++,
    apply: (nodes, { bee }, host) => apply(nodes, bee, host)
  }
  const a = await h.peer<{ bee: HyperbeeView }>(null, options)
  await a.append(op({ put: { x: 1 } }))
  await a.append(op({ put: { y: 2 } }))
  await until(() => updated === 2)
  const before = [opened, closed, updated]
  expect(await checkApply(a, options)).toMatchObject({ ok: true, keys: 2 })
  expect(opened - (before[0] ?? 0)).toBe(closed - (before[1] ?? 0))
  expect(opened - (before[0] ?? 0)).toBeGreaterThanOrEqual(12)
  expect(updated).toBe(before[2])
})

test('strangers who were let in, others who were not, and writers that were removed', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  const c = await h.peer(a.key)
  const cut = await admit(a, b)
  const cutC = connect(a, c)
  await b.append(op({ put: { early: 'b' } }))
  await c.append(op({ ack: true, put: { stranger: 'c' } }), { optimistic: true })
  await sees(a, 'stranger', 'early')
  await c.append(op({ put: { refused: 'c' } }), { optimistic: true }).catch(() => {})
  await a.append(op({ removeWriter: b.local.id, put: { late: 'a' } }))
  await sees(b, 'late')
  await a.append(op({ put: { last: 'a' } }))
  for (const db of [a, b]) {
    await db.update()
    const report = await checkApply(db, { apply })
    expect(report.cause).toBe(null)
    expect(report).toMatchObject({ ok: true, tentative: 0 })
  }
  await cut()
  await cutC()
})

test("a stranger's own units that nobody has let in are left out", async () => {
  const { a } = await history({}, 2)
  const c = await h.peer(a.key)
  const cut = connect(a, c)
  await sees(c, 'a1/1')
  await cut()
  await c.append(op({ ack: true, put: { mine: 'c' } }), { optimistic: true })
  const report = await checkApply(c, { apply })
  expect(report).toMatchObject({ ok: true, tentative: 1, units: a.orderLength })
})

test('a clock, and a random number', async () => {
  let ms = 0
  for (const what of [() => ++ms, () => Math.random()]) {
    const { a } = await history({ apply: also(what) }, 4)
    const report = await checkApply(a, { apply: also(what) })
    expect(report.ok).toBe(false)
    expect(report.fault).toBe('random')
    expect(report.differences[0]).toMatchObject({ kind: 'at once', seed: null, key: b4a.from('also') })
    expect(report.firstAt).toMatchObject({ position: 0, key: a.key, length: 1 })
  }
})

test('a clock that only one kind of value looks at: the first position that differs is that one', async () => {
  const bad: Apply = async (nodes, view, host) => {
    await apply(nodes, view, host)
    if (!b4a.toString(nodes[0]!.value).includes('"a1/3"')) return
    await also(() => Math.random())([], view, host)
  }
  const { a } = await history({ apply: bad }, 6)
  const report = await checkApply(a, { apply: bad })
  expect(report.ok).toBe(false)
  const unit = await a.unit(report.firstAt as { key: Uint8Array; length: number })
  expect(b4a.toString(unit?.values?.[0] as Uint8Array)).toContain('"a1/3"')
  expect(report.differences[0]?.changedAt).toEqual(report.firstAt)
})

test('a Set that outlives a call, iterated', async () => {
  const seen = new Set<string>()
  const bad: Apply = async (nodes, view, host) => {
    await apply(nodes, view, host)
    const { key, length, value } = nodes[0] as ApplyNode
    seen.add(b4a.toString(value))
    const batch = view.write()
    batch.tryPut(b4a.from(`${b4a.toString(key, 'hex')}/${length}`), b4a.from([...seen].join()))
    await batch.flush()
  }
  const { a } = await history({ apply: bad }, 4)
  const report = await checkApply(a, { apply: bad })
  // it is full from the first replay on: all of them agree with each other
  expect(report.ok).toBe(false)
  expect(report.fault).toBe('original')
})

test('a variable that says whether an entry was seen already', async () => {
  const { a } = await history({}, 4)
  const seen = new Set<string>()
  const bad: Apply = async (nodes, view, host) => {
    const value = b4a.toString(nodes[0]?.value as Uint8Array)
    if (!seen.has(value) || value.includes('addWriter')) await apply(nodes, view, host)
    seen.add(value)
  }
  const report = await checkApply(a, { apply: bad })
  // all of it was seen in the first replay
  expect(report.runs[1]?.keys).toBe(0)
  expect(report.fault).toBe('random')
})

test('state in what open made, which an undo does not take back', async () => {
  const options: AutobeeOptions<{ bee: HyperbeeView; count: number }> = {
    open: bee => ({ bee, count: 0 }),
    apply: (nodes, view, host) => also(() => ++view.count)(nodes, view.bee, host)
  }
  const { a } = await history({}, 6)
  const report = await checkApply(a, options as unknown as AutobeeOptions)
  expect(report.ok).toBe(false)
  expect(report.fault).toBe('chunking')
  const [one, two] = [report.runs[0], report.runs[1]]
  expect(one?.differing).toBe(two?.differing)
})

test('what only many undos bring out', async () => {
  const { a } = await history({}, 24)
  const many = 2 * a.orderLength
  const options: AutobeeOptions<{ bee: HyperbeeView; calls: number }> = {
    open: bee => ({ bee, calls: 0 }),
    apply: (nodes, view, host) => also(() => ++view.calls > many)(nodes, view.bee, host)
  }
  const good = also(() => false)
  const b = await h.peer(a.key, { apply: good })
  const cut = connect(a, b)
  await until(async () => {
    await b.update()
    return b.orderLength === a.orderLength
  })
  await cut()
  expect(await checkApply(b, { apply: good })).toMatchObject({ ok: true })
  const report = await checkApply(b, options as unknown as AutobeeOptions, { seeds: [1, 2, 3, 4, 5, 6] })
  expect(report.fault).toBe('undo')
  const run = report.runs.find(({ differing }) => differing > 0)
  expect(run).toMatchObject({ kind: 'shuffled', differing: 1, keys: report.keys })
  expect(report.differences[0]).toMatchObject({ kind: 'shuffled', seed: run?.seed, key: b4a.from('also') })
  expect(report.firstAt).not.toBe(null)
})

test('db.view in place of view, and with it how many units are merged at a time', async () => {
  const options: AutobeeOptions<{ bee: HyperbeeView; db: Autobee }> = {
    open: (bee, db) => ({ bee, db: db as Autobee }),
    apply: async (nodes, { bee, db }, host) => {
      const shown = db.opened ? await db.bee.get(b4a.from('both')) : null
      await also(() => shown && b4a.toString(shown.value))(nodes, bee, host)
    }
  }
  const a = await h.peer(null, options)
  for (let i = 0; i < 6; i++) await a.append(op({ put: { both: i } }))
  const report = await checkApply(a, options)
  expect(report.ok).toBe(false)
  expect(report.fault).toBe('chunking')
  expect(report.firstAt).toMatchObject({ position: 1 })
})

test('where an entry lies in the tree is not the same everywhere', async () => {
  const bad: Apply = async (nodes, view, host) => {
    const seq = (await view.get(b4a.from('both')))?.seq
    await also(() => seq)(nodes, view, host)
  }
  const { a } = await history({ apply: bad }, 5)
  const report = await checkApply(a, { apply: bad })
  expect(report.ok).toBe(false)
  expect(report.fault).toBe('chunking')
})

test('an apply that is another than the one that made the view', async () => {
  const { a } = await history({}, 3)
  const report = await checkApply(a, { apply: also(() => 'new') })
  expect(report.ok).toBe(false)
  expect(report.fault).toBe('original')
  expect(report.firstAt).toBe(null)
  expect(report.differences[0]).toMatchObject({
    key: b4a.from('also'),
    expected: null,
    actual: b4a.from('new'),
    changedAt: { position: 0, key: a.key, length: 1 }
  })
})

test('roles that are given by something outside: the order differs, or the replay stops', async () => {
  const { a } = await history({}, 3)
  const report = await checkApply(a, {
    apply: (nodes, view, host) => apply(nodes, view, { ...host, addWriter() {} } as unknown as Host)
  })
  expect(report.ok).toBe(false)
  expect(report.runs[0]?.orderDiffersAt).toEqual(expect.any(Number))
})

test('an apply that throws or interrupts in a replay only', async () => {
  const { a } = await history({}, 3)
  const throwing = await checkApply(a, {
    apply: () => {
      throw new Error('no')
    }
  })
  expect(throwing.fault).toBe('failure')
  expect(throwing.runs.map(({ failure }) => failure?.code)).toEqual(Array(6).fill('APPLY_FAILED'))
  const interrupting = await checkApply(a, { apply: (_nodes, _view, host) => host.interrupt('later') })
  expect(interrupting.fault).toBe('failure')
  expect(interrupting.runs.map(({ failure }) => failure?.code)).toEqual(Array(6).fill('INTERRUPTED'))
})

test('an original that is interrupted or has failed cannot be checked', async () => {
  const { a, b } = await history({}, 2)
  await b.close()
  const store = h.storeOf(b)
  let mode: 'interrupt' | 'fail' = 'interrupt'
  const stopping: Apply = (_nodes, _view, host) => {
    if (mode === 'interrupt') host.interrupt('later')
    throw new Error('no')
  }
  const c = await h.peer(a.key, { store, apply: stopping })
  const cut = connect(a, c)
  const interrupted = new Promise<void>(resolve => c.once('interrupt', () => resolve()))
  await a.append(op({ put: { x: 1 } }))
  await interrupted
  await expect(checkApply(c, { apply })).rejects.toMatchObject({ code: 'WAITING', reason: 'INTERRUPTED' })
  mode = 'fail'
  await expect(c.update()).rejects.toMatchObject({ code: 'APPLY_FAILED' })
  await expect(checkApply(c, { apply })).rejects.toMatchObject({ code: 'APPLY_FAILED' })
  await cut()
})

test('entries that are not in the store any more: WAITING, BLOCKS', async () => {
  const { a, b } = await history({}, 3)
  const core = h.storeOf(a).get({ key: b.local.key })
  await core.ready()
  await core.clear(1, 2)
  await core.close()
  await expect(checkApply(a, { apply })).rejects.toMatchObject({ code: 'WAITING', reason: 'BLOCKS' })
})
