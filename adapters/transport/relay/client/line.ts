import b4a from 'b4a'
import { WebSocket } from 'ws'
import { AutobeeError } from '../../../../src/index.ts'
import { failure } from '../../failure.ts'
import { type ChannelCarrier, RelayChannel } from '../channel.ts'
import {
  CLOSES,
  DATA_HEADER,
  decodeFrame,
  encodeFrame,
  type Frame,
  SUBPROTOCOL,
  VERSION,
  type Welcome
} from '../frames.ts'
import { Numbers } from './numbers.ts'
import { Silence } from './silence.ts'
import { SocketDrain } from './socket-drain.ts'

const NORMAL = 1000
const OPEN = 1
/** Bytes that wait for readers, of all channels, before the socket is not read any more, and how many are left when it is. */
const MUCH = 1 << 25
const LITTLE = 1 << 24
/** ms for the relay's part of the closing. */
const GOODBYE = 1_000
/** What a relay may ask for: bytes, and ms. */
const LIMITS = { window: 1 << 22, frame: 1 << 20, heartbeat: 600_000 }

export interface LineOptions {
  readonly url: string
  readonly token: string
  /** ms, from the dial to the welcome. */
  readonly handshakeTimeout: number
  /** Channels at once; what is opened beyond is reset. */
  readonly maxChannels: number
  now(): number
  /** Topics may be joined: at once, since who waited for the welcome would lose a round trip. */
  onready(): void
  /** The relay has answered. */
  onopen(): void
  /** Somebody who shares the topic (its hash) is there. */
  onchannel(channel: RelayChannel, options: { isInitiator: boolean; topic: Uint8Array }): void
  /** There was no room for a channel. */
  onfull(): void
  /** There is room again for a channel of these topics (their hashes), for which there had been none. */
  onroom(topics: readonly Uint8Array[]): void
  /** The relay does not take the topic (its hash). */
  onrefused(topic: Uint8Array): void
  /** Once. No error when it was closed here. All channels are destroyed already. */
  onclose(error: AutobeeError | null): void
}

/** One WebSocket to a relay, from the dial to its end: the relay's side of the protocol is checked, and not trusted. */
export class RelayLine implements ChannelCarrier {
  readonly #o: LineOptions
  readonly #socket: WebSocket
  readonly #channels = new Map<number, RelayChannel>()
  readonly #numbers: Numbers
  /** Hashes, as hex, with whether they are joined still, and how many joins the relay may refuse yet. */
  readonly #topics = new Map<string, { isJoined: boolean; joins: number }>()
  readonly #drain: SocketDrain
  readonly #ended: Promise<void>
  #stop: () => void = () => {}
  #deadline: ReturnType<typeof setTimeout> | null
  #silence: Silence | null = null
  #welcome: Welcome | null = null
  #isOver = false
  #unread = 0
  #isPaused = false
  /** Hashes, as hex, of topics for which there was no room for a channel. */
  readonly #turnedAway = new Set<string>()
  /** What the socket itself says of its end; a page's says nothing. */
  #cause: Error | null = null

