import { MOST_BLOCKS, MOST_BYTES } from './limits.ts'
import type { Begin, Data } from './messages.ts'

/** A range that was asked for, as it comes in. Whole, it still has to be verified. */
export class Transfer {
  readonly from: number
  /** Held by the other side until the oplog grows; the answer is one message. */
  readonly isLive: boolean
  readonly #blocks: Uint8Array[] = []
  #begin: Begin | null = null
  #bytes = 0

  constructor({ from, isLive }: { from: number; isLive: boolean }) {
    this.from = from
    this.isLive = isLive
  }

  /** Of the blocks that came so far. */
  get bytes(): number {
    return this.#bytes
  }

  get begin(): Begin | null {
    return this.#begin
  }

  get blocks(): readonly Uint8Array[] {
    return this.#blocks
  }

  get isWhole(): boolean {
    return this.#begin !== null && this.from + this.#blocks.length === this.#begin.to
  }

  /** Takes one message. Returns false for what nobody who keeps to the protocol sends. */
  add({ begin, blocks }: Data): boolean {
    if ((begin === null) === (this.#begin === null)) return false
    if (begin) this.#begin = begin
    const { to } = this.#begin as Begin
    if (to <= this.from || to - this.from > MOST_BLOCKS) return false
    if (this.from + this.#blocks.length + blocks.length > to) return false
    for (const block of blocks) {
      this.#blocks.push(block)
      this.#bytes += block.byteLength
    }
    return this.#bytes <= MOST_BYTES && (!this.isLive || this.isWhole)
  }
}
