import { once } from 'node:events'
import b4a from 'b4a'
import { WebSocket } from 'ws'
import {
  decodeFrame,
  encodeFrame,
  type Frame,
  type FrameOf,
  SUBPROTOCOL,
  VERSION
} from '../../../adapters/transport/relay/frames.ts'
import { until } from '../../support/peers.ts'

export interface RawClientOptions {
  readonly origin?: string
  readonly headers?: Record<string, string>
  readonly localAddress?: string
  /** Of TLS: whom to trust, and what name it goes by. */
  readonly ca?: string
  readonly servername?: string
}

/** A client that speaks frames, and keeps no rule that a test does not keep for it. */
export class RawClient {
  readonly ws: WebSocket
  /** What came, in order. */
  readonly frames: Frame[] = []
  /** Code of the closing, when it is closed. */
  code: number | null = null
  /** Frames come in and are not kept. */
  isDeaf = false
  /** Credit is given for all that comes. */
  isGenerous = false

  constructor(url: string, options: RawClientOptions = {}) {
    this.ws = new WebSocket(url, SUBPROTOCOL, { perMessageDeflate: false, ...options })
    this.ws.on('error', () => {})
    this.ws.on('message', (data: Buffer) => {
      const frame = decodeFrame(data)
      if (!this.isDeaf) this.frames.push(frame)
      if (this.isGenerous && frame.type === 'data')
        this.send({ type: 'window', channel: frame.channel, credit: frame.payload.length })
    })
    this.ws.once('close', code => {
      this.code = code
    })
  }

  static async open(url: string, options: { token?: string } = {}): Promise<RawClient> {
    const client = new RawClient(url)
    await client.hello(options)
    await client.next('welcome')
    return client
  }

  async hello({ token = '', version = VERSION }: { token?: string; version?: number } = {}): Promise<void> {
    if (this.ws.readyState === WebSocket.CONNECTING) await once(this.ws, 'open')
    this.send({ type: 'hello', version, token })
  }

  send(frame: Frame): void {
    this.raw(encodeFrame(frame))
  }

  raw(bytes: Uint8Array | string): void {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.send(bytes)
  }

  data(channel: number, payload: Uint8Array | string): void {
    this.send({ type: 'data', channel, payload: b4a.from(payload as string) })
  }

  of<T extends Frame['type']>(type: T): FrameOf<T>[] {
    return this.frames.filter((frame): frame is FrameOf<T> => frame.type === type)
  }

  /** The one with this number of a type, when it is there. */
  async next<T extends Frame['type']>(type: T, index = 0): Promise<FrameOf<T>> {
    await until(() => this.of(type).length > index || this.code !== null)
    const frame = this.of(type)[index]
    if (frame) return frame
    throw new Error(`closed with ${this.code} before ${type} ${index} came`)
  }

  /** What came on a channel so far, as text. */
  text(channel: number): string {
    const parts = this.of('data').filter(frame => frame.channel === channel)
    return b4a.toString(b4a.concat(parts.map(({ payload }) => payload)))
  }

  bytes(channel: number): number {
    return this.of('data').reduce(
      (sum, frame) => sum + (frame.channel === channel ? frame.payload.length : 0),
      0
    )
  }

  /** Resolves when everything that was sent before it was dealt with, and what was answered to it is here; or it is closed. */
  async flushed(): Promise<void> {
    // a pong overtakes what is said in the same moment
    for (let i = 0; i < 2 && this.code === null; i++) {
      await new Promise<void>(resolve => {
        const done = (): void => {
          this.ws.off('pong', done).off('close', done)
          resolve()
        }
        this.ws.on('pong', done).on('close', done)
        if (this.ws.readyState === WebSocket.OPEN) this.ws.ping()
      })
    }
  }

  /** The status with which it was not let in. */
  refused(): Promise<number> {
    return new Promise(resolve => {
      this.ws.once('unexpected-response', (_, { statusCode = 0 }) => resolve(statusCode))
    })
  }

  async closed(): Promise<number> {
    await until(() => this.code !== null)
    return this.code as number
  }
}

/** 32 bytes that nobody else takes. */
export function topicOf(name: string): Uint8Array {
  const topic = b4a.alloc(32)
  topic.set(b4a.from(name).subarray(0, 32))
  return topic
}
