import b4a from 'b4a'
import c from 'compact-encoding'
import Hypercore from 'hypercore'
import { encode } from 'hypercore-id-encoding'
import type { Peer } from '../../../adapters/transport/websocket.ts'

const PROTOCOL = 'autobee-board/who/1'

export function hexOf(key: Uint8Array): string {
  return b4a.toString(key, 'hex')
}

/**
 * Which writers the peers are: each says it on its connection, by which nobody is let in to anything. A peer that lies about it
 * has another's name beside its connection, no more.
 */
export class Names {
  readonly #own: () => Uint8Array
  readonly #onname: () => void
  readonly #writers = new WeakMap<object, string>()

  constructor(own: () => Uint8Array, onname: () => void) {
    this.#own = own
    this.#onname = onname
  }

  ask({ stream }: Peer): void {
    const channel = Hypercore.getProtocolMuxer(stream).createChannel<Uint8Array>({
      protocol: PROTOCOL,
      handshake: c.fixed32 as never,
      onopen: key => {
        this.#writers.set(stream, encode(key))
        this.#onname()
      }
    })
    channel?.open(this.#own())
  }

  /** z-base-32, or null. */
  of({ stream }: Peer): string | null {
    return this.#writers.get(stream) ?? null
  }
}
