import { AutobeeError } from '../../src/index.ts'
import type { BackoffOptions } from './backoff.ts'
import type { TransportHandle } from './handle.ts'

const DEFAULT_HOST = '127.0.0.1'
/** The longest that a timer takes, ms. */
const LONGEST = 2 ** 31 - 1

/** How long a connection may take, and be silent. */
export interface TcpTimeouts {
  /**
   * From the dial, or the acceptance, until both sides have spoken the protocol, ms; default 10,000. However slowly
   * the other side sends, it has no more time.
   */
  handshakeTimeout?: number
  /**
   * A peer that sends nothing for so long is gone, ms; default 8,000. A peer with nothing to say sends something every
   * 5,000, so take more than that.
   */
  silenceTimeout?: number
}

/** Where `listenTcp` listens, and how many it takes. */
export interface ListenTcpOptions extends TcpTimeouts {
  /** Default 0: any free one. */
  port?: number
  /** Default `127.0.0.1`, this machine only; `0.0.0.0` or `::` for every network it is in. */
  host?: string
  /** Connections at once, those included that have not spoken yet; default 256. More are `refused`. */
  maxConnections?: number
  /** The same, from one address (of IPv6: from one /64); default 64. */
  maxConnectionsPerAddress?: number
  /** Connections that the system holds until this process takes them; default 511. The system may hold fewer. */
  backlog?: number
}

/** Whom `connectTcp` dials. */
export interface ConnectTcpOptions extends TcpTimeouts {
  port: number
  /** Default `127.0.0.1`. */
  host?: string
  /** Pauses between attempts. Default 100 ms to 10 s. */
  retry?: BackoffOptions
}

/** What `listenTcp` and `connectTcp` give. */
export interface TcpHandle extends TransportHandle {
  readonly host: string
  /** Where it listens, or what it dials. */
  readonly port: number
}

export interface Timeouts {
  /** ms. */
  readonly handshake: number
  /** ms. */
  readonly silence: number
}

/** @throws AutobeeError `INVALID_ARGUMENT` */
export function toListenSettings(options: ListenTcpOptions) {
  const { port = 0, host = DEFAULT_HOST, backlog = 511 } = options
  const { maxConnections = 256, maxConnectionsPerAddress = 64 } = options
  checkAddress(host, { port, lowest: 0 })
  checkCount('maxConnections', maxConnections)
  checkCount('maxConnectionsPerAddress', maxConnectionsPerAddress)
  if (!Number.isInteger(backlog) || backlog < 1 || backlog > 65_535)
    throw new AutobeeError('INVALID_ARGUMENT', 'a backlog is a whole number from 1 to 65535')
  return { port, host, backlog, maxConnections, maxConnectionsPerAddress, timeouts: toTimeouts(options) }
}

/** @throws AutobeeError `INVALID_ARGUMENT` */
export function toConnectSettings(options: ConnectTcpOptions) {
  const { port, host = DEFAULT_HOST, retry = {} } = options ?? {}
  checkAddress(host, { port, lowest: 1 })
  for (const name of ['first', 'longest', 'good'] as const)
    if (retry[name] !== undefined) checkTime(`retry.${name}`, retry[name])
  return { port, host, retry, timeouts: toTimeouts(options) }
}

export type ListenSettings = ReturnType<typeof toListenSettings>
export type ConnectSettings = ReturnType<typeof toConnectSettings>

function toTimeouts({ handshakeTimeout = 10_000, silenceTimeout = 8_000 }: TcpTimeouts): Timeouts {
  checkTime('handshakeTimeout', handshakeTimeout)
  checkTime('silenceTimeout', silenceTimeout)
  return { handshake: handshakeTimeout, silence: silenceTimeout }
}

function checkAddress(host: string, { port, lowest }: { port: number; lowest: 0 | 1 }): void {
  if (!Number.isInteger(port) || port < lowest || port > 65_535)
    throw new AutobeeError('INVALID_ARGUMENT', `a port is a whole number from ${lowest} to 65535`)
  if (typeof host !== 'string' || host === '')
    throw new AutobeeError('INVALID_ARGUMENT', 'a host is a name or an address')
}

function checkTime(name: string, ms: number): void {
  if (typeof ms === 'number' && ms > 0 && ms <= LONGEST) return
  throw new AutobeeError('INVALID_ARGUMENT', `${name} is a number of ms, from 1 to ${LONGEST}`)
}

function checkCount(name: string, count: number): void {
  if (count === Number.POSITIVE_INFINITY || (Number.isInteger(count) && count > 0)) return
  throw new AutobeeError('INVALID_ARGUMENT', `${name} is a whole number from 1 on, or Infinity`)
}
