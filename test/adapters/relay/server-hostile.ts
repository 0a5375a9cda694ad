import { connect, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'vitest'
import type { RelayHandle } from '../../../adapters/transport/relay.ts'
import { until } from '../../support/peers.ts'
import type { RawClient } from './server-client.ts'
import type { relays } from './server-net.ts'

type Net = ReturnType<typeof relays>

export const MIB = 1 << 20
/** What the socket may hold beside what waits, see docs/RELAY.md. */
export const SOCKET = (1 << 18) + 65_536
export const NO_RATE = {
  bytesPerSecond: Number.POSITIVE_INFINITY,
  framesPerSecond: Number.POSITIVE_INFINITY,
  controls: 10_000_000,
  joins: 10_000_000
}

/** Two who go on talking, and notice when they are not served. */
export async function honest(net: Net, relay: RelayHandle) {
  const { a, b, forA, forB } = await net.pair(relay, 'honest')
  let sent = 0
  return {
    async talk(): Promise<void> {
      const [text, answer] = [`question ${sent};`, `answer ${sent};`]
      sent++
      a.data(forA, text)
      await until(() => b.text(forB).endsWith(text))
      b.data(forB, answer)
      await until(() => a.text(forA).endsWith(answer))
    }
  }
}

export function raw(net: Net, relay: RelayHandle): Socket {
  const socket = connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true })
  net.onend(() => socket.destroy())
  return socket.on('error', () => {}).resume()
}

/** The other side ended it, or reset it as more was written. */
export function hungUp(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    for (const event of ['end', 'error', 'close']) socket.once(event, () => resolve())
  })
}

export async function nothingIsLeft(relay: RelayHandle, clients = 0): Promise<void> {
  await until(() => relay.stats.sockets === clients)
  expect(relay.stats).toMatchObject({ clients, buffered: 0 })
}

/** Memory grew by no more than that since. What is garbage goes in its own time, what is held never. */
export async function noMoreThan(bytes: number, before: number): Promise<void> {
  await until(() => settled() - before < bytes)
}

export function settled(): number {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}

/** Sends until neither the system nor the socket takes anything more; the window is unused then. */
export async function fill(
  relay: RelayHandle,
  { a, forA, b }: { a: RawClient; forA: number; b: RawClient }
): Promise<void> {
  const forB = b.of('open')[0]?.channel ?? 0
  for (let i = 0; relay.stats.buffered < 1 << 18; i++) {
    a.data(forA, new Uint8Array(60_000))
    await a.flushed()
    // it was handed to the socket, for all that the relay knows
    b.send({ type: 'window', channel: forB, credit: 60_000 })
    await a.next('window', i)
  }
}
