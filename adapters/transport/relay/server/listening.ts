import { createServer, type Server as HttpServer } from 'node:http'
import { listenError } from '../../tcp-errors.ts'
import type { RelaySettings } from './options.ts'

const LONGEST_HEADERS = 8_192

/**
 * A server of the relay's own, which listens. Connections have no longer than `limits.hello` to say what they want.
 * @throws AutobeeError `TRANSPORT_FAILED`
 */
export async function listen(settings: RelaySettings): Promise<HttpServer> {
  const { port, host, limits } = settings
  const server = createServer({
    noDelay: true,
    maxHeaderSize: LONGEST_HEADERS,
    headersTimeout: limits.hello,
    requestTimeout: limits.hello,
    keepAliveTimeout: limits.hello,
    connectionsCheckingInterval: Math.max(10, Math.min(1_000, limits.hello / 2))
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
