import b4a from 'b4a'
import { expect, test } from 'vitest'
import type { ApplyNode, Host, HyperbeeView } from '../../src/index.ts'
import { apply } from '../support/peers.ts'
import { admit, collect, connect, contents, harness, op, sees, until } from './harness.ts'

const h = harness()
const bad = new Error('no such thing')

async function picky(nodes: ApplyNode[], view: HyperbeeView, host: Host): Promise<void> {
  await apply(nodes, view, host)
  for (const { value } of nodes) if (b4a.toString(value).includes('bad')) throw bad
}

test('when apply throws on a local entry nothing is written, the cause is kept, and the database goes on', async () => {
  const a = await h.peer(null, { apply: picky })
  await a.append(op({ put: { one: 1 } }))
  const updates = collect(a, 'update')
  const views = a.views()
  const rejection = await a.append([op({ put: { bad: 1 } }), op({ put: { two: 2 } })]).catch(error => error)
  expect(rejection).toMatchObject({ code: 'APPLY_FAILED', cause: bad })
  expect(a.local.length).toBe(1)
  expect(updates).toEqual([])
  expect(a.views()).toEqual(views)
  expect(await contents(a)).toEqual({ one: '1' })
  await a.append(op({ put: { three: 3 } }))
  expect(a.local.length).toBe(2)
  expect(await contents(a)).toEqual({ one: '1', three: '3' })
})

test('of several appends made at once only the one that apply throws on rejects', async () => {
  const a = await h.peer(null, { apply: picky })
  const results = await Promise.allSettled([
    a.append(op({ put: { one: 1 } })),
    a.append(op({ put: { bad: 1 } })),
    a.append(op({ put: { two: 2 } }))
  ])
  expect(results.map(result => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(results[1]).toMatchObject({ reason: { code: 'APPLY_FAILED' } })
  expect(await contents(a)).toEqual({ one: '1', two: '2' })
  expect(a.local.length).toBe(2)
})

test('membership that apply gave before it threw is taken back', async () => {
  const a = await h.peer(null, { apply: picky })
  const b = await h.peer(a.key)
  const value = op({ addWriter: b.local.id, put: { bad: 1 } })
  await expect(a.append(value)).rejects.toMatchObject({ code: 'APPLY_FAILED' })
  expect([...a.writers].length).toBe(1)
})

test('a value that apply cannot parse rejects as it does for a local entry', async () => {
  const a = await h.peer()
  await expect(a.append('not json')).rejects.toMatchObject({ code: 'APPLY_FAILED' })
  expect(a.local.length).toBe(0)
  await a.append(op({ put: { one: 1 } }))
})

test('an apply that throws nothing at all still fails the append', async () => {
  const a = await h.peer(null, {
    // the worst that a user can throw
    apply: () => Promise.reject()
  })
  await expect(a.append('x')).rejects.toMatchObject({ code: 'APPLY_FAILED' })
})

test('when apply throws on a remote entry the last good view stays readable and everything rejects', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key, { apply: picky })
  const errors = collect(b, 'error')
  await admit(a, b)
  await a.append(op({ put: { good: 1 } }))
  await sees(b, 'good')
  await a.append(op({ put: { bad: 1 } }))
  await until(() => errors.length > 0)
  await a.append(op({ put: { more: 1 } }))
  expect(errors).toMatchObject([{ code: 'APPLY_FAILED', cause: bad }])
  expect(await contents(b)).toEqual({ good: '1' })
  await expect(b.append(op({ put: { b: 1 } }))).rejects.toMatchObject({ code: 'APPLY_FAILED' })
  await expect(b.update()).rejects.toMatchObject({ code: 'APPLY_FAILED' })
  await expect(b.flush()).rejects.toMatchObject({ code: 'APPLY_FAILED' })
  await b.updated()
  expect(errors.length).toBe(1)
  expect(b.local.length).toBe(0)
})

test('reopened with a repaired apply it goes on, and no entry is lost', async () => {
  const a = await h.peer()
  const store = await h.store()
  const b = await h.peer(a.key, { apply: picky, store })
  const errors = collect(b, 'error')
  const cut = await admit(a, b)
  await b.append(op({ put: { own: 1 } }))
  await sees(a, 'own')
  await a.append(op({ put: { bad: 1 } }))
  await a.append(op({ put: { after: 1 } }))
  await until(() => errors.length > 0)
  await cut()
  await b.close()
  const repaired = await h.peer(a.key, { store })
  connect(a, repaired)
  await sees(repaired, 'after')
  await repaired.append(op({ put: { again: 1 } }))
  await sees(a, 'again')
  expect(await contents(repaired)).toEqual(await contents(a))
})

test('reopened with the same apply it fails again, and still serves reads', async () => {
  const a = await h.peer()
  const store = await h.store()
  const b = await h.peer(a.key, { apply: picky, store })
  const errors = collect(b, 'error')
  const cut = await admit(a, b)
  await a.append(op({ put: { good: 1 } }))
  await sees(b, 'good')
  await a.append(op({ put: { bad: 1 } }))
  await until(() => errors.length > 0)
  await cut()
  await b.close()
  const again = h.make(store, a.key, { apply: picky })
  const errorsAgain = collect(again, 'error')
  await again.ready()
  connect(a, again)
  await until(() => errorsAgain.length > 0)
  expect(errorsAgain).toMatchObject([{ code: 'APPLY_FAILED' }])
  expect(await contents(again)).toEqual({ good: '1' })
})

test('an update handler that throws is an error event, and the database goes on', async () => {
  const a = await h.peer(null, {
    update: () => {
      throw bad
    }
  })
  const errors = collect(a, 'error')
  await a.append(op({ put: { one: 1 } }))
  await until(() => errors.length > 0)
  await a.append(op({ put: { two: 2 } }))
  expect(await contents(a)).toEqual({ one: '1', two: '2' })
})
