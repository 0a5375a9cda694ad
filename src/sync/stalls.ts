import type Hypercore from 'hypercore'

/** Real ms after the last news of any core, so that a busy exchange is left alone. */
const DELAY = 200
/** Without news in between: whoever does not answer then will not answer at all. */
const MOST_TRIES = 5

/**
 * Hypercore (11.37) can leave two connected peers waiting for each other until one of them appends or reconnects:
 *
 * 1. A peer does not tell of its length as long as it cannot prove the step from the other side's. When the blocks
 *    that it got since would let it, it does not look again.
 * 2. A peer that grows just when the other side's length arrives forgets to tell its own, and nobody asks a peer
 *    for more that does not know what one has.
 *
 * So, a while after the last news, peers that this is true of are told again.
 */
export class Stalls {
  readonly #cores: () => Iterable<Hypercore>
  #timer: ReturnType<typeof setTimeout> | null = null
  #isNew = false
  #tries = 0

  constructor(cores: () => Iterable<Hypercore>) {
    this.#cores = cores
  }

  /** A core got longer, or a block came. */
  onnews(): void {
    this.#isNew = true
    if (!this.#timer) this.#wait()
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  #wait(): void {
    if (this.#isNew) this.#tries = 0
    this.#isNew = false
    this.#timer = setTimeout(() => {
      this.#timer = null
      if (this.#isNew || (this.#end() && ++this.#tries < MOST_TRIES)) this.#wait()
    }, DELAY)
    ;(this.#timer as { unref?: () => void }).unref?.()
  }

  /** Returns whether there was a stall. */
  #end(): boolean {
    let found = false
    for (const core of this.#cores()) {
      if (!core.opened || core.closing) continue
      for (const peer of core.peers as readonly Partial<ReplicatorPeer>[]) {
        if (typeof peer.signalUpgrade !== 'function' || !isStalled(peer, core)) continue
        found = true
        peer.signalUpgrade()
      }
    }
    return found
  }
}

/** Internals of Hypercore's replicator; without them nothing is done. */
interface ReplicatorPeer {
  readonly remoteLength: number
  /** Length that the other side knows us to have. */
  readonly lengthAcked: number
  /** Can we prove the step from its length to ours? */
  readonly canUpgrade: boolean
  signalUpgrade(): void
}

function isStalled({ remoteLength = 0, ...peer }: Partial<ReplicatorPeer>, core: Hypercore): boolean {
  const { length } = core
  return remoteLength < length
    ? peer.canUpgrade === false
    : remoteLength > length && peer.lengthAcked !== length
}
