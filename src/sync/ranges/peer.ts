import type Hypercore from 'hypercore'
import type Protomux from 'protomux'
import { signedHead } from '../../engine/core-internals.ts'
import { fromHex, hexOf } from '../../keys.ts'
import { type DatabaseId, RangeChannel } from './channel.ts'
import { CHUNK_BLOCKS, CHUNK_BYTES, MOST_BLOCKS, MOST_BYTES, MOST_OPLOGS } from './limits.ts'
import type { Announced, Data, RangeMessage } from './messages.ts'
import type { RangeStats } from './oplog.ts'
import { RangeServer } from './server.ts'
import type { Transfer } from './transfer.ts'
import { Trust } from './trust.ts'

/** How long a channel may take to open before nothing is expected of it, ms. */
const OPENING = 1000

export interface RangePeerOptions {
  readonly id: DatabaseId
  readonly stats: RangeStats
  /** Oplogs to tell it of. */
  ids(): Iterable<string>
  /** A member's oplog that this peer has, of that id. */
  find(id: string): Hypercore | null
  /** It opened, or said something of that oplog. */
  onnews(id: string | null): void
  onclose(isBroken: boolean): void
}

/** Who waits for an answer. */
export interface Asker {
  readonly id: string
  /** A message of it came; it may be whole now. */
  ondata(transfer: Transfer): void
  /** It will not come. */
  onnone(transfer: Transfer): void
}

interface Question {
  readonly number: number
  readonly asker: Asker
  readonly transfer: Transfer
}

/** The other end of one channel: what it has, what it was told, what it was asked and what it asks. */
export class RangePeer {
  readonly trust = new Trust()
  /** What it says it has. */
  readonly known = new Map<string, Announced>()
  readonly #o: RangePeerOptions
  readonly #channel: RangeChannel
  readonly #server: RangeServer
  readonly #told = new Map<string, number>()
  readonly #untold = new Set<string>()
  readonly #questions = new Map<number, Question>()
  readonly #since = performance.now()
  #number = 0
  #received = 0
  /** Bytes, and one per block, that may still come of what was taken back. */
  #leftover = 0
  #isTelling = false

