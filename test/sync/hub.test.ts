import { expect, test } from 'vitest'
import { connect, contents, harness, op, until } from '../core/harness.ts'

const h = harness()

test('what many append at once through one hub comes to all of them, whichever way each block goes', async () => {
  const hub = await h.peer()
  const others = await Promise.all(Array.from({ length: 8 }, () => h.peer(hub.key)))
  for (const other of others) connect(hub, other)
  for (const other of others) await hub.append(op({ addWriter: other.local.id }))
  await until(() => others.every(other => other.writable && [...other.writers].length === 9))
  const count = 40
  const appends = others.map(async (other, writer) => {
    for (let i = 0; i < count; i++) await other.append(op({ put: { [`${writer}/${i}`]: i } }))
  })
  await Promise.all(appends)
  for (const peer of [hub, ...others]) {
    await until(async () => Object.keys(await contents(peer)).length === others.length * count)
  }
  const all = await Promise.all([hub, ...others].map(contents))
  for (const one of all) expect(one).toEqual(all[0])
  // a proof that Hypercore had asked for before a range came keeps no peer out
  for (const peer of [hub, ...others]) await peer.flush()
})
