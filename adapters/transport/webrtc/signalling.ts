import type Hypercore from 'hypercore'
import Protomux from 'protomux'
import { decodeSignal, encodeSignal, type Signal } from './signals.ts'

export const PROTOCOL = 'autobee/webrtc'

export interface SignallingHandlers {
  /** The other side can upgrade too. */
  onopen(): void
  /** Well-formed; nothing more is known of it. */
  onsignal(signal: Signal): void
  /** What came in was none; it is closed after it. */
  onbroken(error: Error): void
  /** Once, whoever closed it. */
  onclose(): void
}

/**
 * Signals on the encrypted stream of the relay's connection, so that the relay neither reads nor alters them. Protomux destroys
 * the whole stream for what a decoder or a handler throws, so signals are decoded here and cost this channel at most.
 */
export class Signalling {
  readonly #handlers: SignallingHandlers
  readonly #channel: Protomux.Channel | null
  readonly #message: Protomux.Message<Uint8Array> | null
  #isClosed = false

  /** It is closed from the start when such a channel is open already, or the stream is gone. */
  constructor(stream: Hypercore.NoiseStream, handlers: SignallingHandlers) {
    this.#handlers = handlers
    this.#channel = Protomux.from(stream).createChannel({
      protocol: PROTOCOL,
      onopen: () => {
        if (!this.#isClosed) handlers.onopen()
      },
      onclose: () => this.#onclose()
    })
    this.#message =
      this.#channel?.addMessage<Uint8Array>({ onmessage: bytes => this.#onmessage(bytes) }) ?? null
    if (this.#channel) this.#channel.open()
    else this.#isClosed = true
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  send(signal: Signal): void {
    if (!this.#isClosed) this.#message?.send(encodeSignal(signal))
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#channel?.close()
  }

  #onmessage(bytes: Uint8Array): void {
    // what was on its way comes although the channel is closed by then
    if (this.#isClosed) return
    try {
      this.#handlers.onsignal(decodeSignal(bytes))
    } catch (error) {
      this.#handlers.onbroken(error as Error)
      this.close()
    }
  }

  #onclose(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#handlers.onclose()
  }
}
