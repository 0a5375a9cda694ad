import type Corestore from 'corestore'
import type { TransportHandle } from '../../adapters/transport/handle.ts'
import { createRelay } from '../../adapters/transport/relay.ts'
import { joinSwarm, type SwarmHandle } from '../../adapters/transport/swarm.ts'
import { connectTcp, listenTcp, type TcpHandle } from '../../adapters/transport/tcp.ts'
import { connectRelay } from '../../adapters/transport/websocket.ts'
import type { AutobeeError } from '../../src/index.ts'
import { type Address, reachable, showAddress } from '../common/address.ts'
import { UserError } from '../common/user-error.ts'
import type { Flags, RelayFlags } from './flags.ts'
import { servePage } from './page-server.ts'

const LOOPBACK = /^(127\.|localhost$)/

/** How a writer and its readers come together: over TCP, Hyperswarm, a relay, or several of them. */
export interface Meeting {
  /** The flags by which a reader gets here; empty when it cannot. */
  readonly flags: string
  /** The reader as a page: its address, to which `key=…` is added; null when it is not served. */
  readonly page: string | null
  readonly peers: number
  /** Resolves when everybody who is found is dialled. */
  flushed(): Promise<void>
  close(): Promise<void>
}

/**
 * Only the main core's topic is joined: all other cores of the store are replicated over the same connections.
 * @throws UserError
 */
export async function meet(store: Corestore, topic: Uint8Array, flags: Flags): Promise<Meeting> {
  const handles: TransportHandle[] = []
  const shown: string[] = []
  /** In the order of their closing. */
  const closings = [() => Promise.all(handles.map(handle => handle.close()))] as (() => Promise<unknown>)[]
  const close = async (): Promise<void> => {
    for (const end of closings) await end()
  }
  let flushed = async (): Promise<void> => {}
  let page: string | null = null
  try {
    if (flags.tcp) {
      const { host, port, dial } = flags.tcp
      if (port !== null) {
        const server = await listen(store, { host, port })
        handles.push(server)
        shown.push(`--connect ${reachable(server)}`)
      }
      for (const address of dial) handles.push(connectTcp(store, address))
    }
    if (flags.swarm) {
      const joined = await openSwarm(store, topic, flags.swarm)
      handles.push(joined.handle)
      flushed = () => joined.handle.flushed()
      shown.push(joined.flags)
      closings.push(joined.close)
    }
    if (flags.relay) {
      const relay = await openRelay(flags.relay)
      closings.push(relay.close)
      page = relay.page
      shown.push(`--relay ${relay.url}`)
      handles.push(connectRelay(store, relay.url, { topics: [topic] }))
    }
  } catch (error) {
    await close()
    throw error
  }
  return {
    flags: shown.join(' '),
    page,
    get peers() {
      return handles.reduce((sum, { peers }) => sum + peers.length, 0)
    },
    flushed,
    close
  }
}

interface Relayed {
  readonly url: string
  readonly page: string | null
  close(): Promise<void>
}

/** The relay to dial, if need be one of its own, on the server of the page. */
async function openRelay({ url, page: where }: RelayFlags): Promise<Relayed> {
  const page = where && (await listening(() => servePage(where), { port: where.port, flag: '--relay' }))
  const relay = url === null && page ? await createRelay({ server: page.server, path: '/relay' }) : null
  const dialled = url ?? (relay?.url as string)
  return {
    url: dialled,
    // a page that is told nothing takes the relay that it comes from
    page: page && `${page.url}#${url === null ? '' : `relay=${encodeURIComponent(url)}&`}`,
    async close() {
      await relay?.close()
      await page?.close()
    }
  }
}

interface Joined {
  readonly handle: SwarmHandle
  readonly flags: string
  close(): Promise<unknown>
}

async function openSwarm(
  store: Corestore,
  topic: Uint8Array,
  { bootstrap, isTestnet }: NonNullable<Flags['swarm']>
): Promise<Joined> {
  // an example's: who meets over TCP need not have them
  const { default: Hyperswarm } = await import('hyperswarm')
  const { default: DHT } = await import('hyperdht')
  const testnet = isTestnet ? await startTestnet() : null
  const nodes = testnet?.bootstrap ?? bootstrap
  const isLocal = nodes.length > 0 && nodes.every(({ host }) => LOOPBACK.test(host))
  const dht = new DHT({
    ...(nodes.length > 0 ? { bootstrap: [...nodes] } : {}),
    // nodes that are not told that nothing is between them look for a way through firewalls, and may miss each other
    ...(isLocal ? { host: '127.0.0.1', firewalled: false } : {})
  })
  const swarm = new Hyperswarm({ dht })
  const handle = joinSwarm(store, swarm, { topics: [topic] })
  return {
    handle,
    flags: nodes.length > 0 ? nodes.map(node => `--bootstrap ${showAddress(node)}`).join(' ') : '--swarm',
    async close() {
      await swarm.destroy()
      await testnet?.destroy()
    }
  }
}

async function startTestnet() {
  const { default: createTestnet } = await import('hyperdht/testnet.js')
  return createTestnet(3)
}

function listen(store: Corestore, address: Address): Promise<TcpHandle> {
  return listening(() => listenTcp(store, address), { port: address.port, flag: '--listen' })
}

/** @throws UserError */
async function listening<T>(
  open: () => Promise<T>,
  { port, flag }: { port: number; flag: string }
): Promise<T> {
  try {
    return await open()
  } catch (error) {
    const { reason, code, message } = error as AutobeeError
    if ((reason ?? code) === 'EADDRINUSE')
      throw new UserError(`Port ${port} is taken. Choose another with ${flag}, or 0 for any free one.`)
    throw new UserError(message)
  }
}
