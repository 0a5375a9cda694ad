import b4a from 'b4a'
import createTestnet from 'hyperdht/testnet.js'
import Hyperswarm from 'hyperswarm'
import { afterAll, beforeAll, test } from 'vitest'
import { type TransportPair, transportSuite } from '../../../adapters/testing/index.ts'
import { failure } from '../../../adapters/transport/failure.ts'
import type { SwarmConnection } from '../../../adapters/transport/swarm-types.ts'

let testnet: Awaited<ReturnType<typeof createTestnet>>
let pairs = 0

beforeAll(async () => {
  testnet = await createTestnet(3)
})

afterAll(() => testnet.destroy())

function swarm(): { swarm: Hyperswarm; met: Promise<SwarmConnection> } {
  const one = new Hyperswarm({ dht: testnet.createNode({ firewalled: false }) })
  const met = new Promise<SwarmConnection>(resolve =>
    one.once('connection', (connection: SwarmConnection) => {
      connection.on('error', () => {})
      resolve(connection)
    })
  )
  return { swarm: one, met }
}

/** Two swarms that meet, and do not look for each other again: the Noise streams that `joinSwarm` replicates over. */
async function pair(): Promise<TransportPair> {
  // those of one case do not meet each other
  const topic = b4a.alloc(32, ++pairs & 255)
  const [server, client] = [swarm(), swarm()]
  await server.swarm.join(topic, { server: true, client: false }).flushed()
  const search = client.swarm.join(topic, { server: false, client: true })
  const ends = [await client.met, await server.met] as const
  await search.destroy()
  return {
    ends,
    held: () => ends.filter(end => !end.destroyed).length,
    destroy: () => Promise.all([client.swarm.destroy(), server.swarm.destroy()])
  }
}

transportSuite({
  test,
  create: pair,
  // UDX, which is underneath, does not tell the sender that nobody reads
  bound: null,
  halfOpen: true,
  errorOf: error => failure('the connection failed', error)
})
