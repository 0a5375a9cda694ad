// A transport: the bytes of a MessagePort as a stream, between a page and its worker, or two threads of Node.
import { AutobeeError } from 'autobee'
import { Duplex } from 'streamx'

/** Bytes that may be on their way in one direction: what the other side has not consumed yet. */
const WINDOW = 1 << 20
/** Bytes that the reader has consumed before it says so: not a message for every message. */
const GRANT = WINDOW / 4
const MESSAGE = 1 << 16

/** `ByteStream` of autobee/testing says what has to hold; port-stream.test.mjs shows that it does. */
export class PortStream extends Duplex {
  #port
  #incoming = []
  #isWanted = true
  #hasEnded = false
  #isEnded = false
  #consumed = 0
  #credit = WINDOW
  #outgoing = []
  #written = null
  #isGone = false

  /** @param port is this stream's from now on, and closed when the stream is */
  constructor(port) {
    super()
    this.#port = port
    port.onmessage = ({ data }) => this.#onmessage(data)
    port.onclose = () => this.#ongone()
  }

  _read(callback) {
    this.#isWanted = true
    this.#deliver()
    callback(null)
  }

  _write(data, callback) {
    for (let from = 0; from < data.byteLength; from += MESSAGE)
      this.#outgoing.push(data.subarray(from, from + MESSAGE))
    this.#written = callback
    this.#send()
  }

  _final(callback) {
    this.#isEnded = true
    this.#port.postMessage({ type: 'end' })
    callback(null)
  }

  _predestroy() {
    // a write that waits for credit would hold up the closing
    this.#goOn(failed('the stream was destroyed'))
  }

  _destroy(callback) {
    const isOver = this.#hasEnded && this.#isEnded
    if (!isOver && !this.#isGone) this.#port.postMessage({ type: 'reset' })
    this.#port.onmessage = null
    this.#port.onclose = null
    this.#port.close()
    callback(null)
  }

  #onmessage({ type, bytes }) {
    if (this.destroying) return
    if (type === 'data') this.#incoming.push(bytes)
    else if (type === 'credit') this.#credit += bytes
    else if (type === 'end') this.#hasEnded = true
    else this.#ongone()
    this.#deliver()
    this.#send()
  }

  #deliver() {
    while (this.#isWanted && this.#incoming.length > 0) {
      const bytes = this.#incoming.shift()
      this.#isWanted = this.push(bytes)
      this.#consumed += bytes.byteLength
    }
    if (this.#hasEnded && this.#incoming.length === 0) this.push(null)
    if (this.#consumed < GRANT || this.destroying) return
    this.#port.postMessage({ type: 'credit', bytes: this.#consumed })
    this.#consumed = 0
  }

  #send() {
    while (this.#outgoing.length > 0) {
      const [next] = this.#outgoing
      if (next.byteLength > this.#credit) return
      // a copy of just these bytes, which changes hands: a view would take its whole buffer along
      const bytes = new Uint8Array(next)
      this.#credit -= bytes.byteLength
      this.#port.postMessage({ type: 'data', bytes }, [bytes.buffer])
      this.#outgoing.shift()
    }
    this.#goOn(null)
  }

  #goOn(error) {
    const callback = this.#written
    this.#written = null
    if (error) this.#outgoing = []
    callback?.(error)
  }

  /** The other side was destroyed, or its page or worker is gone. */
  #ongone() {
    if (this.destroying || (this.#hasEnded && this.#isEnded)) return
    this.#isGone = true
    this.destroy(failed('the other side is gone'))
  }
}

function failed(what) {
  return new AutobeeError('TRANSPORT_FAILED', what, { reason: 'PORT' })
}
