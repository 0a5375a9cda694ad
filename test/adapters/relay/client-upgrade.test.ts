import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import b4a from 'b4a'
import type Hypercore from 'hypercore'
import Protomux from 'protomux'
import { Duplex } from 'streamx'
import { expect, test } from 'vitest'
import type { Upgrade, UpgradeSession } from '../../../adapters/transport/upgrade.ts'
import { AutobeeError } from '../../../src/index.ts'
import { op, sees } from '../../core/harness.ts'
import { until } from '../../support/peers.ts'
import { record } from '../network.ts'
import { clients } from './client-net.ts'

const net = clients()

/** Bytes of a socket of Node as a stream of streamx. */
function streamOf(socket: Socket): Duplex {
  const stream: Duplex = new Duplex({
    write(data, callback) {
      socket.write(data as Uint8Array, () => callback(null))
    },
    final(callback) {
      socket.end()
      callback(null)
    },
    predestroy() {
      socket.destroy()
    }
  })
  socket.on('data', data => stream.push(data))
  socket.on('error', () => {})
  socket.on('close', () => stream.destroy())
  return stream
}

/** An upgrade to TCP: the initiator listens, and tells the other side its port through the encrypted stream. */
class ToTcp implements Upgrade {
  readonly kind = 'direct'
  readonly sockets = new Set<Socket>()
  readonly servers = new Set<Server>()
  sessions = 0
  /** What is said instead of the port. */
  wrongPort: number | null = null

  start({ stream, isInitiator, onchannel, onfail }: Parameters<Upgrade['start']>[0]): UpgradeSession {
    let isClosed = false
    this.sessions++
    const give = (socket: Socket): void => {
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
      if (isClosed) socket.destroy()
      else onchannel(streamOf(socket))
    }
    const channel = Protomux.from(stream).createChannel({ protocol: 'test/direct' })!
    const signal = channel.addMessage({
      onmessage: (message: unknown) => {
        const socket = dial({ port: Number(b4a.toString(message as Uint8Array)), host: '127.0.0.1' })
        socket.on('error', error => {
          onfail(new AutobeeError('TRANSPORT_FAILED', 'no way', { reason: 'DIRECT', cause: error }))
        })
        socket.once('connect', () => give(socket))
      }
    })
    channel.open()
    if (isInitiator) {
      const server = createServer(give)
      this.servers.add(server)
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number }
        signal.send(b4a.from(String(this.wrongPort ?? port)))
      })
      stream.once('close', () => server.close(() => this.servers.delete(server)))
    }
    const close = (): void => {
      if (!isClosed) this.sessions--
      isClosed = true
    }
    stream.once('close', close)
    return { close }
  }
}

async function upgrading(upgrade: ToTcp) {
  const relay = await net.relay()
  const a = await net.peer()
  const b = await net.peer(a.key)
  const members = [net.member(a, relay, { upgrade }), net.member(b, relay, { upgrade })] as const
  return { relay, a, b, members }
}

const kinds = (members: readonly { peers: readonly { kind: string }[] }[]) =>
  members.flatMap(({ peers }) => peers.map(({ kind }) => kind))

test('an upgrade takes the place of the connection over the relay, without a moment without a peer', async () => {
  const upgrade = new ToTcp()
  const { relay, a, b, members } = await upgrading(upgrade)
  const seen = members.map(record)
  await until(() => kinds(members).join() === 'direct,direct' && relay.channels === 0)
  await a.append(op({ put: { k: 1 } }))
  await sees(b, 'k')
  for (const { status, errors, peers, gone } of seen) {
    expect(status).toEqual(['listening', 'connected'])
    expect(errors).toEqual([])
    // the one over the relay, and then this one
    expect([peers, gone]).toEqual([2, 1])
  }
  expect(members[0].peers[0]?.publicKey).toEqual(members[1].publicKey)
  expect(upgrade.sessions).toBe(0)
})

