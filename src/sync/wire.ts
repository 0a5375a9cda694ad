import type { Encoder } from 'compact-encoding'
import type Protomux from 'protomux'

export interface WireFormat<Message extends { readonly type: string }, Hello> {
  /** With its version: another version is another protocol. */
  readonly protocol: string
  /** Of several channels of the protocol on one stream. */
  readonly id?: Uint8Array
  readonly hello: Encoder<Hello>
  /** In the order of their numbers. */
  readonly types: readonly Message['type'][]
  /** What is sent. */
  readonly outgoing: unknown
  /** What came. Throws for what is none. */
  decode(type: Message['type'], bytes: Uint8Array): Message
}

export interface WireHandlers<Message, Hello> {
  /** Whether the other side, by what it says at first, is to be talked to; default: whoever it is. */
  admits?(hello: Hello): boolean
  onopen(hello: Hello): void
  /** Well-formed; nothing more is known of it. */
  onmessage(message: Message): void
  /** The stream takes more. */
  ondrain?(): void
  /** Once, whoever closed it. `isBroken`: for what the other side sent. */
  onclose(isBroken: boolean): void
}

/**
 * One side of a protocol on one stream. Whatever comes in over it can close this channel and nothing else: Protomux destroys
 * the whole stream for what a decoder throws, so messages are decoded here.
 */
export class Wire<Message extends { readonly type: string }, Hello> {
  readonly #format: WireFormat<Message, Hello>
  readonly #handlers: WireHandlers<Message, Hello>
  readonly #channel: Protomux.Channel | null
  readonly #messages: readonly Protomux.Message<Message>[]
  #state: 'opening' | 'open' | 'closed' = 'opening'
  #isBroken = false

  /** It is closed from the start, without a call, when such a channel is open already, or the stream is gone. */
  constructor(
    muxer: Protomux,
    options: { format: WireFormat<Message, Hello>; hello: Hello; handlers: WireHandlers<Message, Hello> }
  ) {
    const { format, hello, handlers } = options
    this.#format = format
    this.#handlers = handlers
    const channel = muxer.createChannel<Hello>({
      protocol: format.protocol,
      ...(format.id ? { id: format.id } : {}),
      handshake: format.hello as never,
      onopen: hello => this.#onopen(hello),
      onclose: () => this.#onclose(),
      ondrain: () => {
        if (this.#state === 'open') handlers.ondrain?.()
      }
    })
    this.#channel = channel
    if (!channel) this.#state = 'closed'
    this.#messages = format.types.flatMap(type => {
      const onmessage = (bytes: Uint8Array) => this.#onmessage(type, bytes)
      return channel
        ? [channel.addMessage({ encoding: format.outgoing as never, onmessage: onmessage as never })]
        : []
    })
    channel?.open(hello)
  }

  get state(): 'opening' | 'open' | 'closed' {
    return this.#state
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** False when the stream wants a pause, until `ondrain`. */
  get isDrained(): boolean {
    return this.#channel?.drained ?? false
  }

  send(message: Message): void {
    if (this.#state === 'open') this.#messages[this.#format.types.indexOf(message.type)]?.send(message)
  }

  close(): void {
    this.#channel?.close()
  }

  /** For what the other side did. */
  break(): void {
    this.#isBroken = true
    this.close()
  }

  #onopen(hello: Hello): void {
    if (this.#state !== 'opening') return
    if (this.#handlers.admits?.(hello) === false) {
      this.break()
      return
    }
    this.#state = 'open'
    this.#handlers.onopen(hello)
  }

  #onmessage(type: Message['type'], bytes: Uint8Array): void {
    // what was sent before the hello was looked at comes although the channel is closed by then
    if (this.#state !== 'open') return
    let message: Message
    try {
      message = this.#format.decode(type, bytes)
    } catch {
      // told by `isBroken`
      this.break()
      return
    }
    this.#handlers.onmessage(message)
  }

  #onclose(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#handlers.onclose(this.#isBroken)
  }
}
