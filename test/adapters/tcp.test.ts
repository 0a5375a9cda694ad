import b4a from 'b4a'
import { expect, test } from 'vitest'
import { connectTcp, listenTcp } from '../../adapters/transport/tcp.ts'
import { contents, op, until } from '../support/peers.ts'
import { network, record } from './network.ts'

const net = network()
/** Quick, so that no test waits. */
const retry = { first: 1, longest: 8 }

test('two Autobees replicate', async () => {
  const a = await net.peer()
  const b = await net.peer(a.key)
  const server = net.kept(await listenTcp(a))
  const client = net.kept(connectTcp(b, { port: server.port }))
  await Promise.all([client.connected(), server.connected()])
  expect([client.status, server.status]).toEqual(['connected', 'connected'])
  expect([client.peers.length, server.peers.length]).toEqual([1, 1])
  expect(client.peers[0]).toMatchObject({ address: `127.0.0.1:${server.port}`, isInitiator: true })
  expect(server.peers[0]?.isInitiator).toBe(false)
  await a.append(op({ put: { hello: 'world' } }))
  await until(async () => (await contents(b)).hello === 'world')
})

test('two bare Corestores replicate', async () => {
  const [left, right] = [await net.store(), await net.store()]
  const core = left.get({ name: 'log' })
  await core.append(b4a.from('hello'))
  const server = net.kept(await listenTcp(left))
  net.kept(connectTcp(right, { port: server.port }))
  const copy = right.get({ key: core.key })
  expect(b4a.toString((await copy.get(0)) as Uint8Array)).toBe('hello')
})

test('a peer that nobody answers is dialled until it is there; each failure and each pause is an event', async () => {
  const [left, right] = [await net.store(), await net.store()]
  const first = await listenTcp(left)
  const { port } = first
  await first.close()
  const client = net.kept(connectTcp(right, { port, retry }))
  const seen = record(client)
  await until(() => seen.retries.length >= 3)
  expect(seen.errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'ECONNREFUSED' })
  expect(seen.status.slice(0, 3)).toEqual(['waiting', 'connecting', 'waiting'])
  expect(seen.retries.slice(0, 3).map(({ attempt }) => attempt)).toEqual([1, 2, 3])
  net.kept(await listenTcp(left, { port }))
  await client.connected()
  expect(client.status).toBe('connected')
})

test('a connection that is reset is made again, and what both sides appended meanwhile arrives', async () => {
  const a = await net.peer()
  const b = await net.peer(a.key)
  const server = net.kept(await listenTcp(a))
  const between = await net.proxy(server.port)
  const client = net.kept(connectTcp(b, { port: between.port, retry }))
  const [near, far] = [record(client), record(server)]
  await client.connected()
  await a.append(op({ addWriter: b4a.toString(b.local.key, 'hex') }))
  await until(() => b.writable)
  between.cut()
  await until(() => near.gone === 1 && far.gone === 1)
  expect([client.peers, server.peers, server.status]).toEqual([[], [], 'listening'])
  await Promise.all([a.append(op({ put: { a: 1 } })), b.append(op({ put: { b: 2 } }))])
  between.mend()
  await client.connected()
  await until(async () => Object.keys(await contents(a)).length === 2)
  await until(async () => Object.keys(await contents(b)).length === 2)
  expect(near.errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'ECONNRESET' })
})

test('two connections to one peer do no harm, and either goes on without the other', async () => {
  const a = await net.peer()
  const b = await net.peer(a.key)
  const server = net.kept(await listenTcp(a))
  const one = net.kept(connectTcp(b, { port: server.port }))
  const other = net.kept(connectTcp(b, { port: server.port }))
  await Promise.all([one.connected(), other.connected()])
  await until(() => server.peers.length === 2)
  await a.append(op({ put: { first: 1 }, addWriter: b4a.toString(b.local.key, 'hex') }))
  await until(async () => 'first' in (await contents(b)) && b.writable)
  await one.close()
  await until(() => server.peers.length === 1)
  await Promise.all([a.append(op({ put: { a: 1 } })), b.append(op({ put: { b: 1 } }))])
  for (const db of [a, b]) await until(async () => Object.keys(await contents(db)).length === 3)
})

test('two peers that dial each other converge', async () => {
  const a = await net.peer()
  const b = await net.peer(a.key)
  const [left, right] = [net.kept(await listenTcp(a)), net.kept(await listenTcp(b))]
  net.kept(connectTcp(a, { port: right.port }))
  net.kept(connectTcp(b, { port: left.port }))
  await Promise.all([left.connected(), right.connected()])
  await a.append(op({ put: { hello: 'world' } }))
  await until(async () => (await contents(b)).hello === 'world')
})

test('who dials itself does itself no harm', async () => {
  const a = await net.peer()
  const server = net.kept(await listenTcp(a))
  const client = net.kept(connectTcp(a, { port: server.port }))
  const seen = record(client)
  await Promise.all([client.connected(), server.connected()])
  for (let i = 0; i < 10; i++) await a.append(op({ put: { [`k${i}`]: i } }))
  expect(Object.keys(await contents(a))).toHaveLength(10)
  // it came to rest: no more is sent than the next append asks for
  await a.flush()
  expect([seen.errors, seen.gone, [...a.writers].length]).toEqual([[], 0, 1])
})

test('a peer with another database is connected, and neither gets anything of the other', async () => {
  const a = await net.peer()
  const other = await net.peer()
  await other.append(op({ put: { other: 1 } }))
  const server = net.kept(await listenTcp(a))
  const client = net.kept(connectTcp(other, { port: server.port }))
  const seen = record(client)
  await Promise.all([client.connected(), server.connected()])
  await a.append(op({ put: { mine: 1 } }))
  // a third, of the same database, shows that the listener serves on
  const b = await net.peer(a.key)
  net.kept(connectTcp(b, { port: server.port }))
  await until(async () => (await contents(b)).mine === '1')
  expect([await contents(a), await contents(other)]).toEqual([{ mine: '1' }, { other: '1' }])
  expect([[...a.writers].length, [...other.writers].length, seen.errors]).toEqual([1, 1, []])
})
