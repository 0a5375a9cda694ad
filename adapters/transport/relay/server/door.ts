import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { Places } from '../../places.ts'
import { CLOSES, DATA_HEADER, LONGEST_TOKEN, SUBPROTOCOL } from '../frames.ts'
import type { RelayRefusal } from './counters.ts'
import type { RelaySettings } from './options.ts'
import { pathOf, refuseUpgrade } from './requests.ts'

/** ms that the other side has to answer a closing. */
const CLOSE_TIMEOUT = 1_000
/** Those that are too many are told so, by a code that a page can read, if they are not too many again. */
const MOST_TOLD = 64
/** Pieces that a frame may come in, and one more for every so many bytes: each may keep 64 KiB of what was read in memory. */
const FRAGMENTS = 16
const FRAGMENT = 16_384
const CHUNKS = 1_024

/** Connections beside those that WebSockets may take: they ask for metrics, are told that they are too many, or say nothing. */
const MORE = 64
const MORE_PER_ADDRESS = 16

export interface DoorOptions {
  readonly settings: RelaySettings
  onopen(o: { ws: WebSocket; socket: Socket; address: string }): void
  onrefused(address: string, reason: RelayRefusal): void
  /** `addressOf` threw. */
  onerror(error: unknown): void
  /** An upgrade for another path. @returns is it somebody else's? */
  isOthers(): boolean
}

/** Who gets in. */
export class Door {
  readonly #o: DoorOptions
  readonly #places: Places
  /** Of the relay's own server: connections that are not yet, or never will be, WebSockets count here. */
  readonly #connections: Places
  readonly #upgrades: WebSocketServer
  /** Raw sockets that are being told that they are too many. */
  #told = 0
  #isShut = false

  constructor(options: DoorOptions) {
    const { limits, frame, addressOf } = options.settings
    this.#o = options
    this.#connections = new Places({
      most: limits.sockets + MORE,
      // behind a proxy all come from one
      mostPerAddress: addressOf ? Number.POSITIVE_INFINITY : limits.socketsPerAddress + MORE_PER_ADDRESS
    })
    this.#places = new Places({ most: limits.sockets, mostPerAddress: limits.socketsPerAddress })
    const serverOptions = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: Math.max(DATA_HEADER + frame, 2 + LONGEST_TOKEN),
      maxFragments: FRAGMENTS + Math.ceil(frame / FRAGMENT),
      maxBufferedChunks: CHUNKS,
      // text is refused whatever it says
      skipUTF8Validation: true,
      handleProtocols: () => SUBPROTOCOL,
      closeTimeout: CLOSE_TIMEOUT
    }
    this.#upgrades = new WebSocketServer(serverOptions)
  }

  /** Whoever comes from now on is turned away. */
  shut(): void {
    this.#isShut = true
  }

  readonly onconnection = (socket: Socket): void => {
    const { remoteAddress: address } = socket
    const reason = address === undefined ? null : this.#connections.take(address)
    if (address === undefined || reason) {
      socket.destroy()
      if (address !== undefined && reason) this.#o.onrefused(address, reason)
      return
    }
    socket.once('close', () => this.#connections.free(address))
  }

  readonly onupgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const { settings, onopen, onrefused } = this.#o
    if (pathOf(request) !== settings.path) {
      if (!this.#o.isOthers()) refuseUpgrade(socket, 404)
      return
    }
    const address = this.#addressOf(request)
    if (address === null) {
      refuseUpgrade(socket, 500)
      return
    }
    const status = this.#statusFor(request)
    if (status !== null) {
      refuseUpgrade(socket, status)
      if (status === 403) onrefused(address, 'ORIGIN')
      return
    }
    const reason = this.#places.take(address)
    if (reason) {
      onrefused(address, reason)
      this.#tell(request, { socket, head })
      return
    }
    socket.once('close', () => this.#places.free(address))
    this.#upgrades.handleUpgrade(request, socket, head, ws => onopen({ ws, socket: request.socket, address }))
  }

  /** Null when there is none. */
  #addressOf(request: IncomingMessage): string | null {
    const { settings, onerror } = this.#o
    try {
      // a connection that is gone already has no address
      return settings.addressOf ? settings.addressOf(request) : (request.socket.remoteAddress ?? null)
    } catch (error) {
      onerror(error)
      return null
    }
  }

  /** That there are too many. */
  #tell(request: IncomingMessage, { socket, head }: { socket: Duplex; head: Buffer }): void {
    if (this.#told >= MOST_TOLD) {
      refuseUpgrade(socket, 503)
      return
    }
    this.#told++
    socket.once('close', () => this.#told--)
    this.#upgrades.handleUpgrade(request, socket, head, ws => {
      // it is not listened to, and its errors are its own
      ws.on('error', () => {}).close(CLOSES.FULL, 'FULL')
    })
  }

  /** Why an upgrade is not taken; null: it may be. */
  #statusFor({ headers }: IncomingMessage): 400 | 403 | 503 | null {
    if (this.#isShut) return 503
    if (!this.#isOrigin(headers.origin)) return 403
    const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map(name => name.trim())
    return protocols.includes(SUBPROTOCOL) ? null : 400
  }

  #isOrigin(origin: string | undefined): boolean {
    const { origins, allowNoOrigin } = this.#o.settings
    if (origins === null) return true
    return origin === undefined ? allowNoOrigin : origins.has(origin)
  }
}
