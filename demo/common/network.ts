import { connectTcp, listenTcp, type Replicates, type TcpHandle } from '../../adapters/transport/tcp.ts'
import { AutobeeError } from '../../src/index.ts'
import { type Address, showAddress } from './address.ts'
import { UserError } from './user-error.ts'

export interface NetworkOptions {
  readonly host: string
  /** As asked for; null: `lastPort` if it is free, or any. */
  readonly port: number | null
  readonly lastPort: number
  /** What the user gives the port by. */
  readonly portFlag: string
  tell(notice: { readonly event: 'peer' | 'peer-close'; readonly address: string }): void
  problem(sentence: string): void
}

/** Listens, and dials the peers it was told of. */
export class Network {
  readonly #target: Replicates
  readonly #o: NetworkOptions
  readonly #handles: TcpHandle[] = []
  readonly host: string
  readonly port: number

  private constructor(target: Replicates, server: TcpHandle, options: NetworkOptions) {
    this.#target = target
    this.#o = options
    this.host = options.host
    this.port = server.port
    this.#add(server)
  }

  /** @throws UserError when it cannot */
  static async listen(target: Replicates, options: NetworkOptions): Promise<Network> {
    const server = await listen(target, options)
    return new Network(target, server, options)
  }

  /** Connects, and connects again whenever the connection ends. */
  dial(addresses: readonly Address[]): void {
    for (const address of addresses) {
      const client = connectTcp(this.#target, address)
      tellUnreachable(client, showAddress(address), this.#o.problem)
      this.#add(client)
    }
  }

  /** Addresses of those connected now. */
  get peers(): readonly string[] {
    return this.#handles.flatMap(({ peers }) => peers.map(({ address }) => address))
  }

  get isConnected(): boolean {
    return this.#handles.some(({ peers }) => peers.length > 0)
  }

  async close(): Promise<void> {
    await Promise.all(this.#handles.map(handle => handle.close()))
  }

  #add(handle: TcpHandle): void {
    handle.on('peer', ({ address }) => this.#o.tell({ event: 'peer', address }))
    handle.on('peer-close', ({ address }) => this.#o.tell({ event: 'peer-close', address }))
    this.#handles.push(handle)
  }
}

async function listen(
  target: Replicates,
  { host, port, lastPort, portFlag }: NetworkOptions
): Promise<TcpHandle> {
  try {
    return await listenTcp(target, { host, port: port ?? lastPort })
  } catch (error) {
    const { reason, message, code = 'TRANSPORT_FAILED' } = error as AutobeeError
    if (reason === 'EADDRINUSE' && port === null) return listenTcp(target, { host })
    if (reason === 'EADDRINUSE')
      throw new UserError(
        `Port ${port} is taken. Choose another with ${portFlag}, or leave ${portFlag} out for a free one.`,
        { code }
      )
    if (reason === 'EADDRNOTAVAIL' || reason === 'ENOTFOUND')
      throw new UserError(
        `${host} is no address of this machine. Leave --host out, or use 0.0.0.0 for all of them.`,
        { code }
      )
    throw new UserError(AutobeeError.is(error) ? message : String(error), { code })
  }
}

/** Says once per outage that nobody answers. */
export function tellUnreachable(
  client: TcpHandle,
  address: string,
  problem: (sentence: string) => void
): void {
  let isTold = false
  client.on('peer', () => {
    isTold = false
  })
  client.on('error', ({ reason, message }) => {
    if (isTold) return
    isTold = true
    problem(`Nobody to talk to at ${address}: ${explain(reason, message)} Trying again until it works.`)
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
    case 'HANDSHAKE_TIMEOUT':
      return 'something listens there, and does not answer as a peer. Is this the port that it printed?'
    case 'ECONNRESET':
    case 'CLOSED':
    case 'PROTOCOL':
      return 'the other side hung up. Is it a peer, and is this the port that it printed?'
    default:
      return `${message}.`
  }
}
