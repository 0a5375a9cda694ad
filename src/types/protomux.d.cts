/** Protomux: channels over one framed stream. Written from its source (3.12). */
declare module 'protomux' {
  import type { Encoder } from 'compact-encoding'
  import type Hypercore from 'hypercore'

  namespace Protomux {
    /** A protocol's name and, for several channels of it, an id in bytes. */
    interface Topic {
      protocol: string
      id?: Uint8Array | null | undefined
    }

    interface MessageOptions<In, Out = In> {
      /** Default: raw bytes. */
      encoding?: Encoder<In, Out> | undefined
      onmessage?: ((message: Out, channel: Channel) => void | Promise<void>) | undefined
      /** Default true: answers given while a batch is handled go out as one. */
      autoBatch?: boolean | undefined
    }

    interface Message<In> {
      readonly type: number
      /** False when the stream wants a pause (wait for `ondrain`), or the channel is closed. */
      send(message: In): boolean
    }

    interface ChannelOptions<Handshake = unknown> extends Topic {
      userData?: unknown
      aliases?: string[] | undefined
      /** Default true: gives null when such a channel is open. */
      unique?: boolean | undefined
      handshake?: Encoder<Handshake, Handshake> | null | undefined
      onopen?: ((handshake: Handshake, channel: Channel) => void | Promise<void>) | undefined
      onclose?: ((isRemote: boolean, channel: Channel) => void | Promise<void>) | undefined
      ondestroy?: ((channel: Channel) => void | Promise<void>) | undefined
      ondrain?: ((channel: Channel) => void | Promise<void>) | undefined
    }

    interface Channel {
      userData: unknown
      readonly protocol: string
      readonly aliases: string[]
      readonly id: Uint8Array | null
      /** The remote's, once open. */
      readonly handshake: unknown
      readonly messages: Message<unknown>[]
      readonly opened: boolean
      readonly closed: boolean
      readonly destroyed: boolean
      readonly drained: boolean
      open(handshake?: unknown): void
      close(): void
      /** Sends what follows as one frame, until `uncork`. */
      cork(): void
      uncork(): void
      /** Both sides add their messages in the same order. */
      addMessage<In, Out = In>(options: MessageOptions<In, Out>): Message<In>
      /** False when the channel closed first. */
      fullyOpened(): Promise<boolean>
      fullyClosed(): Promise<void>
    }
  }

  class Protomux {
    constructor(stream: Hypercore.NoiseStream, options?: { alloc?: (size: number) => Uint8Array })
    static from(
      stream: Hypercore.NoiseStream | Protomux,
      options?: { alloc?: (size: number) => Uint8Array }
    ): Protomux
    static isProtomux(value: unknown): value is Protomux

    readonly isProtomux: true
    readonly stream: Hypercore.NoiseStream
    readonly drained: boolean
    readonly corked: number

    /** Null when the stream is destroyed or a unique channel is open already. */
    createChannel<Handshake = unknown>(options: Protomux.ChannelOptions<Handshake>): Protomux.Channel | null
    getLastChannel(topic: Protomux.Topic): Protomux.Channel | null
    opened(topic: Protomux.Topic): boolean
    /** Called when the other side opens such a channel first. Without an id: for every id of the protocol. */
    pair(topic: Protomux.Topic, notify: (id: Uint8Array | null) => void | Promise<void>): void
    unpair(topic: Protomux.Topic): void
    isIdle(): boolean
    cork(): void
    uncork(): void
    destroy(error?: Error): void
    [Symbol.iterator](): Iterator<Protomux.Channel>
  }

  export = Protomux
}
