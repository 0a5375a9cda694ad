import b4a from 'b4a'
import { Duplex } from 'streamx'
import { AutobeeError } from '../../src/index.ts'

/** What a stream needs of a WebSocket: the browser's own, Node's, or one of the package `ws`. */
export interface WebSocketLike {
  binaryType: string
  readonly readyState: number
  readonly bufferedAmount: number
  /** A browser's socket takes no memory that is shared, and says so in its types. */
  send(data: Uint8Array & { readonly buffer: ArrayBuffer }): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'open' | 'error', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(
    type: 'close',
    listener: (event: { readonly code: number; readonly reason: string }) => void
  ): void
  /** `ws` has these; a browser's socket takes whatever comes, and can only be closed in order. */
  pause?(): void
  resume?(): void
  terminate?(): void
}

const OPEN = 1
const CLOSING = 2
/** Bytes that may wait in the socket before the writer waits, and how many are left when it goes on. */
const FULL = 1 << 20
const DRAINED = 1 << 18
/** ms between two looks at a full socket: a WebSocket does not say when it has drained. */
const LOOK = 5
/** Bytes of one message at most; what is longer is cut. */
const MESSAGE = 1 << 18
const NORMAL = 1000
/** What a destroyed end says where it can say something: the other must not take it for the end of the bytes. */
const DESTROYED = 4900

/**
 * The bytes of a WebSocket as a duplex stream, for `db.replicate(isInitiator)` to be piped through; one message may hold any
 * part of them. It takes an open socket or one that is opening. Destroying the stream closes the socket, and the other way
 * round: an end that the other side did not announce (code 1000, which `end()` gives) destroys it with `TRANSPORT_FAILED`,
 * `reason` the code of the closing; so does a text message, reason `PROTOCOL`. It is a `ByteStream`, not half-open: the end of
 * one side ends the other.
 *
 * ```js
 * const socket = new WebSocket(url)
 * const stream = db.replicate(true)
 * const bytes = webSocketStream(socket)
 * for (const end of [stream, bytes]) end.on('error', console.warn)
 * stream.pipe(bytes).pipe(stream)
 * ```
 * @throws AutobeeError `INVALID_ARGUMENT` for something else than a WebSocket, `CLOSED` for one that is closed
 */
export function webSocketStream(socket: WebSocketLike): Duplex {
  if (typeof socket?.addEventListener !== 'function' || typeof socket.send !== 'function')
    throw new AutobeeError('INVALID_ARGUMENT', 'webSocketStream takes a WebSocket')
  if (socket.readyState >= CLOSING) throw new AutobeeError('CLOSED', 'the WebSocket is closed')
  return new WebSocketStream(socket)
}

class WebSocketStream extends Duplex {
  readonly #socket: WebSocketLike
  #ended = false
  #looking: ReturnType<typeof setTimeout> | null = null
  #opened: ((error: Error | null) => void) | null = null
  #drained: ((error: Error | null) => void) | null = null

  constructor(socket: WebSocketLike) {
    super()
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('open', () => this.#onopen(null))
    // a `close` that says more follows
    socket.addEventListener('error', () => {})
    socket.addEventListener('message', ({ data }) => this.#onmessage(data))
    socket.addEventListener('close', ({ code, reason }) => this.#onclose(code, reason))
  }

  override _open(callback: (error: Error | null) => void): void {
    if (this.#socket.readyState === OPEN) callback(null)
    else this.#opened = callback
  }

  override _read(callback: (error: Error | null) => void): void {
    // also one that closes: the other side's part of that comes after all that it has sent
    this.#socket.resume?.()
    callback(null)
  }

  override _write(data: Uint8Array, callback: (error: Error | null) => void): void {
    // the other side has ended: a closed socket keeps what it is given, and sends nothing
    if (this.#socket.readyState >= CLOSING) {
      callback(null)
      return
    }
    try {
      for (let from = 0; from < data.byteLength; from += MESSAGE)
        this.#socket.send(data.subarray(from, from + MESSAGE) as Uint8Array<ArrayBuffer>)
    } catch (error) {
      callback(failed('it could not be written to', { reason: 'SEND', cause: error }))
      return
    }
    if (this.#socket.bufferedAmount < FULL) {
      callback(null)
      return
    }
    this.#drained = callback
    this.#look()
  }

  override _final(callback: (error: Error | null) => void): void {
    this.#socket.close(NORMAL)
    callback(null)
  }

  override _predestroy(): void {
    const error = failed('the stream was destroyed', { reason: 'DESTROYED' })
    this.#onopen(error)
    this.#goOn(error)
  }

  override _destroy(callback: (error: Error | null) => void): void {
    this.#letGo()
    callback(null)
  }

  #letGo(): void {
    const socket = this.#socket
    // the other side has said that it closes, or has been told
    if (socket.readyState >= CLOSING) {
      // who is paused would not hear its part of it
      if (socket.readyState === CLOSING) socket.resume?.()
    } else if (socket.terminate) {
      // what waits is not to be sent, and a side that does not read not to be waited for
      socket.terminate()
    } else {
      socket.close(DESTROYED)
    }
  }

  #look(): void {
    this.#looking = setTimeout(() => {
      if (this.#socket.bufferedAmount > DRAINED) this.#look()
      else this.#goOn(null)
    }, LOOK)
  }

  #goOn(error: Error | null): void {
    if (this.#looking) clearTimeout(this.#looking)
    this.#looking = null
    const callback = this.#drained
    this.#drained = null
    callback?.(error)
  }

  #onopen(error: Error | null): void {
    const callback = this.#opened
    this.#opened = null
    callback?.(error)
  }

  #onmessage(data: unknown): void {
    if (this.destroying) return
    if (!(data instanceof ArrayBuffer)) {
      this.destroy(failed('it sends text, where bytes are spoken', { reason: 'PROTOCOL' }))
      return
    }
    if (data.byteLength > 0 && !this.push(b4a.from(data))) this.#socket.pause?.()
  }

  #onclose(code: number, reason: string): void {
    if (this.destroying || this.#ended) return
    this.#ended = true
    if (code === NORMAL) {
      // what waits in a closed socket may wait there for ever
      this.#goOn(null)
      this.push(null)
      this.end(null)
      return
    }
    const said = reason ? ` (${reason})` : ''
    this.destroy(failed(`it was closed with the code ${code}${said}`, { reason: String(code) }))
  }
}

function failed(what: string, options: { reason: string; cause?: unknown }): AutobeeError {
  return new AutobeeError('TRANSPORT_FAILED', `the WebSocket failed: ${what}`, options)
}
