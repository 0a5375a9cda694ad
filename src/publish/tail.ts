import Hypercore from 'hypercore'

/** How long a reader that claims to have more has for its proof, ms. */
const PATIENCE = 10_000
/** After so many claims without a proof no claim is waited for any more. */
const MOST_LIES = 3

/**
 * Readers may have more of the published core than this store: a disk that lies, or a store brought back from a backup. To
 * append then would make two logs of one. So whoever claims to have more is asked for it first.
 */
export class Tail {
  readonly #core: Hypercore
  readonly #disbelieved = new WeakSet<object>()
  #lies = 0
  #stop: () => void = noop
  readonly #stopped = new Promise<void>(resolve => {
    this.#stop = resolve
  })
  #isStopped = false

  constructor(core: Hypercore) {
    this.#core = core
  }

  /** Resolves when no reader has more, or none that proves it. Returns by how many blocks the core grew. */
  async fetch(patience = PATIENCE): Promise<number> {
    const core = this.#core
    const from = core.length
    while (this.#lies < MOST_LIES && !this.#isStopped) {
      const claims = core.peers.filter(
        peer =>
          peer.remoteFork === core.fork && peer.remoteLength > core.length && !this.#disbelieved.has(peer)
      )
      if (claims.length === 0) break
      const { length } = core
      await this.#upgrade(patience)
      if (core.length > length || this.#isStopped) continue
      this.#lies++
      for (const peer of claims) this.#disbelieved.add(peer)
    }
    if (core.length > from) {
      this.#lies = 0
      // for those who want the whole history; the tree itself does without
      core.download({ start: from, end: core.length })
    }
    return core.length - from
  }

  /** Nothing is waited for any more. */
  stop(): void {
    this.#isStopped = true
    this.#stop()
  }

  async #upgrade(patience: number): Promise<void> {
    const core = this.#core
    const activeRequests: Hypercore.ActiveRequests = []
    let timer: ReturnType<typeof setTimeout> | undefined
    let done: () => void = noop
    const ended = new Promise<void>(resolve => {
      done = resolve
      timer = setTimeout(resolve, patience)
    })
    core.once('append', done)
    core.once('close', done)
    // cancelled below when the time is up
    core.update({ force: true, wait: true, activeRequests }).catch(noop)
    try {
      await Promise.race([ended, this.#stopped])
    } finally {
      clearTimeout(timer)
      core.off('append', done)
      core.off('close', done)
      Hypercore.destroyRequests(activeRequests, null)
    }
  }
}

function noop(): void {}
