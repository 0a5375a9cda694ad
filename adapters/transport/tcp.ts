import { createServer } from 'node:net'
import type { Replicates } from './handle.ts'
import { checkTarget } from './target.ts'
import { TcpDialer } from './tcp-dialer.ts'
import { listenError } from './tcp-errors.ts'
import { TcpListener } from './tcp-listener.ts'
import {
  type ConnectTcpOptions,
  type ListenTcpOptions,
  type TcpHandle,
  toConnectSettings,
  toListenSettings
} from './tcp-options.ts'

export type { BackoffOptions } from './backoff.ts'
export type {
  Peer,
  RefusalReason,
  Replicates,
  TransportEvents,
  TransportHandle,
  TransportStatus
} from './handle.ts'
export type { ConnectTcpOptions, ListenTcpOptions, TcpHandle, TcpTimeouts } from './tcp-options.ts'

/**
 * Replicates an Autobee or a Corestore with every peer that dials. Resolves when it listens. It ends with `close()`, or
 * when `target` closes (`error` event, `CLOSED`).
 * @throws AutobeeError `TRANSPORT_FAILED` (`reason`: `EADDRINUSE` for a port that is taken, `EACCES` for one that is not
 *   allowed, `EADDRNOTAVAIL` or `ENOTFOUND` for a host that is none of this machine's), `INVALID_ARGUMENT`, `CLOSED`
 *   when `target` is
 */
export async function listenTcp(target: Replicates, options: ListenTcpOptions = {}): Promise<TcpHandle> {
  checkTarget(target)
  const settings = toListenSettings(options)
  const { port, host, backlog } = settings
  const server = createServer({ noDelay: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(listenError(error, { host, port })))
    server.listen({ port, host, backlog }, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
  return new TcpListener(target, server, settings)
}

/**
 * Replicates an Autobee or a Corestore with the peer at an address: dials, and dials again whenever the connection ends
 * or cannot be made, with growing pauses, until it is closed or `target` is. What fails is told by `error` events.
 * @throws AutobeeError `INVALID_ARGUMENT`, `CLOSED` when `target` is
 */
export function connectTcp(target: Replicates, options: ConnectTcpOptions): TcpHandle {
  checkTarget(target)
  return new TcpDialer(target, toConnectSettings(options))
}
