import { createServer, type IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'

/** The signal server that comes with `hyperswarm-web`. */
interface SignalServer {
  readonly ws: {
    handleUpgrade(
      request: IncomingMessage,
      socket: Duplex,
      head: Buffer,
      then: (socket: unknown) => void
    ): void
    emit(event: 'connection', socket: unknown, request: IncomingMessage): void
  }
  close(): Promise<void>
}

export interface Signals {
  readonly url: string
  close(): Promise<void>
}

/**
 * Signals, and nothing else: where pages look for a proxy to the Hyperswarm of Node's they find somebody who says nothing,
 * since the proxy that comes with it ends with an error soon after a page has joined.
 */
export async function signalServer(host: string): Promise<Signals> {
  const require = createRequire(createRequire(import.meta.url).resolve('hyperswarm-web'))
  const { SignalServer } = require('@geut/discovery-swarm-webrtc/server') as {
    SignalServer: new (options: { noServer: true }) => SignalServer
  }
  const signals = new SignalServer({ noServer: true })
  const silent = new WebSocketServer({ noServer: true })
  const server = createServer((_, response) => response.writeHead(404).end())
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/signal')
      signals.ws.handleUpgrade(request, socket, head, opened =>
        signals.ws.emit('connection', opened, request)
      )
    else silent.handleUpgrade(request, socket, head, () => {})
  })
  await new Promise<void>(resolve => server.listen(0, host, resolve))
  return {
    url: `ws://${host}:${(server.address() as AddressInfo).port}`,
    async close() {
      await signals.close()
      for (const socket of silent.clients) socket.terminate()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
  }
}
