import b4a from 'b4a'
import { expect, test } from 'vitest'
import { admit, connect, contents, harness, op, sees, until } from '../../core/harness.ts'
import { line, mirrorHarness, TestAsker } from './harness.ts'

const h = harness()
const m = mirrorHarness()

test('what a peer had is there for a newcomer when all writers are gone', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  const cut = await admit(a, b)
  await a.append(op({ put: { a: 1 } }))
  await b.append(op({ put: { b: 2 } }))
  await sees(a, 'b')
  const host = await m.host({ store: (await m.store()).store })
  const { asker, keyPair } = new TestAsker({ key: a.key!, heads: () => a.oplogs() })
  m.later(() => asker.close())
  const way = await line(a, host, { keyPair })
  asker.connect(way.muxerA)
  await asker.stored()
  expect(asker.isStored).toBe(true)
  expect(host.databases).toMatchObject([{ cores: 2, isComplete: true, isFull: false }])
  await cut()
  await way.cut()
  await Promise.all([a.close(), b.close()])
  const c = await h.peer(a.key)
  await line(c, host)
  await sees(c, 'a', 'b')
})
