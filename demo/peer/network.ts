import { networkInterfaces } from 'node:os'
import { connectTcp, listenTcp, type Replicates, type TcpHandle } from '../../adapters/transport/tcp.ts'
import { AutobeeError } from '../../src/index.ts'
import { type Address, showAddress, UserError } from './flags.ts'
import type { Teller } from './notices.ts'

export interface NetworkOptions {
  readonly host: string
  /** As asked for; null: `lastPort` if it is free, or any. */
  readonly port: number | null
  readonly lastPort: number
  readonly teller: Teller
}

/** Listens, and dials the peers it was told of. */
export class Network {
  readonly #target: Replicates
  readonly #teller: Teller
  readonly #handles: TcpHandle[] = []
  readonly port: number

  private constructor(target: Replicates, { server, teller }: { server: TcpHandle; teller: Teller }) {
    this.#target = target
    this.#teller = teller
    this.port = server.port
    this.#add(server)
  }

  /** @throws UserError when it cannot */
  static async listen(target: Replicates, options: NetworkOptions): Promise<Network> {
    const server = await listen(target, options)
    return new Network(target, { server, teller: options.teller })
  }

  /** Connects, and connects again whenever the connection ends. */
  dial(addresses: readonly Address[]): void {
    for (const address of addresses) {
      const client = connectTcp(this.#target, address)
      tellUnreachable(client, { address: showAddress(address), teller: this.#teller })
      this.#add(client)
    }
  }

  get isConnected(): boolean {
    return this.#handles.some(({ peers }) => peers.length > 0)
  }

  async close(): Promise<void> {
    await Promise.all(this.#handles.map(handle => handle.close()))
  }

  #add(handle: TcpHandle): void {
    handle.on('peer', ({ address }) => this.#teller.tell({ event: 'peer', address }))
    handle.on('peer-close', ({ address }) => this.#teller.tell({ event: 'peer-close', address }))
    this.#handles.push(handle)
  }
}

/** An address that others can dial: one of this machine's when it listens on all of them. */
export function reachable({ host, port }: Address): string {
  if (host !== '0.0.0.0' && host !== '::') return showAddress({ host, port })
  const all = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? [])
  const outside = all.find(({ family, internal }) => family === 'IPv4' && !internal)
  return showAddress({ host: outside?.address ?? '127.0.0.1', port })
}

async function listen(target: Replicates, { host, port, lastPort }: NetworkOptions): Promise<TcpHandle> {
  try {
    return await listenTcp(target, { host, port: port ?? lastPort })
  } catch (error) {
    const { reason, message } = error as AutobeeError
    if (reason === 'EADDRINUSE' && port === null) return listenTcp(target, { host })
    if (reason === 'EADDRINUSE')
      throw new UserError(
        `Port ${port} is taken. Choose another with --port, or leave --port out for a free one.`
      )
    if (reason === 'EADDRNOTAVAIL' || reason === 'ENOTFOUND')
      throw new UserError(
        `${host} is no address of this machine. Leave --host out, or use 0.0.0.0 for all of them.`
      )
    throw new UserError(AutobeeError.is(error) ? message : String(error))
  }
}

/** Says once per outage that nobody answers. */
function tellUnreachable(client: TcpHandle, { address, teller }: { address: string; teller: Teller }): void {
  let isTold = false
  client.on('peer', () => {
    isTold = false
  })
  client.on('error', ({ reason, message }) => {
    if (isTold) return
    isTold = true
    teller.problem(
      `Nobody to talk to at ${address}: ${explain(reason, message)} Trying again until it works.`
    )
  })
}

function explain(reason: string | undefined, message: string): string {
  switch (reason) {
    case 'ECONNREFUSED':
      return 'no peer listens there. Is it running, and is this the port that it printed?'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'that name has no address. Check the host in --connect.'
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'it cannot be reached. Check the host in --connect, and the network.'
    case 'ECONNRESET':
    case 'CLOSED':
    case 'PROTOCOL':
      return 'the other side hung up. Is it a peer, and is this the port that it printed?'
    default:
      return `${message}.`
  }
}
