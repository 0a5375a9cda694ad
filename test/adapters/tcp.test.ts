import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import b4a from 'b4a'
import { afterEach, expect, test } from 'vitest'
import { connectTcp, listenTcp, type TcpHandle } from '../../adapters/transport/tcp.ts'
import type { AutobeeError } from '../../src/index.ts'
import { contents, op, openPeer, until } from '../support/peers.ts'
import { type TempStore, tempStore } from '../support/store.ts'
import { openProxy, type TcpProxy } from './proxy.ts'

/** What the tests opened; closed in reverse. */
const open: (() => unknown)[] = []

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function store(): Promise<TempStore['store']> {
  const temp = await tempStore()
  open.push(() => temp.close())
  return temp.store
}

async function peer(key: Uint8Array | null = null) {
  const db = await openPeer(await store(), key)
  open.push(() => db.close())
  return db
}

function kept(handle: TcpHandle): TcpHandle {
  open.push(() => handle.close())
  return handle
}

/** Everything a handle tells, in order. */
function record(handle: TcpHandle) {
  const seen = { status: [] as string[], errors: [] as AutobeeError[], peers: 0, gone: 0 }
  handle.on('status', status => seen.status.push(status))
  handle.on('error', error => seen.errors.push(error))
  handle.on('peer', () => seen.peers++)
  handle.on('peer-close', () => seen.gone++)
  return seen
}

/** A bare server; what it accepts goes to `onsocket`. */
async function bareServer(onsocket: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    onsocket(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  open.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise(resolve => server.close(resolve))
  })
  return { server, port: (server.address() as { port: number }).port }
}

async function proxy(to: number): Promise<TcpProxy> {
  const between = await openProxy(to)
  open.push(() => between.close())
  return between
}

test('two Autobees replicate over TCP', async () => {
  const a = await peer()
  const b = await peer(a.key)
  const server = kept(await listenTcp(a))
  const client = kept(connectTcp(b, { port: server.port }))
  await Promise.all([client.connected(), server.connected()])
  expect([client.status, server.status]).toEqual(['connected', 'connected'])
  expect([client.peers.length, server.peers.length]).toEqual([1, 1])
  expect(client.peers[0]).toMatchObject({ address: `127.0.0.1:${server.port}`, isInitiator: true })
  expect(server.peers[0]?.isInitiator).toBe(false)
  await a.append(op({ put: { hello: 'world' } }))
  await until(async () => (await contents(b)).hello === 'world')
})

test('two bare Corestores replicate over TCP', async () => {
  const [left, right] = [await store(), await store()]
  const core = left.get({ name: 'log' })
  await core.append(b4a.from('hello'))
  const server = kept(await listenTcp(left))
  kept(connectTcp(right, { port: server.port }))
  const copy = right.get({ key: core.key })
  expect(b4a.toString((await copy.get(0)) as Uint8Array)).toBe('hello')
})

test('a peer that nobody answers is dialled until it is there; each failure is a typed event', async () => {
  const [left, right] = [await store(), await store()]
  const first = await listenTcp(left)
  const { port } = first
  await first.close()
  const client = kept(connectTcp(right, { port }))
  const seen = record(client)
  await until(() => seen.errors.length >= 2)
  expect(seen.errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'ECONNREFUSED' })
  expect(seen.status.slice(0, 3)).toEqual(['waiting', 'connecting', 'waiting'])
  kept(await listenTcp(left, { port }))
  await client.connected()
  expect(client.status).toBe('connected')
})

test('a connection that is reset is made again, and what both sides appended meanwhile arrives', async () => {
  const a = await peer()
  const b = await peer(a.key)
  const server = kept(await listenTcp(a))
  const between = await proxy(server.port)
  const client = kept(connectTcp(b, { port: between.port }))
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
})

