import { Duplex } from 'streamx'
import type { TransportPair } from '../../../adapters/testing/index.ts'
import { AutobeeError } from '../../../src/index.ts'

/** What a pair in memory does wrong; by default nothing. Positions are counted in bytes of one direction. */
export interface Wrongs {
  /** What becomes of a chunk on its way. */
  carry?(chunk: Uint8Array, at: number): readonly Uint8Array[]
  /** Bytes that one direction holds. */
  bound?: number
  handsOver?: boolean
  endsOnDestroy?: boolean
  endsEarly?: boolean
  neverEnds?: boolean
  endsBoth?: boolean
  destroysOtherOnEnd?: boolean
  keepsOtherOpen?: boolean
  hangsWhenBlocked?: boolean
  closesTwice?: boolean
  untyped?: boolean
  errorOnDestroy?: boolean
  ignoresPause?: boolean
  couples?: boolean
  holdsBack?: boolean
  leaks?: boolean
  forgetsOnLateRead?: boolean
  throwsWhenClosed?: boolean
  cutIsEnd?: boolean
}

const MOST = 128 * 1024

/** One end of a pair in memory: half-open, bounded, and as the contract says, but for its wrongs. */
export class MemoryEnd extends Duplex {
  other!: MemoryEnd
  readonly #wrongs: Wrongs
  readonly #queue: (Uint8Array | null)[] = []
  #queued = 0
  #sent = 0
  #hasRead = false
  #wantsMore = false
  #held: Uint8Array | null = null
  #onroom: (() => void) | null = null

  constructor(wrongs: Wrongs) {
    super()
    this.#wrongs = wrongs
    this.on('newListener', (event: unknown) => {
      if (event === 'data') this.#hasRead = true
    })
  }

  override pause(): this {
    return this.#wrongs.ignoresPause ? this : super.pause()
  }

  override write(data: Uint8Array): boolean {
    if (this.#wrongs.throwsWhenClosed && this.destroyed) throw new Error('closed')
    return super.write(data)
  }

  override _write(data: unknown, callback: (error: Error | null) => void): void {
    const bytes = data as Uint8Array
    const chunk = this.#wrongs.handsOver ? bytes : bytes.slice()
    const sent = this.#sent
    this.#sent += bytes.length
    const wasHeld = this.#held
    this.#held = null
    if (this.#wrongs.holdsBack && bytes.length === 1 && !wasHeld) {
      this.#held = chunk
      callback(null)
      return
    }
    if (wasHeld) this.other.take(wasHeld)
    for (const one of this.#wrongs.carry?.(chunk, sent) ?? [chunk]) this.other.take(one)
    this.other.whenRoom(() => callback(null))
  }

  override _read(callback: (error: Error | null) => void): void {
    this.#wantsMore = true
    this.#flow()
    callback(null)
  }

  override _final(callback: (error: Error | null) => void): void {
    if (this.#held) this.other.take(this.#held)
    if (!this.#wrongs.neverEnds) this.other.take(null)
    if (this.#wrongs.endsBoth) this.push(null)
    if (this.#wrongs.destroysOtherOnEnd) this.other.destroy()
    callback(null)
  }

  override _predestroy(): void {
    if (!this.#wrongs.hangsWhenBlocked) this.#release()
    this.#queue.length = 0
    const { other } = this
    if (!this.#wrongs.hangsWhenBlocked) other.#release()
    const isDone = other.destroying || this.#wrongs.keepsOtherOpen
    if (isDone) return
    queueMicrotask(() => {
      if (this.#wrongs.endsOnDestroy) {
        other.take(null)
        other.end(null)
      } else if (this.#wrongs.errorOnDestroy) other.destroy(new Error('the other side is gone'))
      else other.destroy()
    })
  }

  override _destroy(callback: (error: Error | null) => void): void {
    if (this.#wrongs.closesTwice) queueMicrotask(() => this.emit('close'))
    callback(null)
  }

  take(chunk: Uint8Array | null): void {
    if (this.destroying) return
    if (this.#wrongs.forgetsOnLateRead && !this.#hasRead && chunk) return
    if (chunk === null && this.#wrongs.endsEarly) {
      this.#queue.length = 0
      this.#queued = 0
    }
    this.#queue.push(chunk)
    this.#queued += chunk?.length ?? 0
    if (this.#wantsMore) this.#flow()
  }

  /** Calls back when the writer may go on. */
  whenRoom(callback: () => void): void {
    const { bound = MOST, couples } = this.#wrongs
    const isFull = this.#queued > bound || (couples && this.other.#queued > bound)
    if (!isFull || this.destroying) callback()
    else this.#onroom = callback
  }

  #flow(): void {
    while (this.#wantsMore && this.#queue.length > 0) {
      const chunk = this.#queue.shift() as Uint8Array | null
      this.#queued -= chunk?.length ?? 0
      if (this.push(chunk) === false) this.#wantsMore = false
    }
    if (this.#queued <= (this.#wrongs.bound ?? MOST)) this.#release()
    if (this.#wrongs.couples) this.other.#release()
  }

  #release(): void {
    const callback = this.#onroom
    this.#onroom = null
    callback?.()
  }
}

export interface MemoryPair extends TransportPair {
  readonly ends: readonly [MemoryEnd, MemoryEnd]
  cut(): void
}

/** What the pair above holds on its way, at most: the queue, a chunk more, and what the streams keep themselves. */
export const MEMORY_BOUND = MOST + 4 * 64 * 1024

export function memoryPair(wrongs: Wrongs = {}): MemoryPair {
  const [a, b] = [new MemoryEnd(wrongs), new MemoryEnd(wrongs)]
  a.other = b
  b.other = a
  return {
    ends: [a, b],
    held: () => [a, b].filter(end => !end.destroyed).length + (wrongs.leaks ? 1 : 0),
    destroy() {},
    cut() {
      if (wrongs.cutIsEnd) {
        for (const end of [a, b]) end.take(null)
        return
      }
      const error = wrongs.untyped
        ? new Error('cut')
        : new AutobeeError('TRANSPORT_FAILED', 'the network is gone', { reason: 'CUT' })
      for (const end of [a, b]) if (!end.destroying) end.destroy(error)
    }
  }
}
