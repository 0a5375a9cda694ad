import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { connectTcp, listenTcp, type TcpHandle } from '../../adapters/transport/tcp.ts'
import { openPeer, until } from '../support/peers.ts'
import { network, record } from './network.ts'

const net = network()
const retry = { first: 1, longest: 4 }
const HOUR = 3_600_000

/** The sockets and ports that this process holds. */
function held(): string[] {
  return process.getActiveResourcesInfo().filter(name => name.startsWith('TCP'))
}

async function connected(): Promise<{ server: TcpHandle; client: TcpHandle }> {
  const [left, right] = [await net.store(), await net.store()]
  const server = net.kept(await listenTcp(left))
  const client = net.kept(connectTcp(right, { port: server.port, retry }))
  await Promise.all([client.connected(), server.connected()])
  return { server, client }
}

describe('close', () => {
  test('ends the connections of both sides, frees the port and rejects who waits; it is idempotent', async () => {
    const { server, client } = await connected()
    const [near, far] = [record(client), record(server)]
    await Promise.all([server.close(), server.close()])
    await server.close()
    expect([server.status, server.peers, far.gone]).toEqual(['closed', [], 1])
    expect([far.status, far.errors]).toEqual([['closed'], []])
    await until(() => near.gone === 1)
    await expect(server.connected()).rejects.toMatchObject({ code: 'CLOSED' })
    const again = net.kept(await listenTcp(await net.store(), { port: server.port }))
    await client.connected()
    await again.close()
    await until(() => client.peers.length === 0)
    const waiting = client.connected()
    await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'CLOSED' }), client.close()])
    expect(client.status).toBe('closed')
  })

  test('before the first dial', async () => {
    const { server, port } = await net.server(() => expect.unreachable('nobody dials'))
    const client = connectTcp(await net.store(), { port, retry })
    const seen = record(client)
    await client.close()
    await new Promise(resolve => server.getConnections((_, count) => resolve(expect(count).toBe(0))))
    expect([seen.status, seen.errors]).toEqual([['closed'], []])
  })

  test('during a dial', async () => {
    const { port } = await net.server(() => {})
    const client = connectTcp(await net.store(), { port, handshakeTimeout: HOUR })
    const seen = record(client)
    await Promise.resolve()
    expect(client.status).toBe('connecting')
    await client.close()
    expect([seen.status, seen.errors]).toEqual([['closed'], []])
  })

  test('while the other side owes its part of the handshake', async () => {
    let isReached = (): void => {}
    const reached = new Promise<void>(resolve => {
      isReached = resolve
    })
    const { port } = await net.server(isReached)
    const client = connectTcp(await net.store(), { port, handshakeTimeout: HOUR })
    await reached
    await client.close()

    const server = await listenTcp(await net.store(), { handshakeTimeout: HOUR })
    const stranger = net.socket(server.port)
    await once(stranger, 'connect')
    await server.close()
    await stranger.gone
    expect([client.status, server.status]).toEqual(['closed', 'closed'])
  })

  test('during a pause, and inside of an event', async () => {
    const { server, port } = await net.server(() => {})
    await new Promise(resolve => server.close(resolve))
    const pausing = connectTcp(await net.store(), { port, retry: { first: HOUR, longest: HOUR } })
    const seen = record(pausing)
    await until(() => seen.retries.length === 1)
    await pausing.close()
    const inside = connectTcp(await net.store(), { port, retry })
    const others = record(inside)
    inside.on('error', () => inside.close())
    await until(() => inside.status === 'closed')
    expect([others.errors.length, others.retries]).toEqual([1, []])
  })

  test('leaves nothing behind: no socket, no port, no listener on what was replicated', async () => {
    const store = await net.store()
    const { server: dead, port } = await net.server(() => {})
    await new Promise(resolve => dead.close(resolve))
    for (let round = 0; round < 3; round++) {
      const server = await listenTcp(store)
      const clients = [server.port, server.port, port].map(to => connectTcp(store, { port: to, retry }))
      await Promise.all([clients[0]?.connected(), clients[1]?.connected()])
      await Promise.all([server, ...clients].map(handle => handle.close()))
    }
    // Node lets go of a handle in the turn after its close event
    await until(() => held().length === 0)
    expect(store.listenerCount('close')).toBe(0)
  })
})

