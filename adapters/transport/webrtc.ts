import { AutobeeError } from '../../src/index.ts'
import type { BackoffOptions } from './backoff.ts'
import type { Upgrade, UpgradeOptions, UpgradeSession } from './upgrade.ts'
import type { Attempt } from './webrtc/attempt.ts'
import { Pairs } from './webrtc/pairs.ts'
import { Session } from './webrtc/session.ts'
import type { IceServer, PeerConnectionClass } from './webrtc/types.ts'

export type { Upgrade, UpgradeOptions, UpgradeSession } from './upgrade.ts'
export type { IceServer, PeerConnectionClass } from './webrtc/types.ts'

/** How {@link webRtc} connects. */
export interface WebRtcOptions {
  /**
   * STUN and TURN servers, as a browser's `RTCPeerConnection` takes them. Default none: then only peers that reach each other's own
   * addresses connect, in the same network say, and nobody else is asked.
   */
  iceServers?: readonly IceServer[]
  /** ms from an offer to the open channel. Default 15,000. */
  timeout?: number
  /** ms that a connection may be without an answer, after the browser has noticed it, until it is given up. Default 5,000. */
  lostTimeout?: number
  /** Pauses between attempts with the same peer. Default `{ first: 2_000, longest: 300_000, good: 30_000 }`. */
  retry?: BackoffOptions
  /** Connections at a time, also those that are not open yet; with more peers the relay stays. Default 64. */
  maxConnections?: number
  /** Default the browser's own. In Node there is none; without it, nothing is upgraded. */
  RTCPeerConnection?: PeerConnectionClass
}

/** To be handed to `connectRelay` as `upgrade`. */
export interface WebRtc extends Upgrade {
  /** Peer connections that are not closed. */
  readonly connections: number
}

/**
 * Lets peers that have met over a relay talk directly, page to page, by the browser's own WebRTC. The relay stays in use until the direct
 * connection is open, comes back when that is lost, and is all there is when none can be made: then an `error` of the
 * handle says so (`TRANSPORT_FAILED`, reason `WEBRTC`) for each attempt, and nothing else changes. Peers tell each other
 * their addresses, encrypted, so that the relay does not see them.
 *
 * ```js
 * connectRelay(db, 'wss://relay.example.org', { upgrade: webRtc({ iceServers: [{ urls: 'stun:stun.example.org' }] }) })
 * ```
 * Where there is no WebRTC (in Node, in a worker) it may be handed over as well, and changes nothing.
 * @throws AutobeeError `INVALID_ARGUMENT`
 */
export function webRtc(options: WebRtcOptions = {}): WebRtc {
  const {
    iceServers = [],
    timeout = 15_000,
    lostTimeout = 5_000,
    maxConnections = 64,
    retry,
    RTCPeerConnection = (globalThis as { RTCPeerConnection?: PeerConnectionClass }).RTCPeerConnection
  } = options
  if (!Array.isArray(iceServers) || !iceServers.every(isIceServer))
    throw invalid(
      '`iceServers` is an array of { urls, username, credential }; urls begin with stun: or turn:'
    )
  for (const [name, value] of Object.entries({ timeout, lostTimeout, maxConnections, ...retry }))
    if (name !== 'random' && !(Number.isFinite(value) && Number(value) > 0))
      throw invalid(`\`${name}\` is a positive number`)
  const pairs = new Pairs({ first: 2_000, longest: 300_000, good: 30_000, ...retry })
  const attempts = new Set<Attempt>()
  return {
    kind: 'webrtc',
    get connections() {
      return attempts.size
    },
    start(o: UpgradeOptions): UpgradeSession {
      if (!RTCPeerConnection) return { close() {} }
      const settings = { RTCPeerConnection, iceServers, timeout, lostTimeout, maxConnections }
      return new Session({ ...o, settings, pair: pairs.of(o.stream), attempts })
    }
  }
}

function isIceServer(server: IceServer | null): boolean {
  const urls = [server?.urls ?? []].flat()
  return urls.length > 0 && urls.every(url => typeof url === 'string' && /^(stun|turn)s?:./.test(url))
}

function invalid(message: string): AutobeeError {
  return new AutobeeError('INVALID_ARGUMENT', `webRtc: ${message}`)
}
