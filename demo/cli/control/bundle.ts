import { PIECE } from './protocol.ts'

/** Puts items together into messages: what comes at once goes at once, in pieces. */
export class Bundle {
  readonly #send: (items: string) => Promise<void>
  #items: string[] = []
  #size = 0
  #isScheduled = false
  /** Once it rejects, everything that comes later does. */
  #sending: Promise<void> = Promise.resolve()

  /** @param send gets several items as the JSON of their array */
  constructor(send: (items: string) => Promise<void>) {
    this.#send = send
  }

  /** Resolves when more may come. */
  async add(item: unknown): Promise<void> {
    const text = JSON.stringify(item)
    this.#items.push(text)
    this.#size += text.length
    if (this.#size >= PIECE) return this.flush()
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.flush().catch(() => {})
    })
  }

  flush(): Promise<void> {
    const items = this.#items
    this.#items = []
    this.#size = 0
    if (items.length > 0) this.#sending = this.#sending.then(() => this.#send(`[${items.join()}]`))
    return this.#sending
  }
}
