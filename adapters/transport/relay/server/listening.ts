import { createServer, type Server as HttpServer } from 'node:http'
import type { Socket } from 'node:net'
import { Places } from '../../places.ts'
import { listenError } from '../../tcp-errors.ts'
import type { RelaySettings } from './options.ts'

const LONGEST_HEADERS = 8_192
/** Connections beside those that WebSockets may take: they ask for metrics, are told that they are too many, or say nothing. */
const MORE = 64
const MORE_PER_ADDRESS = 16

/**
 * A server of the relay's own, which listens. Connections have a limit before they are WebSockets, too, and no longer
 * than `limits.hello` to say what they want.
 * @throws AutobeeError `TRANSPORT_FAILED`
 */
export async function listen(settings: RelaySettings): Promise<HttpServer> {
  const { port, host, limits, addressOf } = settings
  const server = createServer({
    noDelay: true,
    maxHeaderSize: LONGEST_HEADERS,
    headersTimeout: limits.hello,
    requestTimeout: limits.hello,
    keepAliveTimeout: limits.hello,
    connectionsCheckingInterval: Math.max(10, Math.min(1_000, limits.hello / 2))
  })
  const places = new Places({
    most: limits.sockets + MORE,
    // behind a proxy all come from one
    mostPerAddress: addressOf ? Number.POSITIVE_INFINITY : limits.socketsPerAddress + MORE_PER_ADDRESS
  })
  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket
    if (remoteAddress === undefined || places.take(remoteAddress) !== null) {
      socket.destroy()
      return
    }
    socket.once('close', () => places.free(remoteAddress))
  })
  await new Promise<void>((resolve, reject) => {
    const onerror = (error: Error): void => reject(listenError(error, { host, port }))
    server.once('error', onerror)
    server.listen({ port, host }, () => {
      server.off('error', onerror)
      resolve()
    })
  })
  return server
}
