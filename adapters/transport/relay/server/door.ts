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

export interface DoorOptions {
  readonly settings: RelaySettings
  onopen(o: { ws: WebSocket; socket: Duplex; address: string }): void
  onrefused(address: string, reason: RelayRefusal): void
  /** An upgrade for another path. @returns is it somebody else's? */
  isOthers(): boolean
}

/** Who gets in. */
export class Door {
  readonly #o: DoorOptions
  readonly #places: Places
  readonly #upgrades: WebSocketServer
  /** Raw sockets that are being told that they are too many. */
  #told = 0
  #isShut = false

  constructor(options: DoorOptions) {
    const { limits, frame } = options.settings
    this.#o = options
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

  readonly onupgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const { settings, onopen, onrefused } = this.#o
    if (pathOf(request) !== settings.path) {
      if (!this.#o.isOthers()) refuseUpgrade(socket, 404)
      return
    }
    const remote = (request.socket as Socket).remoteAddress
    // a connection that is gone already has no address
    if (remote === undefined) {
      socket.destroy()
      return
    }
    const address = settings.addressOf ? settings.addressOf(request) : remote
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
    this.#upgrades.handleUpgrade(request, socket, head, ws => onopen({ ws, socket, address }))
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