  /** It is closed from the start when there is a channel already, or the stream is gone. */
  constructor(muxer: Protomux, options: RangePeerOptions) {
    this.#o = options
    this.#channel = new RangeChannel(muxer, {
      id: options.id,
      handlers: {
        onopen: () => this.#onopen(),
        onmessage: message => this.#onmessage(message),
        ondrain: () => this.#ondrain(),
        onclose: isBroken => this.#onclose(isBroken)
      }
    })
    this.#server = new RangeServer({
      stats: options.stats,
      find: id => options.find(id),
      send: message => this.#channel.send(message),
      isDrained: () => this.#channel.isDrained,
      ongiven: (id, length) => this.#told.set(id, length),
      onrefused: id => this.tell(id),
      onflood: () => this.#channel.break()
    })
  }

  get isClosed(): boolean {
    return this.#channel.state === 'closed'
  }

  get isOpen(): boolean {
    return this.#channel.state === 'open'
  }

  /** Can a range of that oplog be expected of it? */
  isPromising(id: string): boolean {
    const { state } = this.#channel
    const isOpening = state === 'opening' && performance.now() - this.#since < OPENING
    return isOpening || (state === 'open' && this.trust.has(id))
  }

  /** Grows with whatever comes that was asked for. */
  get received(): number {
    return this.#received
  }

  /** Asks for what follows `transfer.from`. Returns what takes the question back. */
  ask(asker: Asker, { transfer, needsSigner }: { transfer: Transfer; needsSigner: boolean }): () => void {
    const number = ++this.#number
    const { from, isLive } = transfer
    this.#questions.set(number, { number, asker, transfer })
    this.#o.stats.asked++
    this.#channel.send({ type: 'ask', id: number, key: fromHex(asker.id), from, isLive, needsSigner })
    return () => {
      if (!this.#questions.delete(number)) return
      this.#leftover += isLive ? CHUNK_BYTES + CHUNK_BLOCKS : MOST_BYTES + MOST_BLOCKS
      this.#channel.send({ type: 'cancel', id: number })
    }
  }

  /** That oplog grew. */
  tell(id: string): void {
    if (!this.isOpen) return
    this.#untold.add(id)
    this.#server.ongrown(id)
    if (this.#isTelling) return
    this.#isTelling = true
    // what grows in the same turn goes out as one message
    queueMicrotask(() => {
      this.#isTelling = false
      this.#tell()
    })
  }

  close(): void {
    this.#channel.close()
  }

  #tell(): void {
    while (this.isOpen && this.#channel.isDrained && this.#untold.size > 0) {
      const oplogs: Announced[] = []
      for (const id of this.#untold) {
        if (oplogs.length === MOST_OPLOGS) break
        this.#untold.delete(id)
        const announced = this.#announcement(id)
        if (!announced) continue
        this.#told.set(id, announced.length)
        oplogs.push(announced)
      }
      if (oplogs.length > 0) this.#channel.send({ type: 'have', oplogs })
    }
  }

  /** null when there is nothing that it does not know or will not hear of anyway. */
  #announcement(id: string): Announced | null {
    const core = this.#o.find(id)
    const head = core && signedHead(core)
    if (!core || !head || this.#server.isAwaited(id)) return null
    const has = Math.max(this.#told.get(id) ?? -1, this.known.get(id)?.length ?? -1)
    return head.length > has ? { key: core.key, length: head.length, bytes: head.bytes } : null
  }

  #onopen(): void {
    for (const id of this.#o.ids()) this.#untold.add(id)
    this.#tell()
    this.#o.onnews(null)
  }

  #onmessage(message: RangeMessage): void {
    switch (message.type) {
      case 'have':
        this.#onhave(message.oplogs)
        break
      case 'ask':
        this.#server.onask(message)
        break
      case 'data':
        this.#ondata(message)
        break
      case 'none':
        this.#onnone(message.id)
        break
      case 'cancel':
        this.#server.oncancel(message.id)
    }
  }

  #onnone(number: number): void {
    const question = this.#questions.get(number)
    this.#questions.delete(number)
    question?.asker.onnone(question.transfer)
  }

  #onhave(oplogs: readonly Announced[]): void {
    for (const announced of oplogs) {
      const id = hexOf(announced.key)
      if (!this.known.has(id) && this.known.size >= MOST_OPLOGS) continue
      this.known.set(id, announced)
      this.#o.onnews(id)
    }
  }

  #ondata(data: Data): void {
    const bytes = data.blocks.reduce((sum, block) => sum + block.byteLength + 1, 0)
    const question = this.#questions.get(data.id)
    if (!question) {
      // crossed with what took the question back; anything else was never asked for
      this.#leftover -= bytes
      if (data.id > this.#number || this.#leftover < 0) this.#channel.break()
      return
    }
    this.#received += bytes
    const { asker, transfer } = question
    if (!transfer.add(data)) {
      this.#channel.break()
      return
    }
    if (transfer.isWhole) {
      this.#questions.delete(data.id)
      this.#learn(asker.id, transfer)
    }
    asker.ondata(transfer)
  }

  /** What it gave it has, and need not be told of. */
  #learn(id: string, { begin, bytes }: Transfer): void {
    if (!begin) return
    const before = this.known.get(id)
    if (before && before.length >= begin.to) return
    this.known.set(id, { key: fromHex(id), length: begin.to, bytes: (before?.bytes ?? 0) + bytes })
  }

  #ondrain(): void {
    this.#server.ondrain()
    this.#tell()
  }

  #onclose(isBroken: boolean): void {
    this.#server.close()
    const questions = [...this.#questions.values()]
    this.#questions.clear()
    this.#o.onclose(isBroken)
    for (const { asker, transfer } of questions) asker.onnone(transfer)
  }
}
