import { type WebSocket, WebSocketServer } from 'ws'
import { RelayChannel } from '../../../adapters/transport/relay/channel.ts'
import {
  decodeFrame,
  encodeFrame,
  type Frame,
  SUBPROTOCOL,
  VERSION,
  type Welcome
} from '../../../adapters/transport/relay/frames.ts'
import { until } from '../../support/peers.ts'

export const WELCOME: Welcome = { version: VERSION, window: 65_536, frame: 16_384, heartbeat: 60_000 }

/** A client, as a relay sees it that has no rules. */
export class Served {
  readonly ws: WebSocket
  readonly frames: Frame[] = []
  readonly welcome: Welcome
  readonly #channels = new Map<number, RelayChannel>()

  constructor(ws: WebSocket, welcome: Welcome) {
    this.ws = ws
    this.welcome = welcome
    ws.on('error', () => {})
    ws.on('close', () => {
      for (const channel of this.#channels.values()) channel.lose()
    })
    ws.on('message', data => {
      const frame = decodeFrame(new Uint8Array(data as Buffer))
      this.frames.push(frame)
      if ('channel' in frame) this.#channels.get(frame.channel)?.receive(frame)
    })
  }

  get isGone(): boolean {
    return this.ws.readyState >= this.ws.CLOSING
  }

  send(frame: Frame): void {
    this.raw(encodeFrame(frame))
  }

  raw(bytes: Uint8Array | string): void {
    if (this.ws.readyState === this.ws.OPEN) this.ws.send(bytes)
  }

  async next<T extends Frame['type']>(type: T): Promise<Frame & { type: T }> {
    const found = () => this.frames.find(frame => frame.type === type)
    await until(() => found() !== undefined || this.isGone)
    const frame = found()
    if (!frame) throw new Error(`it went without a ${type}`)
    return frame as Frame & { type: T }
  }

  /** Opens a channel for a topic that it joined, which ends here. */
  async open(number: number, { isInitiator }: { isInitiator: boolean }): Promise<RelayChannel> {
    const { topic } = await this.next('join')
    const channel = new RelayChannel(number, {
      welcome: this.welcome,
      carrier: {
        isFull: false,
        send: frame => this.send(frame),
        whenDrained: callback => callback(),
        unread() {}
      },
      onclose: () => this.#channels.delete(number)
    })
    channel.on('error', () => {})
    this.#channels.set(number, channel)
    this.send({ type: 'open', channel: number, isInitiator, topic })
    return channel
  }
}

export interface FakeRelay {
  readonly url: string
  /** All that ever came. */
  readonly served: readonly Served[]
  close(): Promise<void>
}

/** A relay that does what `onserved` does, and welcomes everybody (null: nobody). */
export async function fakeRelay(
  onserved: (served: Served) => void = () => {},
  { welcome = WELCOME }: { welcome?: Welcome | null } = {}
): Promise<FakeRelay> {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL
  })
  const all: Served[] = []
  server.on('connection', ws => {
    const served = new Served(ws, welcome ?? WELCOME)
    all.push(served)
    if (welcome) ws.once('message', () => served.send({ type: 'welcome', ...welcome }))
    onserved(served)
  })
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `ws://127.0.0.1:${port}/`,
    served: all,
    async close() {
      for (const { ws } of all) ws.terminate()
      await new Promise(resolve => server.close(resolve))
    }
  }
}
