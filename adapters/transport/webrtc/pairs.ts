import b4a from 'b4a'
import type Hypercore from 'hypercore'
import { Tokens } from '../../../src/tokens.ts'
import { Backoff, type BackoffOptions } from '../backoff.ts'

/** Pairs that are remembered; of more, the one that was not asked for longest is forgotten. */
const MOST = 1_024
/** Offers of one peer that are taken at once; more of them only as time goes by. */
const BURST = 3

/** What is known of the way between two keys, for longer than one connection over the relay lasts. */
export class Pair {
  readonly #backoff: Backoff
  readonly #offers: Tokens
  #notBefore = 0

  constructor(retry: BackoffOptions) {
    this.#backoff = new Backoff(retry)
    // twice as often as an honest peer makes them at the fastest
    this.#offers = new Tokens({ burst: BURST, rate: 2000 / (retry.first ?? 100) })
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
    return this.#offers.takeIfAny()
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
