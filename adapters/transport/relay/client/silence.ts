/** A relay that is not heard for so many of its heartbeats is gone. */
const HEARTBEATS = 2.5
/** ms that a page has, after it slept, to take what came meanwhile. */
const GRACE = 1_000

/** Notices a relay that says nothing any more, also when this machine, or this page, has slept. */
export class Silence {
  readonly #o: { readonly heartbeat: number; now(): number; onsilent(): void }
  readonly #most: number
  #heardAt: number
  #timer: ReturnType<typeof setTimeout>

  constructor(options: { readonly heartbeat: number; now(): number; onsilent(): void }) {
    this.#o = options
    this.#most = options.heartbeat * HEARTBEATS
    this.#heardAt = options.now()
    this.#timer = this.#wait(this.#most)
  }

  heard(): void {
    this.#heardAt = this.#o.now()
  }

  wake(): void {
    if (this.#left > 0) return
    // what the relay said meanwhile is handled first, if it said something
    clearTimeout(this.#timer)
    this.#timer = this.#last()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  /** ms until it is too long; not above 0: it is. */
  get #left(): number {
    return this.#heardAt + this.#most - this.#o.now()
  }

  #wait(ms: number): ReturnType<typeof setTimeout> {
    const due = this.#o.now() + ms
    return setTimeout(() => {
      if (this.#left > 0) this.#timer = this.#wait(this.#left)
      // a timer that comes so late has slept
      else if (this.#o.now() - due > this.#o.heartbeat) this.#timer = this.#last()
      else this.#o.onsilent()
    }, ms)
  }

  #last(): ReturnType<typeof setTimeout> {
    return setTimeout(
      () => {
        if (this.#left > 0) this.#timer = this.#wait(this.#left)
        else this.#o.onsilent()
      },
      Math.min(GRACE, this.#o.heartbeat)
    )
  }
}
