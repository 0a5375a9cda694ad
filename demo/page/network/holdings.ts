import b4a from 'b4a'
import type Hypercore from 'hypercore'
import type { Autobee } from '../../../src/index.ts'
import { hexOf } from './who.ts'

/** What peers have of the board's oplogs, by what Hypercore knows of them. */
export class Holdings {
  readonly #db: Autobee
  /** A session of each oplog, by its key: kept open, since a core that is opened anew knows nothing of its peers at first. */
  readonly #cores = new Map<string, Hypercore>()
  #closed = false

  constructor(db: Autobee) {
    this.#db = db
  }

  /** @param peer public key of its connection */
  of(peer: Uint8Array | null): { behind: number; holdsOwn: boolean } {
    if (!this.#db.opened || !peer) return { behind: 0, holdsOwn: false }
    let behind = 0
    for (const { key, length } of this.#db.oplogs())
      behind += length - Math.min(length, this.#held(key, peer))
    const { key, length } = this.#db.local
    return { behind, holdsOwn: length > 0 && this.#held(key, peer) >= length }
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#cores.values()].map(core => core.close()))
  }

  /** Blocks from the first on that a peer has of an oplog. */
  #held(key: Uint8Array, peer: Uint8Array): number {
    const core = this.#coreOf(key)
    const lengths = (core?.peers ?? [])
      .filter(({ remotePublicKey }) => b4a.equals(remotePublicKey, peer))
      .map(({ remoteContiguousLength }) => remoteContiguousLength)
    return Math.max(0, ...lengths)
  }

  #coreOf(key: Uint8Array): Hypercore | null {
    const id = hexOf(key)
    const known = this.#cores.get(id)
    if (known || this.#closed) return known?.opened ? known : null
    const core = this.#db.store.get({ key, active: false, writable: false })
    this.#cores.set(id, core)
    core.ready().catch(error => console.warn('an oplog could not be looked at', error))
    return null
  }
}
