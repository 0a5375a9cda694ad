import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRelay, type RelayHandle } from '../../adapters/transport/relay.ts'
import { reachable, showAddress } from '../common/address.ts'
import { UserError } from '../common/user-error.ts'
import type { PageFiles } from './page-files.ts'

/** Where the relay is on the page's server. */
export const RELAY_PATH = '/relay'
/** For those who are connected to the relay, to take what was sent to them, ms. */
const GRACE = 500

export interface ListenOptions {
  readonly host: string
  readonly port: number
  problem(sentence: string): void
}

/** The page and the relay, on one port. */
export class PageServer {
  readonly port: number
  /** For people, in a browser. */
  readonly url: string
  /** Of the relay, for this process. */
  readonly relayUrl: string
  readonly #server: Server
  readonly #relay: RelayHandle

  private constructor(server: Server, relay: RelayHandle, host: string) {
    this.#server = server
    this.#relay = relay
    this.port = (server.address() as AddressInfo).port
    this.url = `http://${reachable({ host, port: this.port })}/`
    const near = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
    this.relayUrl = `ws://${showAddress({ host: near, port: this.port })}${RELAY_PATH}`
  }

  /** @throws UserError when it cannot */
  static async listen(files: PageFiles, { host, port, problem }: ListenOptions): Promise<PageServer> {
    const server = createServer((request, response) => void files.handle(request, response))
    // the relay takes those on its own path, and leaves the others alone
    server.on('upgrade', ({ url }, socket) => {
      if (url?.split('?')[0] !== RELAY_PATH) socket.destroy()
    })
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, resolve)
      })
    } catch (error) {
      throw explain(error as NodeJS.ErrnoException, { host, port })
    }
    const relay = await createRelay({ server, path: RELAY_PATH })
    relay.on('error', ({ message }) => problem(`The relay: ${message}`))
    return new PageServer(server, relay, host)
  }

  async close(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    await this.#relay.close({ grace: GRACE })
    this.#server.closeAllConnections()
    await closed
  }
}

function explain(
  { code = '', message }: NodeJS.ErrnoException,
  { host, port }: { host: string; port: number }
): UserError {
  const sentences: Record<string, string> = {
    EADDRINUSE: `Port ${port} is taken, by another program or another npm start. Choose another with --port, such as --port ${port < 65_535 ? port + 1 : 0}.`,
    EACCES: `Port ${port} is not allowed to this user. Choose one above 1023 with --port.`,
    EADDRNOTAVAIL: `${host} is no address of this machine. Leave --host out, or use 0.0.0.0 for all of them.`
  }
  sentences.ENOTFOUND = sentences.EADDRNOTAVAIL as string
  return new UserError(sentences[code] ?? `Port ${port} of ${host} cannot be listened on (${message}).`, {
    code: 'TRANSPORT_FAILED'
  })
}
