import type Hypercore from 'hypercore'
import { type SignedHead, signedHead } from '../../engine/core-internals.ts'
import { hexOf } from '../../keys.ts'
import { Tokens } from '../../tokens.ts'
import { readChunk } from './chunk.ts'
import { CHUNK_BLOCKS, MOST_BLOCKS, MOST_BYTES } from './limits.ts'
import type { Ask, Begin, RangeMessage, Refusal } from './messages.ts'
import type { RangeStats } from './oplog.ts'
import { signerOf } from './signer.ts'

/** Questions that follow no answer: how many at once, and per second in the long run. */
const BURST = 2048
const RATE = 128
/** Bytes that the same peer gets again on one connection: at once, and per second in the long run. */
const AGAIN_BURST = 8 * MOST_BYTES
const AGAIN_RATE = 1024 * 1024

export interface RangeServerOptions {
  readonly stats: RangeStats
  /** A member's oplog that this peer has, of that id. */
  find(id: string): Hypercore | null
  send(message: RangeMessage): void
  /** Does the stream take more now? */
  isDrained(): boolean
  /** The other side has it up to there now, as far as this side can tell. */
  ongiven(id: string, length: number): void
  /** Nothing of it will come: it has to be told of in another way. */
  onrefused(id: string): void
  /** The other side asks more than anybody needs to. */
  onflood(): void
}

/**
 * Answers one peer's questions, one after the other: what is read waits for the stream, so that a slow reader costs no
 * more memory than one message. One question per oplog: a new one takes the place of the one before.
 */
export class RangeServer {
  readonly #o: RangeServerOptions
  readonly #asks = new Map<string, Ask>()
  /** Oplogs whose questions are to be looked at. */
  readonly #due = new Set<string>()
  readonly #tokens = new Tokens({ burst: BURST, rate: RATE })
  readonly #again = new Tokens({ burst: AGAIN_BURST, rate: AGAIN_RATE })
  /** How far each oplog was given before. */
  readonly #given = new Map<string, number>()
  #running = false
  #closed = false
  #wake: (() => void) | null = null

  constructor(options: RangeServerOptions) {
    this.#o = options
  }

  onask(ask: Ask): void {
    const id = hexOf(ask.key)
    if (!this.#tokens.take()) {
      // whoever goes on asking without waiting for an answer means harm
      if (this.#tokens.debt > BURST) this.#o.onflood()
      else this.#refuse(ask, 'BUSY')
      return
    }
    if (this.#o.find(id)) {
      this.#asks.set(id, ask)
      this.#look(id)
    } else this.#refuse(ask, 'UNKNOWN')
  }

  oncancel(askId: number): void {
    for (const [id, ask] of this.#asks) if (ask.id === askId) this.#asks.delete(id)
  }

  /** Is the other side waiting for that oplog to grow? Then it hears of it by an answer. */
  isAwaited(id: string): boolean {
    return this.#asks.has(id)
  }

  ongrown(id: string): void {
    if (this.#asks.has(id)) this.#look(id)
  }

  ondrain(): void {
    this.#wake?.()
  }

  close(): void {
    this.#closed = true
    this.#asks.clear()
    this.#due.clear()
    this.#wake?.()
  }

  #look(id: string): void {
    this.#due.add(id)
    if (!this.#running) void this.#run()
  }

  async #run(): Promise<void> {
    this.#running = true
    // what is put in meanwhile is looked at too
    for (const id of this.#due) {
      await this.#drained()
      this.#due.delete(id)
      const ask = this.#asks.get(id)
      if (ask) await this.#answer(id, ask)
    }
    this.#running = false
  }

  async #answer(id: string, ask: Ask): Promise<void> {
    const core = this.#o.find(id)
    const head = core && signedHead(core)
    if (!core || !head) return this.#refuse(ask, core ? 'INCOMPLETE' : 'UNKNOWN')
    if (ask.from >= head.length) {
      // a live one waits
      if (!ask.isLive) this.#refuse(ask, 'INCOMPLETE')
      return
    }
    if (ask.from < this.#givenOf(id) && !this.#again.take(0)) {
      this.#refuse(ask, 'BUSY')
      return
    }
    const begin = beginOf(core, { head, ask })
    if (!begin) return this.#refuse(ask, 'UNKNOWN')
    try {
      const refusal = await this.#give(ask, { core, head, begin })
      if (refusal) this.#refuse(ask, refusal)
    } catch {
      // the store or the core is being closed
      this.#refuse(ask, 'INCOMPLETE')
    }
  }

  /** Returns why it cannot be given; null when it was, or when nobody waits for it any more. */
  async #give(
    ask: Ask,
    { core, head, begin }: { core: Hypercore; head: SignedHead; begin: Begin }
  ): Promise<Refusal | null> {
    const id = hexOf(ask.key)
    const { to } = begin
    if (to - ask.from > (ask.isLive ? CHUNK_BLOCKS : MOST_BLOCKS)) return 'TOO_LARGE'
    let size = head.bytes / head.length
    let sum = 0
    for (let at = ask.from; at < to; ) {
      const chunk = await readChunk(core, { from: at, to, size })
      if (!chunk) return 'INCOMPLETE'
      const { blocks, bytes } = chunk
      sum += bytes
      const isLast = at + blocks.length === to
      if (sum > MOST_BYTES || (ask.isLive && !isLast)) return 'TOO_LARGE'
      if (this.#closed || this.#asks.get(id) !== ask) return null
      // the next question takes its place, and may come before this is over
      if (isLast) this.#onanswered(id, to)
      this.#o.send({ type: 'data', id: ask.id, begin: at === ask.from ? begin : null, blocks })
      this.#o.stats.blocksGiven += blocks.length
      this.#o.stats.bytesGiven += bytes
      if (at < this.#givenOf(id)) this.#again.take(bytes)
      at += blocks.length
      this.#given.set(id, Math.max(this.#givenOf(id), at))
      size = bytes / blocks.length
      if (!isLast) await this.#drained()
    }
    return null
  }

  #givenOf(id: string): number {
    return this.#given.get(id) ?? 0
  }

  #onanswered(id: string, length: number): void {
    this.#asks.delete(id)
    // the question after an answer is free
    this.#tokens.give()
    this.#o.stats.given++
    this.#o.ongiven(id, length)
  }

  #refuse(ask: Ask, reason: Refusal): void {
    const id = hexOf(ask.key)
    if (this.#asks.get(id) === ask) this.#asks.delete(id)
    if (this.#closed) return
    this.#o.onrefused(id)
    // whoever does not read what is sent is told nothing
    if (this.#o.isDrained()) this.#o.send({ type: 'none', id: ask.id, reason })
  }

  /** Resolves when the stream takes more, or this is closed. */
  async #drained(): Promise<void> {
    while (!this.#closed && !this.#o.isDrained()) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }
}

function beginOf(core: Hypercore, { head, ask }: { head: SignedHead; ask: Ask }): Begin | null {
  if (!head.signature) return null
  const signer = ask.needsSigner ? signerOf(core) : null
  if (ask.needsSigner && !signer) return null
  return { to: head.length, signature: head.signature, signer }
}
