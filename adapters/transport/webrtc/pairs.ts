import b4a from 'b4a'
import type Hypercore from 'hypercore'
import { Backoff, type BackoffOptions } from '../backoff.ts'

/** Pairs that are remembered; of more, the one that was not asked for longest is forgotten. */
const MOST = 1_024
/** Offers of one peer that are taken at once; more of them only as time goes by. */
const BURST = 3

/** What is known of the way between two keys, for longer than one connection over the relay lasts. */
export class Pair {
  readonly #backoff: Backoff
  /** ms between two offers that an honest peer may make at the fastest. */
  readonly #refill: number
  #notBefore = 0
  #offers = BURST
  #counted = 0

  constructor(retry: BackoffOptions) {
    this.#backoff = new Backoff(retry)
    this.#refill = (retry.first ?? 100) / 2
  }

  /** ms until the next attempt. */
  get pause(): number {
    return Math.max(0, this.#notBefore - performance.now())
  }

  /** An attempt failed, or what came of it has ended; `lasted` ms. */
  ended(lasted: number): void {
    this.#backoff.ended(lasted)
    this.#notBefore = performance.now() + this.#backoff.next().delay
  }

  /** Is this offer taken? Each makes a peer connection, which takes much of a page. */
  admits(): boolean {
    const now = performance.now()
    this.#offers = Math.min(BURST, this.#offers + (now - this.#counted) / this.#refill)
    this.#counted = now
    if (this.#offers < 1) return false
    this.#offers--
    return true
  }
}

export class Pairs {
  readonly #retry: BackoffOptions
  readonly #pairs = new Map<string, Pair>()

  constructor(retry: BackoffOptions) {
    this.#retry = retry
  }

  of({ publicKey, remotePublicKey }: Hypercore.NoiseStream): Pair {
    const key = [publicKey, remotePublicKey].map(bytes => b4a.toString(bytes, 'hex')).join()
    const pair = this.#pairs.get(key) ?? new Pair(this.#retry)
    this.#pairs.delete(key)
    this.#pairs.set(key, pair)
    for (const oldest of this.#pairs.keys()) {
      if (this.#pairs.size <= MOST) break
      this.#pairs.delete(oldest)
    }
    return pair
  }
}