test('a peer that falls silent without hanging up is noticed within seconds, on both sides', async () => {
  const [left, right] = [await store(), await store()]
  const server = kept(await listenTcp(left))
  const between = await proxy(server.port)
  const client = kept(connectTcp(right, { port: between.port }))
  const [near, far] = [record(client), record(server)]
  await Promise.all([client.connected(), server.connected()])
  between.freeze()
  const start = performance.now()
  await until(() => near.gone === 1 && far.gone === 1)
  expect(performance.now() - start).toBeLessThan(15_000)
  expect(far.errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'ETIMEDOUT' })
})

test('a stranger who says nothing, or something else, is dropped and never becomes a peer', async () => {
  const server = kept(await listenTcp(await store()))
  const seen = record(server)
  const silent = dial(server.port, '127.0.0.1')
  const talker = dial(server.port, '127.0.0.1')
  for (const socket of [silent, talker]) socket.on('error', () => {}).resume()
  talker.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n'.repeat(100))
  await Promise.all([silent, talker].map(socket => new Promise(resolve => socket.once('close', resolve))))
  await until(() => seen.errors.length === 2)
  expect([seen.peers, server.status]).toEqual([0, 'listening'])
})

test('a server that speaks something else is an error, tried again with growing pauses', async () => {
  const dials: number[] = []
  const { port } = await bareServer(socket => {
    dials.push(performance.now())
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(20))
  })
  const client = kept(connectTcp(await store(), { port }))
  const seen = record(client)
  await until(() => dials.length === 5)
  const pauses = dials.slice(1).map((time, i) => time - (dials[i] as number))
  expect(pauses[3]).toBeGreaterThan(pauses[0] as number)
  expect(pauses[3]).toBeGreaterThan(350)
  expect(seen.peers).toBe(0)
  expect(seen.errors.every(error => error.code === 'TRANSPORT_FAILED')).toBe(true)
})

test('without a listener for errors nothing is thrown', async () => {
  const free = await listenTcp(await store())
  await free.close()
  const client = kept(connectTcp(await store(), { port: free.port }))
  await until(() => client.status === 'waiting')
})

test('a port that is taken rejects with TRANSPORT_FAILED, reason EADDRINUSE', async () => {
  const target = await store()
  const server = kept(await listenTcp(target))
  await expect(listenTcp(target, { port: server.port })).rejects.toMatchObject({
    code: 'TRANSPORT_FAILED',
    reason: 'EADDRINUSE'
  })
})

test('close ends the connections of both sides, frees the port and rejects who waits; it is idempotent', async () => {
  const [left, right] = [await store(), await store()]
  const server = await listenTcp(left)
  const client = kept(connectTcp(right, { port: server.port }))
  await Promise.all([client.connected(), server.connected()])
  const [near, far] = [record(client), record(server)]
  await Promise.all([server.close(), server.close()])
  expect([server.status, server.peers, far.gone]).toEqual(['closed', [], 1])
  expect(far.status).toEqual(['closed'])
  await until(() => near.gone === 1)
  await expect(server.connected()).rejects.toMatchObject({ code: 'CLOSED' })
  const again = kept(await listenTcp(left, { port: server.port }))
  await client.connected()
  await again.close()
  const waiting = until(() => client.peers.length === 0).then(() => client.connected())
  await until(() => client.peers.length === 0)
  await client.close()
  await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' })
  expect(client.status).toBe('closed')
})

test('a target that is closed ends the dialling with a typed error', async () => {
  const a = await peer()
  const b = await peer(a.key)
  const server = kept(await listenTcp(a))
  const client = kept(connectTcp(b, { port: server.port }))
  const seen = record(client)
  await client.connected()
  await b.close()
  await server.close()
  await until(() => client.status === 'closed')
  expect(seen.errors.at(-1)).toMatchObject({ code: 'CLOSED' })
})

test('wrong arguments are typed errors', async () => {
  const target = await store()
  await expect(listenTcp(target, { port: 70_000 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(listenTcp({} as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(() => connectTcp(target, { port: 0 })).toThrowError(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' })
  )
  expect(() => connectTcp(target, undefined as never)).toThrowError(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' })
  )
})
