import { expect, test } from 'vitest'
import { until } from '../../support/peers.ts'
import { topicOf } from './server-client.ts'
import { relays } from './server-net.ts'

// in a file of its own, and so in a process of its own: nothing of other tests is on its way out
const net = relays()
const HOUR = 3_600_000

/** What keeps a process alive. */
function handles(): number {
  return process.getActiveResourcesInfo().filter(name => /TCP|Timeout|Immediate|Server/.test(name)).length
}

test('nothing is left when a relay is closed: no socket, no timer, no server', async () => {
  const relay = await net.relay({ heartbeat: 20 })
  const clients = await Promise.all(Array.from({ length: 20 }, () => net.client(relay)))
  for (const client of clients) client.send({ type: 'join', topic: topicOf('all') })
  for (const client of clients) await client.next('open', 18)
  clients[0]?.raw('no frame')
  for (const client of clients.slice(10)) client.ws.terminate()
  await until(() => relay.clients === 9)
  await relay.close({ grace: HOUR })
  for (const client of clients) await client.closed()
  expect(relay.stats).toMatchObject({ clients: 0, sockets: 0, topics: 0, channels: 0, buffered: 0 })
  await until(() => handles() === 0)
})

test('nor of a client that was not read from, as it sent too fast, or that had not said hello', async () => {
  const relay = await net.relay({ limits: { bytesPerSecond: 1_000, hello: HOUR } })
  const { a, b, forA, forB } = await net.pair(relay)
  const stranger = net.stranger(relay)
  await until(() => relay.stats.sockets === 3)
  a.data(forA, new Uint8Array(60_000))
  // that was read, and nothing more will be for a minute
  await until(() => b.bytes(forB) === 60_000)
  await relay.close({ grace: 0 })
  for (const client of [a, b, stranger]) await client.closed()
  await until(() => handles() === 0)
})
