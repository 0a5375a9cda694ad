import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import { AutobeeError } from '../../../../src/index.ts'
import { LONGEST_TOKEN } from '../frames.ts'

/** The longest that a timer takes, ms; and the most that a number of a frame can say. */
const LONGEST = 2 ** 31 - 1
const MIB = 1 << 20

/** What one client, or all of them, may take of the relay. Every number may be `Infinity` where it says so. */
export interface RelayLimits {
  /** WebSockets at once; default 1,024, or `Infinity`. */
  sockets?: number
  /** The same, from one address (of IPv6: from one /64); default 64, or `Infinity`. */
  socketsPerAddress?: number
  /** Topics that one client joins at once; default 256. More are answered `refused`. */
  topics?: number
  /** The same, of all clients together, a topic of three clients counting three times; default 65,536. */
  topicsInAll?: number
  /** Channels of one client at once; default 64. When one ends, the client is paired with the next. */
  channels?: number
  /**
   * Bytes that may wait for one client, and it is closed (`SLOW`); default `channels` × `window` + 1 MiB, which a
   * client that keeps to the protocol never reaches, however slow it is.
   */
  buffered?: number
  /** Bytes that may wait for all clients together; beyond that the one with most is closed (`SLOW`). Default 512 MiB. */
  memory?: number
  /** Bytes a client may send in a second, or is read from no faster; default 128 MiB, or `Infinity`. */
  bytesPerSecond?: number
  /** The same, frames; default 20,000, or `Infinity`. */
  framesPerSecond?: number
  /** Frames that are neither DATA nor WINDOW, and pings: this many at once, and a tenth of it in each second; default 2,000. More: `FLOOD`. */
  controls?: number
  /** Of them, joins; default 1,000. */
  joins?: number
  /** ms from the acceptance of a connection until the client has said hello; default 5,000. */
  hello?: number
}

/** How {@link createRelay} listens, and what it allows. */
export interface CreateRelayOptions {
  /** Default 0: any free one. */
  port?: number
  /** Default `127.0.0.1`, this machine only; `0.0.0.0` or `::` for every network it is in. */
  host?: string
  /**
   * Instead of a port: a server of yours, such as an `https` one for TLS; listening already or later. The relay takes
   * the upgrades on its path, never closes it, and ends when it is closed. Requests are left to it, when it has a
   * listener for them (see `RelayHandle.handleRequest`).
   */
  server?: HttpServer | HttpsServer
  /** Where WebSockets are taken; default `/`. */
  path?: string
  /** What clients must say in their hello, at most 256 bytes; default: nothing. */
  token?: string
  /** Of which pages; default: of all. Such as `['https://example.org']`. */
  origins?: readonly string[]
  /** With `origins`: also clients that say none, which are no pages; default true. */
  allowNoOrigin?: boolean
  /** What one client may take, and all together; each with a default of its own. */
  limits?: RelayLimits
  /** ms; something is sent to every client at least so often, and one that is silent for 2.5 of them is closed; default 10,000. */
  heartbeat?: number
  /** Bytes that may be sent on a channel, each way, before the other side has taken some; default 2 MiB. */
  window?: number
  /** Bytes of data in one frame, at most; default 262,139. */
  frame?: number
  /** Answers `GET /health`; default true. */
  health?: boolean
  /** Answers `GET /metrics`, in the text format of Prometheus; default true. */
  metrics?: boolean
  /** The address of who connects, for limits and events; default: the socket's. Behind a proxy: from a header that it sets. */
  addressOf?: (request: IncomingMessage) => string
}

export type RelaySettings = ReturnType<typeof toRelaySettings>
export type Limits = Readonly<Required<RelayLimits>>

/** @throws AutobeeError `INVALID_ARGUMENT` */
export function toRelaySettings(options: CreateRelayOptions) {
  const { port = 0, host = '127.0.0.1', path = '/', token = null, origins = null } = options
  const { heartbeat = 10_000, window = 2 * MIB, frame = 262_139 } = options
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw invalid('a port is a whole number up to 65535')
  if (typeof host !== 'string' || host === '') throw invalid('a host is a name or an address')
  if (typeof path !== 'string' || !path.startsWith('/')) throw invalid('a path begins with /')
  if (token !== null && (typeof token !== 'string' || Buffer.byteLength(token) > LONGEST_TOKEN))
    throw invalid(`a token is a string of at most ${LONGEST_TOKEN} bytes`)
  if (origins !== null && !(Array.isArray(origins) && origins.every(origin => typeof origin === 'string')))
    throw invalid('origins is a list of origins, such as https://example.org')
  checkWhole({ heartbeat, window, frame })
  return {
    port,
    host,
    path,
    token,
    origins: origins && new Set<string>(origins),
    heartbeat,
    window,
    frame,
    server: options.server ?? null,
    allowNoOrigin: options.allowNoOrigin ?? true,
    health: options.health ?? true,
    metrics: options.metrics ?? true,
    addressOf: options.addressOf ?? null,
    limits: toLimits(options.limits ?? {}, window)
  }
}

function toLimits(limits: RelayLimits, window: number): Limits {
  const { channels = 64, memory = 512 * MIB, buffered = channels * window + MIB } = limits
  const { topics = 256, topicsInAll = 65_536, controls = 2_000, joins = 1_000, hello = 5_000 } = limits
  const { sockets = 1_024, socketsPerAddress = 64 } = limits
  const { bytesPerSecond = 128 * MIB, framesPerSecond = 20_000 } = limits
  checkWhole({ topics, topicsInAll, channels, controls, joins, hello })
  for (const [name, value] of Object.entries({
    ...{ sockets, socketsPerAddress, bytesPerSecond, framesPerSecond, buffered, memory }
  }))
    if (value !== Number.POSITIVE_INFINITY) checkWhole({ [name]: value }, Number.MAX_SAFE_INTEGER)
  return {
    ...{ sockets, socketsPerAddress, topics, topicsInAll, channels, buffered, memory },
    ...{ bytesPerSecond, framesPerSecond, controls, joins, hello }
  }
}

function checkWhole(values: Record<string, number>, most = LONGEST): void {
  for (const [name, value] of Object.entries(values))
    if (!Number.isInteger(value) || value < 1 || value > most)
      throw invalid(`${name} is a whole number from 1 to ${most}`)
}

function invalid(message: string): AutobeeError {
  return new AutobeeError('INVALID_ARGUMENT', message)
}
