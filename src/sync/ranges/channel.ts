import b4a from 'b4a'
import c from 'compact-encoding'
import crypto from 'hypercore-crypto'
import type Protomux from 'protomux'
import { decodeMessage, MESSAGE_TYPES, OUTGOING, type RangeMessage } from './messages.ts'

export const PROTOCOL = 'autobee/ranges/1'
const [INITIATOR, RESPONDER] = crypto.namespace('autobee/ranges', 2) as [Uint8Array, Uint8Array]

/** What both sides know: the one proves it to the other, and nobody learns anything else from it. */
export interface DatabaseId {
  readonly key: Uint8Array
  readonly discoveryKey: Uint8Array
}

export interface RangeChannelHandlers {
  /** The other side has proved that it knows the database. */
  onopen(): void
  /** Well-formed; nothing more is known of it. */
  onmessage(message: RangeMessage): void
  /** The stream takes more. */
  ondrain(): void
  /** Once, whoever closed it. `isBroken`: for what the other side sent. */
  onclose(isBroken: boolean): void
}

/**
 * One side of the range protocol on one stream. Whatever comes in over it can close this channel and nothing else:
 * Protomux destroys the whole stream for what a decoder throws, so messages are decoded here.
 */
export class RangeChannel {
  readonly #id: DatabaseId
  readonly #muxer: Protomux
  readonly #handlers: RangeChannelHandlers
  readonly #channel: Protomux.Channel | null
  readonly #messages: readonly Protomux.Message<RangeMessage>[]
  #state: 'opening' | 'open' | 'closed' = 'opening'
  #isBroken = false

  /** It is closed from the start when such a channel is open already, or the stream is gone. */
  constructor(muxer: Protomux, options: { id: DatabaseId; handlers: RangeChannelHandlers }) {
    this.#id = options.id
    this.#muxer = muxer
    this.#handlers = options.handlers
    this.#channel = muxer.createChannel({
      protocol: PROTOCOL,
      id: this.#id.discoveryKey,
      handshake: c.raw as never,
      onopen: (proof: unknown) => this.#onopen(proof as Uint8Array),
      onclose: () => this.#onclose(),
      ondrain: () => this.#ondrain()
    })
    const channel = this.#channel
    if (!channel) this.#state = 'closed'
    this.#messages = MESSAGE_TYPES.flatMap(type => {
      const onmessage = (bytes: Uint8Array) => this.#onmessage(type, bytes)
      return channel ? [channel.addMessage({ encoding: OUTGOING, onmessage })] : []
    })
    channel?.open(this.#proof(muxer.stream.isInitiator))
  }

  get state(): 'opening' | 'open' | 'closed' {
    return this.#state
  }

  /** False when the stream wants a pause, until `ondrain`. */
  get isDrained(): boolean {
    return this.#channel?.drained ?? false
  }

  send(message: RangeMessage): void {
    if (this.#state === 'open') this.#messages[MESSAGE_TYPES.indexOf(message.type)]?.send(message)
  }

  close(): void {
    this.#channel?.close()
  }

  /** For what the other side did: it is not to come back on this stream. */
  break(): void {
    this.#isBroken = true
    this.close()
  }

  #onopen(proof: Uint8Array): void {
    if (this.#state !== 'opening') return
    if (!b4a.equals(proof, this.#proof(!this.#muxer.stream.isInitiator))) {
      this.break()
      return
    }
    this.#state = 'open'
    this.#handlers.onopen()
  }

  #onmessage(type: RangeMessage['type'], bytes: Uint8Array): void {
    // what was sent before the proof was looked at comes although the channel is closed by then
    if (this.#state !== 'open') return
    let message: RangeMessage
    try {
      message = decodeMessage(type, bytes)
    } catch {
      this.break()
      return
    }
    this.#handlers.onmessage(message)
  }

  #ondrain(): void {
    if (this.#state === 'open') this.#handlers.ondrain()
  }

  #onclose(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#handlers.onclose(this.#isBroken)
  }

  /** Bound to this stream's own handshake, so that nobody can pass it on. */
  #proof(isInitiator: boolean): Uint8Array {
    const { handshakeHash } = this.#muxer.stream
    return crypto.hash([isInitiator ? INITIATOR : RESPONDER, this.#id.key, handshakeHash ?? b4a.alloc(0)])
  }
}
