import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { Tokens } from '../../../../src/tokens.ts'
import {
  CLOSES,
  type CloseReason,
  channelOfData,
  decodeFrame,
  encodeFrame,
  type Frame,
  type FrameOf,
  VERSION
} from '../frames.ts'
import { Channels } from './channels.ts'
import type { Counters } from './counters.ts'
import type { RelaySettings } from './options.ts'
import { Outbox } from './outbox.ts'

const GOING_AWAY = 1001
/** Ticks without a word from a client; there are two in a heartbeat. */
const MOST_SILENT = 5

/** What a client asks of those who know the others. */
export interface Surroundings {
  readonly settings: RelaySettings
  readonly counters: Counters
  readonly pool: { add(bytes: number): void }
  isToken(token: string): boolean
  /** Said hello. */
  onhello(client: Client): void
  onjoin(client: Client, topic: Uint8Array): void
  onleave(client: Client, topic: Uint8Array): void
  /** A channel is gone, and its place is free. */
  onplace(client: Client): void
  /** Speaks no more; once. The socket may live on for a moment. */
  ongone(client: Client, reason: CloseReason | null): void
}

export interface ClientOptions {
  readonly ws: WebSocket
  readonly socket: Socket
  readonly address: string
  readonly around: Surroundings
}

/**
 * One WebSocket, from the upgrade on. Nobody is read from more slowly because somebody else does not read: that would let one
 * client starve all who send to it. Its credit bounds what waits for it instead (`Channels`), so that it costs at most
 *
 *     2 × channels × window                          in lanes; 2: small frames are merged in buffers that double
 *     + SOCKET_FULL + frame                          in the socket
 *     + 64 KiB × (16 + frame / 16 KiB) + 2 × frame   of a frame that comes in, in pieces that each keep what was read with them
 *     + 100 KiB                                      answers, topics, HTTP
 */
export class Client {
  readonly address: string
  readonly outbox: Outbox
  readonly channels: Channels
  /** There may be somebody with whom there was no place for a channel. */
  isHungry = false
  /** With what it was closed from here. */
  closeCode: number | null = null
  readonly #o: ClientOptions
  readonly #meters: Record<'bytes' | 'frames' | 'controls' | 'joins', Tokens>
  readonly #late: ReturnType<typeof setTimeout>
  #paused: ReturnType<typeof setTimeout> | null = null
  #state: 'new' | 'open' | 'gone' = 'new'
  /** Ticks since a byte came. */
  #silence = 0
  #bytesRead = 0
  /** Frames sent at the last tick. */
  #sent = 0
  #sentBefore = 0

