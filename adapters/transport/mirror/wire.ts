import type Protomux from 'protomux'
import {
  decodeMessage,
  LIMITS,
  type Limits,
  MESSAGE_TYPES,
  type MirrorMessage,
  OUTGOING,
  PROTOCOL
} from './messages.ts'

export interface WireOptions {
  /** Of a mirror; zeros for the one that asks. */
  readonly limits: Limits
  onopen(limits: Limits): void
  /** Well-formed; nothing more is known of it. */
  onmessage(message: MirrorMessage): void
  /** The stream takes more. */
  ondrain?(): void
  /** Once, whoever closed it. `isBroken`: for what the other side sent. */
  onclose(isBroken: boolean): void
}

/** One side of the protocol on one stream. Whatever comes in over it can close this channel, and nothing else. */
export class Wire {
  readonly #o: WireOptions
  readonly #channel: Protomux.Channel | null
  readonly #messages: readonly Protomux.Message<MirrorMessage>[]
  #state: 'opening' | 'open' | 'closed' = 'opening'
  #isBroken = false

  /** It is closed from the start, without a call, when such a channel is open already, or the stream is gone. */
  constructor(muxer: Protomux, options: WireOptions) {
    this.#o = options
    const channel = muxer.createChannel<Limits>({
      protocol: PROTOCOL,
      handshake: LIMITS as never,
      onopen: limits => {
        if (this.#state !== 'opening') return
        this.#state = 'open'
        options.onopen(limits)
      },
      onclose: () => this.#onclose(),
      ondrain: () => {
        if (this.#state === 'open') options.ondrain?.()
      }
    })
    this.#channel = channel
    if (!channel) this.#state = 'closed'
    this.#messages = MESSAGE_TYPES.flatMap(type => {
      const onmessage = (bytes: Uint8Array) => this.#onmessage(type, bytes)
      return channel
        ? [channel.addMessage({ encoding: OUTGOING as never, onmessage: onmessage as never })]
        : []
    })
    channel?.open(options.limits)
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** False when the stream wants a pause, until `ondrain`. */
  get isDrained(): boolean {
    return this.#channel?.drained ?? false
  }

  send(message: MirrorMessage): void {
    if (this.#state === 'open') this.#messages[MESSAGE_TYPES.indexOf(message.type)]?.send(message)
  }

  close(): void {
    this.#channel?.close()
  }

  /** For what the other side did. */
  break(): void {
    this.#isBroken = true
    this.close()
  }

  #onmessage(type: MirrorMessage['type'], bytes: Uint8Array): void {
    if (this.#state !== 'open') return
    let message: MirrorMessage
    try {
      message = decodeMessage(type, bytes)
    } catch {
      // told by `isBroken`
      this.break()
      return
    }
    this.#o.onmessage(message)
  }

  #onclose(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#o.onclose(this.#isBroken)
  }
}
