import b4a from 'b4a'
import { expect, test } from 'vitest'
import { topicHash } from '../../../adapters/transport/relay/frames.ts'
import { contents, op, sees } from '../../core/harness.ts'
import { until } from '../../support/peers.ts'
import { record } from '../network.ts'
import { fakeRelay } from './client-fake.ts'
import { allMet, clients, sharedCore } from './client-net.ts'

const net = clients()

test('two databases converge over a relay, both writing', async () => {
  const relay = await net.relay()
  const a = await net.peer()
  const b = await net.peer(a.key)
  const [near, far] = [net.member(a, relay), net.member(b, relay)]
  const seen = [record(near), record(far)]
  await Promise.all([near.connected(), far.connected()])
  await a.append(JSON.stringify({ addWriter: b.local.id }))
  await until(() => b.writable)
  await Promise.all([a.append(op({ put: { a: 1 } })), b.append(op({ put: { b: 2 } }))])
  await Promise.all([sees(a, 'b'), sees(b, 'a')])
  expect(await contents(a)).toEqual(await contents(b))
  expect(seen.flatMap(({ errors }) => errors)).toEqual([])
  expect(near.peers[0]).toMatchObject({ kind: 'relay', publicKey: far.publicKey })
  expect(far.peers[0]).toMatchObject({ kind: 'relay', publicKey: near.publicKey })
  expect(near.peers[0]?.isInitiator).toBe(!far.peers[0]?.isInitiator)
})

test('a database that is not open yet is waited for', async () => {
  const relay = await net.relay()
  const a = await net.peer()
  const { Autobee } = await import('../../../src/index.ts')
  const late = new Autobee(await net.store(), null, { apply: async () => {} })
  net.onend(() => late.close())
  const handle = net.member(late, relay)
  expect(handle.topics).toEqual([])
  net.member(a, relay, { topics: [await late.ready().then(() => late.discoveryKey as Uint8Array)] })
  await handle.connected()
  expect(handle.topics).toEqual([late.discoveryKey])
})

test('bare Corestores meet by a topic of theirs', async () => {
  const relay = await net.relay()
  const [left, right] = [await net.store(), await net.store()]
  const [own, copy] = await sharedCore([left, right])
  await own.append(['one', 'two'].map(text => b4a.from(text)))
  const topics = [own.discoveryKey]
  net.member(left, relay, { topics })
  net.member(right, relay, { topics })
  expect(b4a.toString((await copy!.get(1)) as Uint8Array)).toBe('two')
})

test('blocks of 15 MiB and many small ones come whole', async () => {
  const relay = await net.relay()
  const [left, right] = [await net.store(), await net.store()]
  const [own, copy] = await sharedCore([left, right])
  const large = b4a.alloc(15 << 20, 'large')
  await own.append([large, ...Array.from({ length: 2_000 }, (_, i) => b4a.from(`small ${i}`))])
  const topics = [own.discoveryKey]
  net.member(left, relay, { topics })
  net.member(right, relay, { topics })
  await copy!.download({ start: 0, end: 2_001 }).done()
  expect(b4a.equals((await copy!.get(0)) as Uint8Array, large)).toBe(true)
  expect(b4a.toString((await copy!.get(2_000)) as Uint8Array)).toBe('small 1999')
})

test('topics are joined at once: two round trips to the relay, its welcome included, are enough to meet', async () => {
  const relay = await fakeRelay(undefined, { welcome: null })
  net.onend(() => relay.close())
  const a = await net.peer()
  net.member(a, relay.url)
  await until(() => relay.served.length === 1)
  expect(await relay.served[0]!.next('join')).toMatchObject({ topic: topicHash(a.discoveryKey!) })
  expect(relay.served[0]!.frames.map(({ type }) => type)).toEqual(['hello', 'join'])
})

test('three on one topic meet each other', async () => {
  const relay = await net.relay()
  const a = await net.peer()
  const others = [await net.peer(a.key), await net.peer(a.key)]
  await allMet(...[a, ...others].map(db => net.member(db, relay)))
})

test('who found no room is met when there is some', async () => {
  const relay = await net.relay()
  const a = await net.peer()
  const one = net.member(a, relay, { maxChannels: 1 })
  const others = await Promise.all([1, 2, 3].map(async () => net.member(await net.peer(a.key), relay)))
  const seen = [one, ...others].map(record)
  await until(() => one.peers.length === 1 && others.every(({ peers }) => peers.length >= 2))
  for (let left = 3; left > 1; left--) {
    const [first] = one.peers
    const at = others.findIndex(({ publicKey }) => b4a.equals(publicKey!, first!.publicKey!))
    await others.splice(at, 1)[0]?.close()
    await until(() => one.peers.length === 1 && one.peers[0] !== first)
  }
  expect(seen.flatMap(({ errors }) => errors)).toEqual([])
})