  constructor(options: ClientOptions) {
    const { ws, socket, around } = options
    const { limits } = around.settings
    const { bytesPerSecond, framesPerSecond, controls, joins } = limits
    this.#o = options
    this.address = options.address
    this.outbox = new Outbox({
      ws,
      socket,
      pool: around.pool,
      most: limits.buffered,
      onslow: () => this.drop('SLOW'),
      onsent: bytes => {
        this.#sent++
        around.counters.framesOut++
        around.counters.bytesOut += bytes
      }
    })
    this.channels = new Channels({
      outbox: this.outbox,
      frame: around.settings.frame,
      onplace: () => {
        if (this.isOpen) around.onplace(this)
      }
    })
    this.#meters = {
      bytes: new Tokens({ rate: bytesPerSecond, burst: bytesPerSecond }),
      frames: new Tokens({ rate: framesPerSecond, burst: framesPerSecond }),
      controls: new Tokens({ rate: controls / 10, burst: controls }),
      joins: new Tokens({ rate: joins / 10, burst: joins })
    }
    this.#late = setTimeout(() => this.drop('SILENT'), limits.hello)
    ws.on('message', (data, isBinary) => this.#onmessage(data as Buffer, isBinary))
    for (const event of ['ping', 'pong'] as const) ws.on(event, () => this.#oncontrol())
    // what `ws` itself finds wrong: it closes with a code of the standard, and so is the reason counted
    ws.on('error', () => this.#go('PROTOCOL'))
    ws.once('close', () => {
      if (this.#paused) clearTimeout(this.#paused)
      this.#go(null)
      this.outbox.close()
    })
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  get hasPlace(): boolean {
    return this.isOpen && this.channels.size < this.#o.around.settings.limits.channels
  }

  /** Twice in a heartbeat. */
  tick(): void {
    const { ws, socket } = this.#o
    // bytes, not frames: one frame may take long on a slow line. Who is not read now cannot be heard
    if (this.#paused !== null || socket.bytesRead !== this.#bytesRead) this.#silence = 0
    else this.#silence++
    this.#bytesRead = socket.bytesRead
    if (this.#silence >= MOST_SILENT) {
      this.drop('SILENT')
      ws.terminate()
      return
    }
    if (!this.isOpen) return
    if (this.#sent === this.#sentBefore && !this.outbox.isFull)
      this.outbox.answer(encodeFrame({ type: 'alive' }))
    this.#sentBefore = this.#sent
    // a second ping says no more than the first one
    if (this.#silence === 2 || this.#silence === 4) ws.ping()
  }

  /** Closes it, with a code that says why. */
  drop(reason: CloseReason): void {
    if (this.#state === 'gone') return
    this.#go(reason)
    this.#close(CLOSES[reason], reason)
  }

  /** Closes it when all that waits is sent. */
  shutDown(): void {
    if (this.#state !== 'open') {
      this.#close(GOING_AWAY)
      this.#go(null)
      return
    }
    clearTimeout(this.#late)
    this.#state = 'gone'
    this.#o.around.ongone(this, null)
    this.outbox.finish(() => {
      this.outbox.close()
      this.#close(GOING_AWAY)
    })
  }

  terminate(): void {
    this.#go(null)
    this.outbox.close()
    this.#o.ws.terminate()
  }

  #close(code: number, reason?: string): void {
    this.closeCode ??= code
    this.#o.ws.close(code, reason)
  }

  #go(reason: CloseReason | null): void {
    if (this.#state === 'gone') return
    this.#state = 'gone'
    clearTimeout(this.#late)
    this.outbox.close()
    this.channels.resetAll('GONE')
    this.#o.around.ongone(this, reason)
  }

  #onmessage(message: Buffer, isBinary: boolean): void {
    const { counters } = this.#o.around
    counters.framesIn++
    counters.bytesIn += message.length
    // also when it is gone: it is read until its socket is closed
    this.#slowDown(message.length)
    if (this.#state === 'gone') return
    const fault = isBinary ? this.#take(message) : 'PROTOCOL'
    if (fault) this.drop(fault)
  }

  #take(message: Buffer): CloseReason | null {
    const channel = channelOfData(message)
    if (channel !== null) return this.channels.ondata(channel, message)
    const frame = frameOf(message)
    if (!frame) return 'PROTOCOL'
    if (frame.type === 'hello') return this.#onhello(frame)
    if (!this.isOpen) return 'PROTOCOL'
    if (frame.type === 'window') return this.channels.onwindow(frame)
    if (!this.#meters.controls.take()) return 'FLOOD'
    switch (frame.type) {
      case 'join':
        if (!this.#meters.joins.take()) return 'FLOOD'
        this.#o.around.onjoin(this, frame.topic)
        return null
      case 'leave':
        this.#o.around.onleave(this, frame.topic)
        return null
      case 'end':
        return this.channels.onend(frame)
      case 'reset':
        return this.channels.onreset(frame)
      default:
        // a relay's
        return 'PROTOCOL'
    }
  }

  #onhello({ version, token }: FrameOf<'hello'>): CloseReason | null {
    const { around } = this.#o
    if (this.#state !== 'new' || version !== VERSION) return 'PROTOCOL'
    if (!around.isToken(token)) return 'TOKEN'
    clearTimeout(this.#late)
    this.#state = 'open'
    const { window, frame, heartbeat } = around.settings
    this.outbox.answer(encodeFrame({ type: 'welcome', version: VERSION, window, frame, heartbeat }))
    around.onhello(this)
    return null
  }

  #oncontrol(): void {
    if (this.#state !== 'gone' && !this.#meters.controls.take()) this.drop('FLOOD')
  }

  #slowDown(bytes: number): void {
    const { bytes: byBytes, frames } = this.#meters
    // also when there are not so many: what a socket had read already cannot be put back
    byBytes.take(bytes)
    frames.take()
    const pause = Math.max(byBytes.wait, frames.wait)
    if (pause === 0 || this.#paused !== null) return
    const { ws } = this.#o
    ws.pause()
    this.#paused = setTimeout(() => {
      this.#paused = null
      ws.resume()
    }, pause)
  }
}

/** Null for what is none. */
function frameOf(message: Uint8Array): Frame | null {
  try {
    return decodeFrame(message)
  } catch {
    // it throws for nothing else
    return null
  }
}
