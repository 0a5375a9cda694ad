/** Input of a request, handed over item by item: whoever pushes waits until the last one was taken. */
export class Inbox implements AsyncIterable<unknown> {
  #item: { readonly value: unknown } | null = null
  #ending: { readonly error: unknown } | 'end' | null = null
  #wake: (() => void)[] = []

  /** Resolves when there is room again; at once when nobody will take more. */
  async push(value: unknown): Promise<void> {
    while (this.#item && !this.#ending) await this.#change()
    if (this.#ending) return
    this.#item = { value }
    this.#tell()
  }

  end(): void {
    this.#ending ??= 'end'
    this.#tell()
  }

  /** The input broke off: what was pushed is taken no more. */
  fail(error: unknown): void {
    this.#ending = { error }
    this.#item = null
    this.#tell()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown> {
    try {
      for (;;) {
        while (!this.#item && !this.#ending) await this.#change()
        if (this.#item) {
          const { value } = this.#item
          this.#item = null
          this.#tell()
          yield value
        } else if (this.#ending === 'end') return
        else throw (this.#ending as { error: unknown }).error
      }
    } finally {
      this.end()
    }
  }

  #change(): Promise<void> {
    return new Promise(resolve => this.#wake.push(resolve))
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}
