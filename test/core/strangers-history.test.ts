import b4a from 'b4a'
import { expect, test } from 'vitest'
import type { HistoryLimits } from '../../src/engine/history.ts'
import type { Inspection } from '../../src/engine/inspection.ts'
import type { ApplyNode, Autobee, AutobeeOptions, Host, HyperbeeView } from '../../src/index.ts'
import { HISTORY, INSPECT } from '../../src/options.ts'
import type { Op } from '../support/peers.ts'
import { connect, harness, op, sees, until } from './harness.ts'

const h = harness()

const SMALL: HistoryLimits = { spacing: 8, keep: 16, recent: 4, tail: 40 }
const limits = (history: HistoryLimits): AutobeeOptions => ({ [HISTORY]: history }) as AutobeeOptions

const inspect = (db: Autobee) => (db as unknown as { [INSPECT](): Inspection })[INSPECT]()

/** More than what is fetched of a stranger at a time, in a few units. */
const UNITS = 8
const TEXT = 'x'.repeat(20_000)

const knock = (s: Autobee, name: string, text = TEXT) =>
  s.append(op({ ack: true, put: { [name]: text } }), { optimistic: true })

async function manyTimes(a: Autobee, s: Autobee): Promise<void> {
  for (let i = 0; i < UNITS; i++) {
    await knock(s, `s${i}`)
    await sees(a, `s${i}`)
  }
}

test('a stranger who was let in many times is let in after a restart, with all that beyond what is in memory', async () => {
  const store = await h.store()
  const a = await h.peer(null, { store, ...limits(SMALL) })
  const s = await h.peer(a.key)
  const cut = connect(a, s)
  await a.append(op({ put: { first: 1 } }))
  await sees(s, 'first')
  await manyTimes(a, s)
  for (let i = 0; i < 60; i++) await a.append(op({ put: { m: i } }))
  await a.append(op({ put: { end: 1 } }))
  await sees(s, 'end')
  await cut()
  await a.close()
  const again = await h.peer(null, { store, ...limits(SMALL) })
  expect(inspect(again).linearizer.base).toBeGreaterThan(2 * UNITS + 1)
  connect(again, s)
  await knock(s, 'last', 'x')
  await sees(again, 'last')
})

/** Lets strangers in unless there is a key `shut`. */
async function doorkeeper(nodes: ApplyNode[], view: HyperbeeView, host: Host): Promise<void> {
  for (const node of nodes) {
    const { put = {}, del = [] } = JSON.parse(b4a.toString(node.value)) as Op
    if (!(await view.get(b4a.from('shut')))) host.ackWriter(node.key)
    const batch = view.write()
    for (const [key, value] of Object.entries(put)) batch.tryPut(b4a.from(key), b4a.from(String(value)))
    for (const key of del) batch.tryDelete(b4a.from(key))
    await batch.flush()
  }
}

test('a stranger who was let in many times and refused once is let in again', async () => {
  const a = await h.peer(null, { apply: doorkeeper })
  const s = await h.peer(a.key, { apply: doorkeeper })
  const cut = connect(a, s)
  await a.append(op({ put: { first: 1 } }))
  await sees(s, 'first')
  await manyTimes(a, s)
  await cut()
  await a.append(op({ put: { shut: 1 } }))
  await knock(s, 'last', 'x')
  const cutAgain = connect(a, s)
  // refused, and forgotten
  await until(() => inspect(a).writers.get(b4a.toString(s.local.key, 'hex')) === null)
  await cutAgain()
  await a.append(op({ del: ['shut'] }))
  connect(a, s)
  await sees(a, 'last')
})