describe('a target that is closed', () => {
  test('ends its handles, with an event that says so, and frees the port', async () => {
    const b = await openPeer(await net.store())
    const server = net.kept(await listenTcp(b))
    const other = net.kept(connectTcp(await net.store(), { port: server.port, retry }))
    const client = net.kept(connectTcp(b, { port: server.port, retry }))
    const seen = [record(server), record(client)]
    await Promise.all([other.connected(), client.connected()])
    await b.close()
    await until(() => server.status === 'closed' && client.status === 'closed')
    for (const { errors, status } of seen) {
      expect(errors.at(-1)).toMatchObject({ code: 'CLOSED' })
      expect(status.at(-1)).toBe('closed')
    }
    net.kept(await listenTcp(await net.store(), { port: server.port }))
  })

  test('a session of a Corestore ends its own handles only', async () => {
    const store = await net.store()
    const session = store.session()
    const [mine, whole] = [net.kept(await listenTcp(session)), net.kept(await listenTcp(store))]
    await session.close()
    await until(() => mine.status === 'closed')
    net.kept(connectTcp(await net.store(), { port: whole.port }))
    await whole.connected()
  })

  test('that is closing while somebody dials', async () => {
    const a = await openPeer(await net.store())
    const server = net.kept(await listenTcp(a))
    const client = net.kept(connectTcp(await net.store(), { port: server.port, retry }))
    await client.connected()
    const closing = a.close()
    net.kept(connectTcp(await net.store(), { port: server.port, retry }))
    await closing
    await until(() => server.status === 'closed')
  })

  test('is refused with CLOSED', async () => {
    const db = await openPeer(await net.store())
    await db.close()
    await expect(listenTcp(db)).rejects.toMatchObject({ code: 'CLOSED' })
    expect(() => connectTcp(db, { port: 1 })).toThrowError(expect.objectContaining({ code: 'CLOSED' }))
  })
})

describe('what cannot be', () => {
  test('a port that is taken: TRANSPORT_FAILED, EADDRINUSE', async () => {
    const target = await net.store()
    const server = net.kept(await listenTcp(target))
    await expect(listenTcp(target, { port: server.port })).rejects.toMatchObject({
      code: 'TRANSPORT_FAILED',
      reason: 'EADDRINUSE'
    })
  })

  test.for([
    ['203.0.113.1', 'EADDRNOTAVAIL'],
    ['no..such', 'ENOTFOUND']
  ])('a host that is none of this machine: %s', async ([host, reason]) => {
    await expect(listenTcp(await net.store(), { host: host as string })).rejects.toMatchObject({
      code: 'TRANSPORT_FAILED',
      reason
    })
  })

  test('a name that nobody has: an event, tried again', async () => {
    const client = net.kept(connectTcp(await net.store(), { host: 'no..such', port: 1, retry }))
    const seen = record(client)
    await until(() => seen.retries.length >= 2)
    expect(seen.errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'ENOTFOUND' })
  })

  test('without a listener for errors nothing is thrown', async () => {
    const { server, port } = await net.server(() => {})
    await new Promise(resolve => server.close(resolve))
    const client = net.kept(connectTcp(await net.store(), { port }))
    await until(() => client.status === 'waiting')
  })

  test('more handles than EventEmitter warns of', async () => {
    const warnings: Error[] = []
    const onwarning = (warning: Error): unknown => warnings.push(warning)
    process.on('warning', onwarning)
    net.onend(() => process.off('warning', onwarning))
    const db = await net.peer()
    const server = net.kept(await listenTcp(await net.store()))
    const clients = Array.from({ length: 20 }, () => net.kept(connectTcp(db, { port: server.port })))
    await Promise.all(clients.map(client => client.connected()))
    await until(() => server.peers.length === 20)
    expect(warnings).toEqual([])
  })

  test('wrong arguments: INVALID_ARGUMENT', async () => {
    const target = await net.store()
    const invalid = { code: 'INVALID_ARGUMENT' }
    const listens = [
      { port: 70_000 },
      { port: 1.5 },
      { host: '' },
      { maxConnections: 0 },
      { maxConnectionsPerAddress: -1 },
      { backlog: Number.NaN },
      { handshakeTimeout: 0 },
      { silenceTimeout: 2 ** 31 }
    ]
    for (const options of listens) await expect(listenTcp(target, options)).rejects.toMatchObject(invalid)
    await expect(listenTcp({} as never)).rejects.toMatchObject(invalid)
    const dials = [
      undefined,
      {},
      { port: 0 },
      { port: '80' },
      { port: 1, host: 3 },
      { port: 1, handshakeTimeout: '1' },
      { port: 1, retry: { first: -1 } }
    ]
    for (const options of dials)
      expect(() => connectTcp(target, options as never)).toThrowError(expect.objectContaining(invalid))
    expect(() => connectTcp(null as never, { port: 1 })).toThrowError(expect.objectContaining(invalid))
  })
})
