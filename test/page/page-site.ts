/** The built page on a server of this machine, with a relay beside it, as `npm start` has them. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRelay, type RelayHandle } from '../../adapters/transport/relay.ts'
import { PageFiles } from '../../demo/start/page-files.ts'

export class PageSite {
  readonly url: string
  readonly #server: Server
  readonly #port: number
  #relay: RelayHandle | null
  /** Files whose content is another one, by their path. */
  readonly changed: Map<string, string>

  private constructor({
    server,
    relay,
    changed
  }: {
    server: Server
    relay: RelayHandle
    changed: Map<string, string>
  }) {
    this.changed = changed
    this.#server = server
    this.#relay = relay
    this.#port = (server.address() as AddressInfo).port
    this.url = `http://127.0.0.1:${this.#port}/`
  }

  static async start(): Promise<PageSite> {
    const changed = new Map<string, string>()
    const files = PageFiles.open()
    const server = createServer((request, response) => {
      const body = changed.get(request.url ?? '')
      if (body === undefined) return void files.handle(request, response)
      const type = request.url?.endsWith('.js') ? 'text/javascript' : 'text/html'
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' }).end(body)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const relay = await createRelay({ server, path: '/relay' })
    return new PageSite({ server, relay, changed })
  }

  /** Peers that wait at the relay or talk over it. */
  get clients(): number {
    return this.#relay?.clients ?? 0
  }

  /** Ends the server and the relay: neither the page nor anybody is reached. */
  async stopServer(): Promise<void> {
    await this.#relay?.close({ grace: 0 })
    this.#relay = null
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  /** At the same place. */
  async startServer(): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen(this.#port, '127.0.0.1', resolve))
    this.#relay = await createRelay({ server: this.#server, path: '/relay' })
  }

  async close(): Promise<void> {
    if (this.#relay) await this.stopServer()
  }
}
