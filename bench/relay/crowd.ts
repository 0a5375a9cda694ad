/** Clients of a relay that speak its frames, and nothing above them: what is measured is the relay. */
import { randomBytes } from 'node:crypto'
import { WebSocket } from 'ws'
import {
  decodeFrame,
  encodeFrame,
  type Frame,
  SUBPROTOCOL,
  VERSION
} from '../../adapters/transport/relay/frames.ts'

const PAYLOAD = new Uint8Array(16 * 1024)

export class Crowd {
  readonly #url: string
  readonly #clients: Client[] = []

  constructor(url: string) {
    this.#url = url
  }

  async idle(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.#join(randomBytes(32))
  }

  /** Both of a pair send, as fast as the other takes it. */
  async pump({ pairs, ms }: { pairs: number; ms: number }): Promise<number> {
    const active: Client[] = []
    for (let i = 0; i < pairs; i++) {
      const topic = randomBytes(32)
      active.push(await this.#join(topic), await this.#join(topic))
    }
    await Promise.all(active.map(client => client.paired))
    const before = active.reduce((sum, { received }) => sum + received, 0)
    for (const client of active) client.begin()
    await new Promise(resolve => setTimeout(resolve, ms))
    const after = active.reduce((sum, { received }) => sum + received, 0)
    for (const client of active) client.stop()
    return after - before
  }

  async leave(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map(client => client.close()))
  }

  async #join(topic: Uint8Array): Promise<Client> {
    const client = new Client(this.#url, topic)
    this.#clients.push(client)
    await client.joined
    return client
  }
}

class Client {
  received = 0
  readonly joined: Promise<void>
  readonly paired: Promise<void>
  readonly #socket: WebSocket
  #channel = 0
  #window = 0
  #credit = 0
  #taken = 0
  #isSending = false

  constructor(url: string, topic: Uint8Array) {
    const socket = new WebSocket(url, SUBPROTOCOL, { perMessageDeflate: false })
    this.#socket = socket
    let pair = () => {}
    this.paired = new Promise(resolve => {
      pair = resolve
    })
    this.joined = new Promise((resolve, reject) => {
      socket.on('error', reject)
      socket.on('close', code => reject(new Error(`the relay closed a client with ${code}`)))
      socket.on('open', () => this.#send({ type: 'hello', version: VERSION, token: '' }))
      socket.on('message', (data: Buffer) => {
        const frame = decodeFrame(data)
        if (frame.type === 'welcome') {
          this.#window = frame.window
          this.#send({ type: 'join', topic })
          resolve()
        } else if (frame.type === 'open') {
          this.#channel = frame.channel
          this.#credit = this.#window
          pair()
        } else this.#onframe(frame)
      })
    })
  }

  begin(): void {
    this.#isSending = true
    this.#pump()
  }

  stop(): void {
    this.#isSending = false
  }

  close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#socket.once('close', () => resolve()))
    this.#socket.close()
    return closed
  }

  #onframe(frame: Frame): void {
    if (frame.type === 'window') {
      this.#credit += frame.credit
      this.#pump()
    } else if (frame.type === 'data') {
      this.received += frame.payload.length
      this.#taken += frame.payload.length
      if (this.#taken < this.#window / 4) return
      this.#send({ type: 'window', channel: this.#channel, credit: this.#taken })
      this.#taken = 0
    }
  }

  #pump(): void {
    while (this.#isSending && this.#credit >= PAYLOAD.length) {
      this.#credit -= PAYLOAD.length
      this.#send({ type: 'data', channel: this.#channel, payload: PAYLOAD })
    }
  }

  #send(frame: Frame): void {
    this.#socket.send(encodeFrame(frame))
  }
}