test('an upgrade that is lost is made again, over a channel of the relay that is made again', async () => {
  const upgrade = new ToTcp()
  const { relay, a, b, members } = await upgrading(upgrade)
  const isUpgraded = () => kinds(members).join() === 'direct,direct' && relay.channels === 0
  await until(isUpgraded)
  const before = members.map(({ peers }) => peers[0])
  for (const socket of upgrade.sockets) socket.destroy()
  await until(() => isUpgraded() && members.every(({ peers }, i) => peers[0] !== before[i]))
  await a.append(op({ put: { k: 1 } }))
  await sees(b, 'k')
})

test('an upgrade that fails leaves the connection over the relay, and tells why', async () => {
  const upgrade = new ToTcp()
  const closed = createServer()
  await new Promise<void>(resolve => closed.listen(0, '127.0.0.1', resolve))
  upgrade.wrongPort = (closed.address() as { port: number }).port
  await new Promise(resolve => closed.close(resolve))
  const { relay, a, b, members } = await upgrading(upgrade)
  const seen = members.map(record)
  await until(() => seen.some(({ errors }) => errors.length > 0))
  expect(seen.flatMap(({ errors }) => errors)).toMatchObject([{ reason: 'DIRECT' }])
  await a.append(op({ put: { k: 1 } }))
  await sees(b, 'k')
  expect([kinds(members), relay.channels]).toEqual([['relay', 'relay'], 1])
})

test('nobody else is let in by way of an upgrade', async () => {
  const upgrade = new ToTcp()
  // somebody who listens where the initiator should, with a key of his own
  const stranger = new ToTcp()
  const { default: NoiseSecretStream } = await import('@hyperswarm/secret-stream')
  const ends: Hypercore.NoiseStream[] = []
  const server = createServer(socket => {
    stranger.sockets.add(socket)
    const end = new NoiseSecretStream(true, streamOf(socket))
    end.on('error', () => {})
    ends.push(end)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  net.onend(() => server.close())
  upgrade.wrongPort = (server.address() as { port: number }).port
  const { relay, a, b, members } = await upgrading(upgrade)
  const seen = members.map(record)
  await until(() => seen.some(({ errors }) => errors.length > 0) && ends.every(({ destroyed }) => destroyed))
  expect(seen.flatMap(({ errors }) => errors)).toMatchObject([{ reason: 'PROTOCOL' }])
  await a.append(op({ put: { k: 1 } }))
  await sees(b, 'k')
  expect([kinds(members), relay.channels]).toEqual([['relay', 'relay'], 1])
})

test('closing ends an upgrade in every state', async () => {
  const upgrade = new ToTcp()
  const { members } = await upgrading(upgrade)
  await until(() => kinds(members).length > 0)
  await Promise.all(members.map(member => member.close()))
  await until(() => upgrade.sockets.size === 0 && upgrade.servers.size === 0 && upgrade.sessions === 0)
  const again = await upgrading(upgrade)
  await until(() => kinds(again.members).join() === 'direct,direct')
  await Promise.all(again.members.map(member => member.close()))
  await until(() => upgrade.sockets.size === 0 && upgrade.servers.size === 0 && upgrade.sessions === 0)
})

test('of several connections of one public key all are kept where duplicates are wanted', async () => {
  const relay = await net.relay()
  const a = await net.peer()
  const served = net.member(a, relay, { duplicates: true })
  const b = await net.peer(a.key)
  const twice = [net.member(b, relay), net.member(b, relay)]
  await until(() => served.peers.length === 2 && twice.every(({ peers }) => peers.length === 1))
  expect(new Set(served.peers.map(({ publicKey }) => b4a.toString(publicKey!, 'hex'))).size).toBe(1)
  await twice[0]!.close()
  await until(() => served.peers.length === 1)
  await a.append(op({ put: { k: 1 } }))
  await sees(b, 'k')
})
