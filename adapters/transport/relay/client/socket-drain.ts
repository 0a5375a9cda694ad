/** Bytes that may wait in a socket before writers wait, and how many are left when they go on. */
const FULL = 1 << 20
const DRAINED = 1 << 18
/** So many have no other reason than a relay that makes this side answer, and does not read. */
const STUCK = 1 << 24
/** ms between two looks: a WebSocket does not say when it has drained. */
const LOOK = 5

/** Holds writers back while a WebSocket has too much to send. */
export class SocketDrain {
  readonly #socket: { readonly bufferedAmount: number }
  readonly #waiting = new Set<() => void>()
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(socket: { readonly bufferedAmount: number }) {
    this.#socket = socket
  }

  get isFull(): boolean {
    return this.#socket.bufferedAmount >= FULL
  }

  get isStuck(): boolean {
    return this.#socket.bufferedAmount >= STUCK
  }

  whenDrained(callback: () => void): void {
    this.#waiting.add(callback)
    this.#timer ??= setTimeout(() => this.#look(), LOOK)
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#waiting.clear()
  }

  #look(): void {
    this.#timer = null
    if (this.#socket.bufferedAmount > DRAINED) {
      this.#timer = setTimeout(() => this.#look(), LOOK)
      return
    }
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const callback of waiting) callback()
  }
}
