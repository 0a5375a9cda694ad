import { createHash, timingSafeEqual } from 'node:crypto'
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import type { WebSocket } from 'ws'
import { tell, typedEmitter } from '../../../../src/events.ts'
import { addressOf, failure } from '../../failure.ts'
import { type CloseReason, encodeFrame } from '../frames.ts'
import { Client, type Surroundings } from './client.ts'
import { Counters, type RelayRefusal, type RelayStats } from './counters.ts'
import { Door } from './door.ts'
import type { RelayEvents, RelayHandle } from './handle.ts'
import { Hub } from './hub.ts'
import type { RelaySettings } from './options.ts'
import { answer, refuseRequest } from './requests.ts'

const DEFAULT_GRACE = 2_000

export interface Listening {
  readonly server: HttpServer
  /** Made for this relay, and closed with it. */
  readonly isOwn: boolean
}

/** The WebSockets of one server, and who of them is paired with whom. */
export class Relay extends typedEmitter<RelayEvents>() implements RelayHandle, Surroundings {
  readonly settings: RelaySettings
  readonly counters = new Counters()
  readonly pool = { add: (bytes: number): void => this.#onwaiting(bytes) }
  readonly #server: HttpServer
  readonly #isOwn: boolean
  readonly #door: Door
  readonly #hub: Hub
  readonly #token: Buffer | null
  /** With a socket that is not closed yet. */
  readonly #sockets = new Set<Client>()
  /** Those of them that have said hello, and are not gone. */
  readonly #clients = new Set<Client>()
  readonly #ticking: ReturnType<typeof setInterval>
  readonly #unlisten: () => void
  #waiting = 0
  #wasListening = false
  #closing: Promise<void> | null = null
  #onlast: (() => void) | null = null

  constructor(settings: RelaySettings, { server, isOwn }: Listening) {
    super()
    this.settings = settings
    this.#server = server
    this.#isOwn = isOwn
    this.#token = settings.token === null ? null : digest(settings.token)
    this.#hub = new Hub(settings)
    const isAnswering = server.listenerCount('request') === 0
    this.#door = new Door({
      settings,
      onopen: connection => this.#onsocket(connection),
      onrefused: (address, reason) => this.#refuse(address, reason),
      onerror: error => this.#tell('error', failure('addressOf failed', error as Error)),
      isOthers: () => server.listenerCount('upgrade') > 1
    })
    const onrequest = (request: IncomingMessage, response: ServerResponse): void => {
      if (!this.handleRequest(request, response)) refuseRequest(request, response, settings.path)
    }
    const onerror = (error: Error): void => this.#tell('error', failure('the relay failed', error))
    const onclose = (): void => void this.close()
    if (isOwn) server.on('connection', this.#door.onconnection)
    server.on('upgrade', this.#door.onupgrade)
    server.on('error', onerror)
    server.on('close', onclose)
    if (isAnswering) server.on('request', onrequest)
    this.#unlisten = () => {
      server.off('connection', this.#door.onconnection)
      server.off('upgrade', this.#door.onupgrade)
      server.off('error', onerror)
      server.off('close', onclose)
      if (isAnswering) server.off('request', onrequest)
    }
    this.#ticking = setInterval(() => this.#tick(), Math.max(1, settings.heartbeat / 2))
  }

  get port(): number {
    const address = this.#server.address() as AddressInfo | null
    return address?.port ?? 0
  }

  get url(): string {
    const { address = this.settings.host } = (this.#server.address() ?? {}) as Partial<AddressInfo>
    const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address
    const scheme = this.#server instanceof TlsServer ? 'wss' : 'ws'
    return `${scheme}://${addressOf({ host, port: this.port })}${this.settings.path}`
  }

  get clients(): number {
    return this.#clients.size
  }

  get topics(): number {
    return this.#hub.topics
  }

  get channels(): number {
    let ends = 0
    for (const client of this.#clients) ends += client.channels.size
    return ends / 2
  }

  get isClosing(): boolean {
    return this.#closing !== null
  }

  get stats(): RelayStats {
    const { bytesIn, bytesOut, framesIn, framesOut, refusals, closes } = this.counters
    let buffered = 0
    for (const client of this.#sockets) buffered += client.outbox.buffered
    return {
      clients: this.clients,
      sockets: this.#sockets.size,
      topics: this.topics,
      channels: this.channels,
      ...{ buffered, bytesIn, bytesOut, framesIn, framesOut },
      refusals: { ...refusals },
      closes: { ...closes }
    }
  }

  handleRequest(request: IncomingMessage, response: ServerResponse): boolean {
    return answer(request, response, this)
  }

  close({ grace = DEFAULT_GRACE }: { grace?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(grace)
    return this.#closing
  }

  isToken(token: string): boolean {
    // digests are of one length, and tell nothing about how much of a token was right
    return this.#token === null || timingSafeEqual(this.#token, digest(token))
  }

  onhello(client: Client): void {
    this.#clients.add(client)
    this.#tell('client', { address: client.address })
  }

  onjoin(client: Client, topic: Uint8Array): void {
    const reason = this.#hub.join(client, topic)
    if (!reason) return
    client.outbox.answer(encodeFrame({ type: 'refused', topic }))
    this.#refuse(client.address, reason)
  }

  onleave(client: Client, topic: Uint8Array): void {
    this.#hub.leave(client, topic)
  }

  onplace(client: Client): void {
    this.#hub.feed(client)
  }

  ongone(client: Client, reason: CloseReason | null): void {
    this.#hub.remove(client)
    if (reason) this.#refuse(client.address, reason)
    if (this.#clients.delete(client)) this.#tell('client-close', { address: client.address, reason })
  }

  #onsocket({ ws, socket, address }: { ws: WebSocket; socket: Socket; address: string }): void {
    const client = new Client({ ws, socket, address, around: this })
    this.#sockets.add(client)
    ws.once('close', code => {
      this.counters.closed(client.closeCode ?? code)
      this.#sockets.delete(client)
      if (this.#sockets.size === 0) this.#onlast?.()
    })
  }

  #refuse(address: string, reason: RelayRefusal): void {
    this.counters.refused(reason)
    this.#tell('refused', { address, reason })
  }

  #tick(): void {
    // a server that was told to close tells nobody before its last connection is gone
    if (this.#wasListening && !this.#server.listening) void this.close()
    this.#wasListening = this.#server.listening
    for (const client of this.#sockets) client.tick()
  }

  /** All together have a limit, too: many clients can hold more than one relay has. */
  #onwaiting(bytes: number): void {
    this.#waiting += bytes
    if (bytes <= 0 || this.#waiting <= this.settings.limits.memory) return
    let most: Client | null = null
    for (const client of this.#clients)
      if (most === null || client.outbox.waiting > most.outbox.waiting) most = client
    most?.drop('SLOW')
  }

  async #close(grace: number): Promise<void> {
    clearInterval(this.#ticking)
    this.#door.shut()
    const closed = this.#isOwn ? this.#closeServer() : null
    const late = setTimeout(() => {
      for (const client of [...this.#sockets]) client.terminate()
    }, grace)
    const last = new Promise<void>(resolve => {
      this.#onlast = resolve
    })
    for (const client of [...this.#sockets]) client.shutDown()
    if (this.#sockets.size > 0) await last
    clearTimeout(late)
    this.#hub.close()
    if (this.#isOwn) this.#server.closeAllConnections()
    await closed
    this.#unlisten()
    this.#tell('close')
  }

  #closeServer(): Promise<void> {
    return new Promise(resolve => {
      this.#server.close(() => resolve())
      this.#server.closeIdleConnections()
    })
  }

  #tell<K extends keyof RelayEvents>(event: K, ...args: RelayEvents[K]): void {
    tell<RelayEvents, K>(this, event, ...args)
  }
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