  /** @throws AutobeeError `TRANSPORT_FAILED`, reason `URL`: not to be dialled from here */
  constructor(options: LineOptions) {
    this.#o = options
    this.#numbers = new Numbers(options.now)
    this.#ended = new Promise(resolve => {
      this.#stop = resolve
    })
    this.#socket = dial(options.url)
    this.#socket.binaryType = 'arraybuffer'
    this.#drain = new SocketDrain(this.#socket)
    this.#deadline = setTimeout(() => this.#late(), options.handshakeTimeout)
    this.#listen()
  }

  /** May topics be joined? */
  get isReady(): boolean {
    return this.#socket.readyState === OPEN && !this.#isOver
  }

  /** Its readers do not keep up. */
  get isPaused(): boolean {
    return this.#isPaused
  }

  get isFull(): boolean {
    return this.#drain.isFull
  }

  whenDrained(callback: () => void): void {
    this.#drain.whenDrained(callback)
  }

  send(frame: Frame): void {
    if (this.#isOver || this.#socket.readyState !== OPEN) return
    if (this.#drain.isStuck) this.#end(protocol('the relay takes nothing, and goes on sending'))
    else this.#socket.send(encodeFrame(frame))
  }

  /** Windows bound it in pages, whose sockets take whatever comes. */
  unread(bytes: number): void {
    this.#unread += bytes
    if (!this.#isPaused && this.#unread > MUCH) {
      this.#isPaused = true
      this.#socket.pause?.()
    } else if (this.#isPaused && this.#unread < LITTLE) {
      this.#isPaused = false
      this.#socket.resume?.()
    }
  }

  /** @param topic a topic's hash; again: for those with whom there is no channel now */
  join(topic: Uint8Array): void {
    const hex = b4a.toString(topic, 'hex')
    this.#topics.set(hex, { isJoined: true, joins: (this.#topics.get(hex)?.joins ?? 0) + 1 })
    this.send({ type: 'join', topic })
  }

  leave(topic: Uint8Array): void {
    const known = this.#topics.get(b4a.toString(topic, 'hex'))
    if (known) known.isJoined = false
    this.send({ type: 'leave', topic })
  }

  /** The machine may have slept: a relay that has to be heard by now and is not is gone. */
  wake(): void {
    this.#silence?.wake()
  }

  /** Resolves when the socket is closed. */
  close(): Promise<void> {
    this.#end(null)
    return this.#ended
  }

  #listen(): void {
    const socket = this.#socket
    socket.addEventListener('open', () => {
      if (this.#isOver) return
      this.send({ type: 'hello', version: VERSION, token: this.#o.token })
      this.#o.onready()
    })
    socket.addEventListener('message', ({ data }) => this.#onmessage(data))
    socket.addEventListener('error', event => {
      const { error } = event as { error?: unknown }
      if (error instanceof Error) this.#cause = error
    })
    socket.addEventListener('close', ({ code, reason }) => {
      this.#stop()
      this.#end(this.#closed(code, reason))
    })
  }

  #onmessage(data: unknown): void {
    if (this.#isOver) return
    this.#silence?.heard()
    try {
      if (!(data instanceof ArrayBuffer)) throw protocol('the relay sends text')
      this.#onframe(decodeFrame(b4a.from(data)))
    } catch (error) {
      this.#end(AutobeeError.is(error) ? error : protocol('a frame could not be handled', error))
    }
  }

  #onframe(frame: Frame): void {
    if (!this.#welcome) {
      if (frame.type !== 'welcome') throw protocol(`the relay begins with ${frame.type}`)
      this.#onwelcome(frame)
      return
    }
    switch (frame.type) {
      case 'alive':
        return
      case 'open':
        this.#onopen(frame, this.#welcome)
        return
      case 'refused': {
        const known = this.#topics.get(b4a.toString(frame.topic, 'hex'))
        if (!known || known.joins-- === 0) throw protocol('the relay refuses what nobody asked for')
        this.#o.onrefused(frame.topic)
        return
      }
      case 'data':
      case 'window':
      case 'end':
      case 'reset': {
        const channel = this.#channels.get(frame.channel)
        if (channel ? !channel.receive(frame) : !this.#numbers.isPast(frame.channel))
          throw protocol(`the relay sends ${frame.type} on a channel that does not allow it`)
        return
      }
      default:
        throw protocol(`the relay sends ${frame.type}`)
    }
  }

  #onwelcome(welcome: Welcome): void {
    if (welcome.version !== VERSION)
      throw protocol(`the relay speaks version ${welcome.version}, this side ${VERSION}`)
    for (const name of ['window', 'frame', 'heartbeat'] as const)
      if (welcome[name] > LIMITS[name]) throw protocol(`the relay wants a ${name} of ${welcome[name]}`)
    if (this.#deadline) clearTimeout(this.#deadline)
    this.#deadline = null
    this.#welcome = welcome
    this.#silence = new Silence({
      heartbeat: welcome.heartbeat,
      now: this.#o.now,
      onsilent: () => this.#end(failed('the relay fell silent', { reason: 'ETIMEDOUT' }))
    })
    this.#o.onopen()
  }

  #onopen(frame: Frame & { type: 'open' }, welcome: Welcome): void {
    const { channel: number, isInitiator, topic } = frame
    const known = this.#topics.get(b4a.toString(topic, 'hex'))
    if (!known) throw protocol('the relay opens a channel for a topic that nobody joined')
    const { isJoined } = known
    if (this.#channels.has(number) || !this.#numbers.take(number))
      throw protocol('the relay opens a channel twice, or far too many')
    if (!isJoined || this.#channels.size >= this.#o.maxChannels) {
      this.send({ type: 'reset', channel: number, reason: 'CLOSED' })
      if (!isJoined) return
      this.#turnedAway.add(b4a.toString(topic, 'hex'))
      this.#o.onfull()
      return
    }
    const channel = new RelayChannel(number, {
      welcome,
      carrier: this,
      onclose: () => this.#onclose(number)
    })
    this.#channels.set(number, channel)
    this.#o.onchannel(channel, { isInitiator, topic })
  }

  #onclose(number: number): void {
    if (!this.#channels.delete(number)) return
    this.#numbers.end(number)
    if (this.#isOver || this.#turnedAway.size === 0) return
    const topics = [...this.#turnedAway].map(hex => b4a.from(hex, 'hex'))
    this.#turnedAway.clear()
    this.#o.onroom(topics)
  }

  #late(): void {
    const { handshakeTimeout } = this.#o
    const isReached = this.#socket.readyState === OPEN
    const reason = isReached ? 'HANDSHAKE_TIMEOUT' : 'ETIMEDOUT'
    this.#end(
      failed(`the relay did not ${isReached ? 'answer' : 'take the call'} in ${handshakeTimeout} ms`, {
        reason
      })
    )
  }

  #closed(code: number, reason: string): AutobeeError {
    const known = Object.entries(CLOSES).find(([, number]) => number === code)?.[0]
    if (known) return failed(`the relay closed the connection: ${reason || known}`, { reason: known })
    if (code === NORMAL || code === 1001) return failure('the relay ended the connection', null)
    const cause = this.#cause ?? new Error(`the WebSocket was closed with the code ${code}`)
    return failure(
      'no connection to the relay',
      Object.assign(cause, { code: codeOf(cause) ?? String(code) })
    )
  }

  /** The first reason counts. */
  #end(error: AutobeeError | null): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#deadline) clearTimeout(this.#deadline)
    this.#silence?.stop()
    this.#drain.stop()
    this.#hangUp(error)
    for (const channel of [...this.#channels.values()]) channel.lose()
    this.#channels.clear()
    this.#o.onclose(error)
  }

  #hangUp(error: AutobeeError | null): void {
    const socket = this.#socket
    // who is paused would not hear the other side's part of the closing
    socket.resume?.()
    const terminate = (): void => {
      // only sockets of `ws` have it; a page's is left to the browser
      socket.terminate?.()
      this.#stop()
    }
    if (error?.reason === 'PROTOCOL') {
      socket.close(CLOSES.PROTOCOL)
      terminate()
      return
    }
    socket.close(NORMAL)
    const timer = setTimeout(terminate, GOODBYE)
    this.#ended.then(() => clearTimeout(timer))
  }
}

function dial(url: string): WebSocket {
  try {
    // a page's WebSocket takes no third argument, and passes over it
    return new WebSocket(url, SUBPROTOCOL, {
      perMessageDeflate: false,
      maxPayload: LIMITS.frame + DATA_HEADER
    })
  } catch (error) {
    throw new AutobeeError(
      'INVALID_ARGUMENT',
      `${url} is no address of a relay, such as wss://relay.example.org`,
      {
        cause: error
      }
    )
  }
}

function codeOf(error: Error): string | undefined {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}

function protocol(what: string, cause?: unknown): AutobeeError {
  return failed(what, { reason: 'PROTOCOL', cause })
}

function failed(what: string, options: { reason: string; cause?: unknown }): AutobeeError {
  return new AutobeeError('TRANSPORT_FAILED', what, options)
}
