import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AutobeeError } from '../../../../src/index.ts'
import type { CloseReason } from '../frames.ts'
import type { RelayRefusal, RelayStats } from './counters.ts'

/** All repeat, unless it says once. Nobody need listen to any of them. */
export interface RelayEvents {
  /** A client said hello. */
  client: [{ readonly address: string }]
  /** It is gone; once for every `client`. `reason` is null when it went by itself, or the relay shuts down. */
  'client-close': [{ readonly address: string; readonly reason: CloseReason | null }]
  /** Somebody did not get what it wanted, or was closed for what it did. */
  refused: [{ readonly address: string; readonly reason: RelayRefusal }]
  /** `TRANSPORT_FAILED`: the server failed, and goes on. */
  error: [AutobeeError]
  /** Once: the relay is closed. */
  close: []
}

/** What {@link createRelay} gives. */
export interface RelayHandle {
  /** What clients connect to: `ws://host:port/`, or `wss:`; an address that is every network's is given as this machine's. */
  readonly url: string
  /** 0 while a server of yours does not listen. */
  readonly port: number
  /** Clients that have said hello. */
  readonly clients: number
  /** Topics that somebody has joined. */
  readonly topics: number
  readonly channels: number
  readonly stats: RelayStats
  on<K extends keyof RelayEvents>(event: K, listener: (...args: RelayEvents[K]) => void): this
  once<K extends keyof RelayEvents>(event: K, listener: (...args: RelayEvents[K]) => void): this
  off<K extends keyof RelayEvents>(event: K, listener: (...args: RelayEvents[K]) => void): this
  /**
   * Answers `/health` and `/metrics` for a server of yours that has its own listener for requests.
   * @returns false: it is another path, and not answered
   */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean
  /**
   * Takes nobody more, sends what waits, closes every client with 1001, and after `grace` ms (default 2,000) whoever is
   * still there without a word; in every state, any number of times (the first one's grace holds). Resolves when all
   * sockets are closed and the port is free. A server that was handed in stays open.
   */
  close(options?: { grace?: number }): Promise<void>
}
