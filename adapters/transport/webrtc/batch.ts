/** Chunks to be written, cut anew. Does not move what is left: there may be very many. */
export class Batch {
  readonly #chunks: readonly Uint8Array[]
  #at = 0
  #offset = 0
  #bytes: number

  constructor(chunks: readonly Uint8Array[]) {
    this.#chunks = chunks
    this.#bytes = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  /** That are left. */
  get bytes(): number {
    return this.#bytes
  }

  /** Fills `into`, which is no longer than what is left. */
  take(into: Uint8Array): void {
    let filled = 0
    while (filled < into.byteLength) {
      const chunk = this.#chunks[this.#at] as Uint8Array
      const part = chunk.subarray(this.#offset, this.#offset + into.byteLength - filled)
      into.set(part, filled)
      filled += part.byteLength
      this.#offset += part.byteLength
      if (this.#offset < chunk.byteLength) continue
      this.#at++
      this.#offset = 0
    }
    this.#bytes -= filled
  }
}
